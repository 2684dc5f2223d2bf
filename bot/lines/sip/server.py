"""SIP calls to and from us on one UDP port; those that come are handed to whoever answers calls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.lines.dialling import Rung
from bot.lines.line import CallFacts
from bot.lines.sip import sdp
from bot.lines.sip.call import KNOWN, SDP, Answer, IncomingCall, SipCall, warning
from bot.lines.sip.endpoint import Address, Endpoint
from bot.lines.sip.facts import facts_of
from bot.lines.sip.gateway import Account, Gateway
from bot.lines.sip.message import ALLOW, Message, parameter, part_of
from bot.lines.sip.queue import Queue
from bot.lines.sip.ringing import Ringer
from bot.lines.sip.screening import refusal

log = logging.getLogger(__name__)

#: calls of one host that it has not acknowledged, beyond as many as are up; the next wait for them
_MOST_UNACKNOWLEDGED = 3
#: whoever finds all lines taken tries again after so long (s)
_AGAIN_S = "30"


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
        busy: Callable[[CallFacts], bool] = lambda facts: False,
        room: Callable[[], bool] = lambda: True,
        gateway: Gateway | None = None,
        account: Account | None = None,
    ) -> None:
        """`most` calls to us at the same time; `busy(facts)`: whether this caller gets the busy tone; `room()`: whether
        one more is taken at all; `gateway`: our trunk; `account`: who we are to exchanges that call us without being it."""
        self.host, self._answer, self._most, self._busy, self._room = host, answer, most, busy, room
        self.endpoint = Endpoint(host, port, self._request, allowed, public=public)
        self.calls: dict[str, SipCall] = {}
        self.gateway, self._account = gateway, account or Account()
        if gateway is not None:
            self.endpoint.known_as[gateway.address[0]] = gateway.name
        self._ringer = Ringer(self)
        #: told when our trunk says that it does not know us
        self.on_unknown: Callable[[], None] = lambda: None
        self._ringer.on_unknown = lambda: self.on_unknown()
        self._running: set[asyncio.Task[object]] = set()
        self._stopping = False
        self._waiting = Queue(self.work, self._crowded, self._invite, self._turn_away)
        #: why calls were refused for their description, as the operator was told already
        self._told: set[int] = set()

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

    async def ring(self, number: str, within_s: float, gateway: Gateway, caller: str = "") -> Rung[SipCall]:
        """Ring a number through a gateway, for this caller."""
        return await self._ringer.ring(number, within_s, gateway, caller)

    def through(self, peer: Address) -> Gateway:
        """Who connects calls at this address: our trunk, or an exchange that called us."""
        if self.gateway is not None and peer[0] == self.gateway.address[0]:
            return self.gateway
        return self._account.at(peer)

    def call_of(self, line: object) -> SipCall | None:
        """The call that a line belongs to."""
        return next((call for call in self.calls.values() if call.line is line), None)

    @property
    def _incoming(self) -> list[IncomingCall]:
        """Calls to us at this moment."""
        return [call for call in self.calls.values() if isinstance(call, IncomingCall)]

    @property
    def answered(self) -> int:
        """How many calls to us there are at this moment."""
        return len(self._incoming)

    @property
    def _dialled(self) -> set[str]:
        """Numbers of ours: those that callers of this moment dialled."""
        return {call.facts.dialled for call in self._incoming} - {""}

    def _facts(self, invite: Message, source: Address) -> CallFacts:
        return facts_of(invite, self.endpoint.known_as.get(source[0], ""))

    def _circles(self, facts: CallFacts) -> bool:
        return self._busy(facts) or self._ringer.circles(facts, self._dialled)

    def work(self, coroutine: Awaitable[object]) -> None:
        """Run something beside the calls, until it ends or we stop."""
        task = asyncio.ensure_future(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _request(self, request: Message, source: Address) -> None:
        refused = refusal(request, self.calls)
        if refused is not None:
            self.endpoint.refused[str(refused[0])] += 1
            self.endpoint.reply(request, refused[0], source, headers=refused[1])
            return
        call = self.calls.get(request.call_id)
        known = call is not None and call.dialog.knows(request)
        if call is not None and known:
            call.handle(request, source)
        elif request.method == "ACK":
            return
        elif request.method == "CANCEL" and request.call_id in self._waiting:
            self.endpoint.reply(request, 200, source)
            self.endpoint.reply(self._waiting.leave(request.call_id), 487, source)
        elif request.method == "CANCEL":
            # Calls are answered at once: what is cancelled has its 200 already, and a BYE follows.
            self.endpoint.reply(request, 200 if call is not None else 481, source)
        elif parameter(request.get("to"), "tag"):
            self.endpoint.reply(request, 481, source)
        elif request.method == "OPTIONS":
            code = 503 if self._stopping else 200
            self.endpoint.reply(request, code, source, headers=[("allow", ALLOW), ("accept", SDP)])
        elif request.method == "INVITE":
            self._invite(request, source)
        else:
            self.endpoint.reply(request, 481 if request.method in KNOWN else 501, source, headers=[("allow", ALLOW)])

    def _invite(self, invite: Message, source: Address) -> None:
        reply, refused = self.endpoint.reply, self.endpoint.refused
        if invite.call_id in self._waiting:
            reply(invite, 100, source)
        elif invite.call_id in self.calls:
            reply(invite, 482, source)
        elif self._stopping:
            refused["stopping"] += 1
            reply(invite, 503, source, headers=[("retry-after", "60")])
        elif self._circles(self._facts(invite, source)):
            refused["busy"] += 1
            reply(invite, 486, source)
        elif self.answered >= self._most or not self._room():
            refused["busy"] += 1
            reply(invite, 486, source, headers=[("retry-after", _AGAIN_S)])
        elif self._crowded(source[0]):
            self._wait(invite, source)
        else:
            self._take(invite, source)

    def _take(self, invite: Message, source: Address) -> None:
        reply, refused = self.endpoint.reply, self.endpoint.refused
        described = part_of(invite, SDP)
        try:
            call = IncomingCall(
                self, invite, source, sdp.read(described) if described else None, self._facts(invite, source)
            )
        except sdp.NotAcceptable as problem:
            refused["codec"] += 1
            if problem.warning not in self._told:
                self._told.add(problem.warning)
                log.warning("CALLS ARE REFUSED (488): %s; set this at the exchange or telephone that calls us", problem)
            reply(invite, 488, source, headers=[warning(problem)])
            return
        except OSError:
            log.exception("no port for the sound of a call")
            refused["port"] += 1
            reply(invite, 503, source)
            return
        self.calls[invite.call_id] = call
        call.accept(invite, source)
        self.work(call.run(self._answer))

    # ---- who calls and calls and acknowledges nothing -------------------------------------------

    def _crowded(self, host: str) -> bool:
        """This host has as many calls as it may that it has not acknowledged: they cost it nothing, and us lines. Whose
        calls are up has shown that it does acknowledge; a bad line may lose that of a few."""
        if self.gateway is not None and host == self.gateway.address[0]:
            return False
        calls = [call for call in self._incoming if call.dialog.peer[0] == host]
        up = sum(call.begun for call in calls)
        return len(calls) - up >= _MOST_UNACKNOWLEDGED + up

    def _wait(self, invite: Message, source: Address) -> None:
        if self._waiting.join(invite, source):
            self.endpoint.reply(invite, 100, source)
        else:
            self._turn_away(invite, source)

    def _turn_away(self, invite: Message, source: Address) -> None:
        self.endpoint.refused["unacknowledged"] += 1
        self.endpoint.reply(invite, 503, source, headers=[("retry-after", "5")])
