"""One SIP call, either way: what its peer asks within it, its sound, putting it through, its end."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from bot.lines.line import CallFacts, Pressed
from bot.lines.sip import sdp
from bot.lines.sip.dialog import Dialog, new_tag
from bot.lines.sip.endpoint import LASTS, Address, Endpoint
from bot.lines.sip.gateway import Gateway, proven
from bot.lines.sip.media import SipLine, bind
from bot.lines.sip.message import ALLOW, Message, host_port, parameter, part_of
from bot.lines.sip.session_timer import SessionTimer
from bot.lines.sip.source import Source
from bot.lines.sip.watch import Watch

log = logging.getLogger(__name__)

Answer = Callable[[SipLine, CallFacts], Awaitable[None]]
SDP = "application/sdp"
KNOWN = {name.strip() for name in ALLOW.split(",")}
#: what a dial plan could ring
NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
#: an offer without a description: until the ACK there is nowhere to send to
NOWHERE = sdp.Media("0.0.0.0", 0, 8, 101)
_REFERRED_S = 60.0
#: the peer connects two of its own calls: that is done at once, or not at all (s)
_CONNECTED_S = 10.0
_OURS = -1


@dataclass(frozen=True)
class Referred:
    """What came of a REFER: `known` is false when the peer does not do it (nobody was rung), and `status` its refusal;
    else the final status of the number, 0 when the peer left without telling."""

    known: bool
    status: int


class Home(Protocol):
    """What a call needs of its server."""

    host: str
    endpoint: Endpoint
    calls: dict[str, SipCall]

    def through(self, peer: Address, /) -> Gateway:
        """Who we are to this peer."""

    def work(self, coroutine: Awaitable[object], /) -> None:
        """Run something beside the calls."""


class SipCall:
    """A call that is up; `dialog` says with whom."""

    def __init__(self, home: Home, media: sdp.Media, peer: str, *, offered: bool) -> None:
        """`offered`: the peer's description came first. Raises OSError without a port for the sound."""
        self._home, self._endpoint = home, home.endpoint
        self.dialog = Dialog("", "", "", "")
        #: we called
        self.ours = False
        self._number, self._version, self._offered = secrets.randbits(31), 1, offered
        self._host = self._endpoint.address(peer)
        source = Source(peer, self._endpoint.permits, time.monotonic())
        self.line = SipLine(media, bind(home.host), self.end, self.hang_up, source, on_first=self.begin)
        self.timer = SessionTimer()
        #: CSeq of the peer's INVITE whose ACK is to answer our offer; _OURS while our own INVITE waits; else None
        self._offering: int | None = None
        self.over = False
        self._begun = asyncio.Event()
        #: final status of the number that the peer was referred to
        self._referred: asyncio.Future[int] | None = None
        #: the peer has taken a REFER: it may have moved its caller out of this call
        self.moved = False
        #: what the peer says that it can: option tags of Supported, methods of Allow
        self.can: frozenset[str] = frozenset()

    def description(self) -> bytes:
        media = self.line.media
        if self._offered:
            return sdp.write(self._host, self.line.port, self._number, self._version, media)
        return sdp.write(self._host, self.line.port, self._number, self._version, within=media)

    @property
    def begun(self) -> bool:
        """Both ends know that the call is up."""
        return self._begun.is_set()

    def begin(self) -> None:
        """The caller has heard that we took the call (ACK, or his sound)."""
        if not self._begun.is_set():
            self._begun.set()
            self.line.begin()
            self._home.work(Watch(self).run())

    # ---- what the peer asks ---------------------------------------------------------------------

    def accept(self, request: Message, source: Address) -> None:
        """Answer an INVITE or UPDATE with our description: an answer to the peer's, or an offer."""
        self._offered = part_of(request, SDP) is not None
        self._offering = None if self._offered else request.cseq[0]
        headers = [("contact", self._endpoint.contact(source[0])), ("allow", ALLOW), ("supported", "timer")]
        headers += self.timer.asked(request, time.monotonic())
        self._endpoint.reply(
            request, 200, source, tag=self.dialog.tags[0], headers=[*headers, ("content-type", SDP)],
            body=self.description(), given_up=lambda: self.end("no ACK"),
        )  # fmt: skip

    def handle(self, request: Message, source: Address) -> None:
        """A request within the call."""
        reply = self._endpoint.reply
        number, method = request.cseq
        if method == "ACK":
            self._acknowledged(request)
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
            self._reoffered(request, source)
        elif method == "INFO":
            reply(request, 200, source)
            self._info(request)
        elif method == "NOTIFY":
            reply(request, 200, source)
            self._told(request)
        elif method == "REFER":
            reply(request, 603, source)
        elif method == "PRACK":
            reply(request, 481, source)  # nothing of ours was reliable (RFC 3262, 3)
        else:
            reply(request, 200 if method in KNOWN else 501, source, headers=[("allow", ALLOW)])

    def _told(self, notify: Message) -> None:
        """How the number is doing that the peer was referred to.

        A peer that tells no more (terminated) without a final status has given up, unless it says that it merely keeps
        no account ("noresource"): such a one hangs up on us when the two are connected."""
        if self._referred is None or self._referred.done():
            return
        status = re.match(rb"SIP/2\.0 ([2-6]\d\d)", notify.body.strip())
        state = notify.get("subscription-state").lower()
        if status:
            self._referred.set_result(int(status[1]))
        elif state.startswith("terminated") and parameter(state, "reason") not in ("", "noresource"):
            self._referred.set_result(408)

    def _acknowledged(self, ack: Message) -> None:
        if ack.cseq[0] == self._offering:
            self._offering = None
            if not self.take(ack) and self.line.media is NOWHERE:
                self.end("the ACK brought no description")
                return
        self.begin()

    def _reoffered(self, request: Message, source: Address) -> None:
        described = part_of(request, SDP)
        if self._offering is not None and (described is not None or request.method == "INVITE"):
            self._endpoint.reply(request, 491, source)
            return
        self.dialog.refresh(request)
        if described is not None:
            try:
                self._take(described)
            except sdp.NotAcceptable as problem:
                self._endpoint.reply(request, 488, source, headers=[warning(problem)])
                return
        self._version += 1
        if request.method == "INVITE" or described is not None:
            self.accept(request, source)
        else:
            headers = [("contact", self._endpoint.contact(source[0])), ("supported", "timer")]
            headers += self.timer.asked(request, time.monotonic())
            self._endpoint.reply(request, 200, source, headers=headers)

    def take(self, message: Message) -> bool:
        """The peer's description, if there is one that we can speak."""
        described = part_of(message, SDP)
        if described is None:
            return False
        try:
            self._take(described)
        except sdp.NotAcceptable:
            return False
        return True

    def _take(self, described: bytes) -> None:
        self.line.move(sdp.read(described))
        self._offered = True

    def _info(self, request: Message) -> None:
        text = request.body.decode("utf-8", "replace")
        found = re.search(r"Signal\s*=\s*([0-9A-D*#])", text, re.I)
        if found is None and request.get("content-type").lower().startswith("application/dtmf"):
            found = re.match(r"\s*([0-9A-D*#])\s*$", text, re.I)
        if found:
            self.line.pressed(Pressed(found[1].upper()))

    # ---- what we ask ----------------------------------------------------------------------------

    async def refer(self, number: str, within_s: float = _REFERRED_S) -> Referred:
        """Ask the peer to ring `number` instead of us (RFC 3515).

        202 and no word within the time is 408; 0 when the peer left without telling: the caller may have been put
        through, or have hung up. Some peers keep us until we hang up, so that who was not reached can be told."""
        if self.over or not NUMBER.fullmatch(number):
            return Referred(True, 603)
        return await self._refer(f"<sip:{number}@{host_port(*self.dialog.peer)}>", within_s)

    async def connect(self, other: SipCall, within_s: float = _CONNECTED_S) -> Referred:
        """Ask the peer, whose call `other` is as well, to connect the two without us (REFER with Replaces: RFC 3891,
        RFC 5589 section 7.3). Until it has, both go on as they are."""
        if self.over or other.over:
            return Referred(False, 481)
        return await self._refer(other.dialog.replacing, within_s)

    @property
    def connects(self) -> bool:
        """Whether the peer says that it could do that. One that does not know Replaces would ring a number anew."""
        return {"replaces", "REFER"} <= self.can

    def noted(self, message: Message) -> None:
        """What the peer's INVITE, or its 200, says that it can."""
        said = (part for name in ("supported", "allow") for value in message.all(name) for part in value.split(","))
        self.can = frozenset(part.strip() for part in said)

    async def _refer(self, refer_to: str, within_s: float) -> Referred:
        self._referred = asyncio.get_running_loop().create_future()
        request = self._request("REFER")
        host = self.dialog.peer[0]
        request.headers += [
            ("contact", self._endpoint.contact(host)), ("refer-to", refer_to),
            ("referred-by", self._endpoint.contact(host)),
        ]  # fmt: skip
        try:
            answered = await self._ask(request)
            if answered is None or answered.code >= 300:
                return Referred(False, answered.code if answered else 408)
            self.moved = True
            return Referred(True, await asyncio.wait_for(self._referred, within_s))
        except TimeoutError:
            return Referred(True, 408)
        finally:
            self._referred = None

    async def refresh(self) -> Message | None:
        """Ask for what is agreed already: UPDATE where the peer takes it, else INVITE; None when nobody answered."""
        if self.timer.by_update:
            request = self._request("UPDATE")
        else:
            self._version += 1
            request = self._request("INVITE")
            request.body = sdp.write(self._host, self.line.port, self._number, self._version, self.line.media)
            request.headers.append(("content-type", SDP))
        request.headers += [("contact", self._endpoint.contact(self.dialog.peer[0])), ("allow", ALLOW)]
        request.headers += self.timer.headers()
        self._offering = _OURS if request.method == "INVITE" else None
        try:
            async with asyncio.timeout(LASTS):
                answer = await self._ask(request)
        except TimeoutError:
            answer = None
        finally:
            self._offering = None
        if request.method == "INVITE" and answer is not None and answer.code < 300:
            ack = self.dialog.request("ACK", self._endpoint.via(self.dialog.peer[0]), cseq=answer.cseq[0])
            self._endpoint.acknowledge(answer, ack, self._endpoint.where(self.dialog))
            self.take(answer)
        return answer

    async def _ask(self, request: Message) -> Message | None:
        """The final response; the peer may ask who we are first."""
        answer = await self._endpoint.ask(request, self._endpoint.where(self.dialog))
        if answer is None or answer.code not in (401, 407):
            return answer
        peer = self.dialog.peer
        again = proven(
            request, answer, self._home.through(peer), self._endpoint.via(peer[0]), number=self.dialog.own_cseq + 1
        )
        if again is None:
            return answer
        self.dialog.own_cseq += 1
        return await self._endpoint.ask(again, self._endpoint.where(self.dialog))

    def _request(self, method: str) -> Message:
        return self.dialog.request(method, self._endpoint.via(self.dialog.peer[0]))

    # ---- its end --------------------------------------------------------------------------------

    def close(self) -> None:
        """It is over; nobody is told."""
        if self.over:
            return
        self.over = True
        self.line.close()
        if self._referred is not None and not self._referred.done():
            self._referred.set_result(0)
        self._home.calls.pop(self.dialog.call_id, None)
        self._begun.set()

    def end(self, reason: str) -> None:
        """Tell the peer that it is over."""
        if not self.over:
            log.info("SIP call ends: %s", reason)
            self.close()
            if self.dialog.call_id:
                self._home.work(self._ask(self._request("BYE")))

    async def hang_up(self) -> None:
        self.end("hung up")


def warning(problem: sdp.NotAcceptable) -> tuple[str, str]:
    """What a 488 says of its reason (RFC 3261, 20.43)."""
    return "warning", f'{problem.warning} Gege "{problem}"'


class IncomingCall(SipCall):
    """A call to us, from its INVITE on."""

    def __init__(self, home: Home, invite: Message, source: Address, media: sdp.Media | None, facts: CallFacts) -> None:
        super().__init__(home, media or NOWHERE, source[0], offered=media is not None)
        self.dialog = Dialog.answering(invite, new_tag(), source)
        self.facts = facts
        self.noted(invite)

    async def run(self, answer: Answer) -> None:
        """Let `answer` talk until it is over."""
        try:
            await self.line.start()
            await self._begun.wait()
            if not self.over:
                await answer(self.line, self.facts)
        except Exception:
            log.exception("a SIP call ended by a fault")
        finally:
            await self.hang_up()
