"""SIP calls to us: INVITE to BYE, each handed to whoever answers calls."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence

from bot.voice.line import CallFacts, Pressed
from bot.voice.sip import sdp
from bot.voice.sip.dialog import Dialog, new_tag
from bot.voice.sip.endpoint import Address, Endpoint
from bot.voice.sip.facts import facts_of
from bot.voice.sip.media import SipLine, bind
from bot.voice.sip.message import ALLOW, Message, parameter, part_of

log = logging.getLogger(__name__)

Answer = Callable[[SipLine, CallFacts], Awaitable[None]]
_SDP = "application/sdp"
_KNOWN = {name.strip() for name in ALLOW.split(",")}


class SipCall:
    """One call to us, from its INVITE to its end."""

    def __init__(self, server: SipServer, invite: Message, source: Address, media: sdp.Media, offered: bool) -> None:
        self._server, self._endpoint = server, server.endpoint
        self.dialog = Dialog.answering(invite, new_tag(), source)
        self.facts = facts_of(invite)
        self._number, self._version, self._offered = secrets.randbits(31), 1, offered
        self._host = self._endpoint.address(source[0])
        self.line = SipLine(
            media, bind(server.host), self.end, self.hang_up, self.transfer,
            trusted=self._endpoint.permits, on_first=self.begin,
        )  # fmt: skip
        self.over = False
        self._begun = asyncio.Event()
        self._transferred: asyncio.Future[bool] | None = None

    def description(self) -> bytes:
        answer_to = self.line.media if self._offered else None
        return sdp.write(self._host, self.line.port, self._number, self._version, answer_to)

    def begin(self) -> None:
        """The caller has heard that we took the call (ACK, or his sound)."""
        self._begun.set()

    async def run(self, answer: Answer) -> None:
        try:
            await self.line.start()
            await self._begun.wait()
            if not self.over:
                await answer(self.line, self.facts)
        except Exception:
            log.exception("a SIP call ended by a fault")
        finally:
            await self.hang_up()

    def accept(self, request: Message, source: Address) -> None:
        headers = [("contact", self._endpoint.contact(source[0])), ("allow", ALLOW), ("content-type", _SDP)]
        self._endpoint.reply(
            request, 200, source, tag=self.dialog.tags[0], headers=headers, body=self.description(),
            given_up=lambda: self.end("no ACK"),
        )  # fmt: skip

    def handle(self, request: Message, source: Address) -> None:
        """A request within the call."""
        reply = self._endpoint.reply
        number, method = request.cseq
        if method == "ACK":
            self._take(request)
            self.begin()
            return
        if number <= self.dialog.their_cseq:
            reply(request, 500, source)
            return
        self.dialog.their_cseq = number
        self.dialog.peer = source
        if method == "BYE":
            reply(request, 200, source)
            self.close()
        elif method in ("INVITE", "UPDATE"):
            self.dialog.refresh(request)
            described = part_of(request, _SDP)
            if described is not None and not self._take(request):
                reply(request, 488, source)
                return
            self._version += 1
            if method == "INVITE" or described is not None:
                self.accept(request, source)
            else:
                reply(request, 200, source, headers=[("contact", self._endpoint.contact(source[0]))])
        elif method == "INFO":
            reply(request, 200, source)
            self._info(request)
        elif method == "NOTIFY":
            reply(request, 200, source)
            status = re.match(rb"SIP/2\.0 ([2-6]\d\d)", request.body.strip())
            if status and self._transferred and not self._transferred.done():
                self._transferred.set_result(status[1].startswith(b"2"))
        elif method == "REFER":
            reply(request, 603, source)
        else:
            reply(request, 200 if method in _KNOWN else 501, source, headers=[("allow", ALLOW)])

    def _take(self, message: Message) -> bool:
        described = part_of(message, _SDP)
        if described is None:
            return False
        try:
            self.line.move(sdp.read(described))
        except sdp.NotAcceptable:
            return False
        self._offered = True
        return True

    def _info(self, request: Message) -> None:
        text = request.body.decode("utf-8", "replace")
        found = re.search(r"Signal\s*=\s*([0-9A-D*#])", text, re.I)
        if found is None and request.get("content-type").lower().startswith("application/dtmf"):
            found = re.match(r"\s*([0-9A-D*#])\s*$", text, re.I)
        if found:
            self.line.pressed(Pressed(found[1].upper()))

    async def transfer(self, number: str) -> bool:
        """REFER the caller to a number; whether it answered within a minute."""
        if self.over or not re.fullmatch(r"\+?[0-9*#]{1,32}", number):
            return False
        self._transferred = asyncio.get_running_loop().create_future()
        host = self.dialog.peer[0]
        request = self._request("REFER")
        request.headers += [
            ("contact", self._endpoint.contact(host)), ("refer-to", f"<sip:{number}@{self._peer()}>"),
        ]  # fmt: skip
        answered = await self._endpoint.ask(request, self._endpoint.where(self.dialog))
        if answered is None or answered.code >= 300:
            return False
        try:
            return await asyncio.wait_for(self._transferred, 60.0)
        except TimeoutError:
            return False

    def _peer(self) -> str:
        host, port = self.dialog.peer
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def _request(self, method: str) -> Message:
        return self.dialog.request(method, self._endpoint.via(self.dialog.peer[0]))

    def close(self) -> None:
        """It is over; nobody is told."""
        if self.over:
            return
        self.over = True
        self.line.close()
        if self._transferred is not None and not self._transferred.done():
            self._transferred.set_result(True)  # the peer left to the number that we named
        self._server.calls.pop(self.dialog.call_id, None)
        self._begun.set()

    def end(self, reason: str) -> None:
        """Tell the peer that it is over."""
        if not self.over:
            log.info("SIP call %s ends: %s", self.facts.call_id, reason)
            self.close()
            self._server.work(self._endpoint.ask(self._request("BYE"), self._endpoint.where(self.dialog)))

    async def hang_up(self) -> None:
        self.end("hung up")


class SipServer:
    """Takes calls on one UDP port; `answer(line, facts)` runs each."""

    def __init__(
        self,
        host: str,
        port: int,
        answer: Answer,
        *,
        allowed: Sequence[str] = ("127.0.0.0/8", "::1/128"),
        most: int = 30,
        public: str = "",
    ) -> None:
        self.host, self._answer, self._most = host, answer, most
        self.endpoint = Endpoint(host, port, self._request, allowed, public=public)
        self.calls: dict[str, SipCall] = {}
        self._running: set[asyncio.Task[object]] = set()
        self._stopping = False

    @property
    def port(self) -> int:
        return self.endpoint.port

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        await self.endpoint.start()

    def stop_listening(self) -> None:
        """New calls get 503; those that are open go on."""
        self._stopping = True

    async def close(self) -> None:
        """End the calls that are open; their peers are told, once more if that is lost."""
        self.stop_listening()
        for call in list(self.calls.values()):
            call.end("Gege stops")
        if self._running:
            await asyncio.wait(self._running, timeout=2.0)
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.endpoint.close()

    def work(self, coroutine: Awaitable[object]) -> None:
        """Run something beside the calls, until it ends or we stop."""
        task = asyncio.ensure_future(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _request(self, request: Message, source: Address) -> None:
        call = self.calls.get(request.call_id)
        known = call is not None and call.dialog.knows(request)
        if call is not None and known:
            call.handle(request, source)
        elif request.method == "ACK":
            return
        elif request.method == "CANCEL":
            # Calls are answered at once: what is cancelled has its 200 already, and a BYE follows.
            self.endpoint.reply(request, 200 if call is not None else 481, source)
        elif parameter(request.get("to"), "tag"):
            self.endpoint.reply(request, 481, source)
        elif request.method == "OPTIONS":
            code = 503 if self._stopping else 200
            self.endpoint.reply(request, code, source, headers=[("allow", ALLOW), ("accept", _SDP)])
        elif request.method == "INVITE":
            self._invite(request, source)
        else:
            self.endpoint.reply(request, 481 if request.method in _KNOWN else 501, source, headers=[("allow", ALLOW)])

    def _invite(self, invite: Message, source: Address) -> None:
        reply = self.endpoint.reply
        if invite.call_id in self.calls:
            reply(invite, 482, source)
            return
        if self._stopping:
            reply(invite, 503, source, headers=[("retry-after", "60")])
            return
        if len(self.calls) >= self._most:
            reply(invite, 486, source)
            return
        described = part_of(invite, _SDP)
        try:
            # Without an offer ours is in the 200; until the ACK there is nowhere to send to.
            media = sdp.read(described) if described else sdp.Media("0.0.0.0", 0, 8, 101)
            call = SipCall(self, invite, source, media, bool(described))
        except sdp.NotAcceptable:
            reply(invite, 488, source)
            return
        except OSError:
            log.exception("no port for the sound of a call")
            reply(invite, 503, source)
            return
        self.calls[invite.call_id] = call
        call.accept(invite, source)
        self.work(call.run(self._answer))
