"""The UDP port that SIP comes and goes by: who may speak, floods, what is repeated, answers to our requests."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.lines.allowed import lies_in, networks
from bot.lines.datagrams import that_wait
from bot.lines.sip.dialog import Dialog, new_branch, new_tag
from bot.lines.sip.media import own_address
from bot.lines.sip.message import Malformed, Message, answer_address, host_port, parse, respond
from bot.lines.sip.message import parameter as parameter_of
from bot.lines.sip.transaction import LASTS, Finals, Repeats, key_of

log = logging.getLogger(__name__)

Address = tuple[str, int]
_TICK_S = 0.05
#: messages a second from one address, and from all
_MOST_FROM_ONE, _MOST = 300, 2000
_MOST_ACKS = 2000
#: final responses to INVITEs that wait for their ACK, of all and of one address; beyond that a refusal is sent once
_MOST_UNACKNOWLEDGED, _MOST_OF_ONE = 1000, 50
#: Call-ID, number and To-tag of the final response
_AckKey = tuple[str, int, str]


@dataclass
class _Asked:
    """A request of ours that waits for its final response."""

    request: Message
    data: bytes
    where: Address
    repeats: Repeats
    invite: bool
    final: asyncio.Future[Message | None]
    on_response: Callable[[Message], None] | None = None
    proceeding: bool = False


@dataclass
class _Unacknowledged:
    """A final response to an INVITE, sent until its ACK comes."""

    data: bytes
    where: Address
    repeats: Repeats
    given_up: Callable[[], None] | None


class Endpoint(asyncio.DatagramProtocol):
    """One UDP port. `on_request(request, source)` gets each new request once; ACKs as well."""

    def __init__(
        self,
        host: str,
        port: int,
        on_request: Callable[[Message, Address], None],
        allowed: Sequence[str],
        *,
        public: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`public`: the address that peers reach us at, when it is not the one of the interface."""
        self._host, self._wanted_port, self._public = host, port, public
        self._on_request, self._clock = on_request, clock
        self._allowed = networks(allowed)
        #: single addresses that may speak as well (the trunk's)
        self.also_allowed: set[str] = set()
        #: by peer's host: the name in our Contact, which it rings us by (a trunk: the number that it gave us)
        self.known_as: dict[str, str] = {}
        self._finals = Finals()
        self._asked: dict[tuple[str, str], _Asked] = {}
        self._unacknowledged: dict[_AckKey, _Unacknowledged] = {}
        self._acknowledged: OrderedDict[_AckKey, tuple[float, bytes, Address]] = OrderedDict()
        self._transport: asyncio.DatagramTransport | None = None
        self._socket: socket.socket | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._second, self._counted = 0, Counter[str]()
        #: datagrams that were not taken, by reason
        self.refused: Counter[str] = Counter()
        #: share of datagrams that is lost on purpose, by tests
        self.deaf: Callable[[], bool] = lambda: False

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=(self._host, self._wanted_port)
        )
        self._socket = self._transport.get_extra_info("socket").dup()
        self._ticking = asyncio.create_task(self._tick())

    async def close(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        for asked in self._asked.values():
            if not asked.final.done():
                asked.final.set_result(None)
        if self._transport is not None:
            self._transport.close()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def address(self, peer: str) -> str:
        """What we call ourselves towards a peer."""
        return self._public or own_address(self._host, peer)

    def host_port(self, peer: str) -> str:
        return host_port(self.address(peer), self.port)

    def contact(self, peer: str) -> str:
        return f"<sip:{self.known_as.get(peer, 'gege')}@{self.host_port(peer)}>"

    def via(self, peer: str, branch: str = "") -> str:
        return f"SIP/2.0/UDP {self.host_port(peer)};branch={branch or new_branch()};rport"

    def permits(self, host: str) -> bool:
        """Whether this address may speak to us."""
        return host in self.also_allowed or lies_in(host, self._allowed)

    def where(self, dialog: Dialog) -> Address:
        """Where a request of this dialog goes: as it is routed, unless that is an address behind a NAT."""
        host, port = dialog.next_hop
        try:
            return (host, port) if host == dialog.peer[0] or self.permits(host) else dialog.peer
        except ValueError:
            return dialog.peer  # a name: the peer that we talk to knows the way

    # ---- in ---------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._datagram(data, (addr[0], addr[1]))
        if self._socket is not None:
            for more, source in that_wait(self._socket):
                self._datagram(more, source)

    def _datagram(self, data: bytes, source: Address) -> None:
        if not self._taken(source[0]) or self.deaf():
            return
        if not data.strip(b"\r\n\x00"):
            # CRLF twice asks whether we live.
            if data.startswith(b"\r\n\r\n"):
                self.send(b"\r\n", source)
            return
        try:
            message = parse(data)
            if message.code:
                self._response(message, source)
            else:
                self._request(message, source)
        except Malformed:
            self.refused["malformed"] += 1
        except Exception:
            # A message that we cannot digest must not end the port for everybody.
            self.refused["fault"] += 1
            log.exception("a SIP message could not be handled")

    def error_received(self, exc: Exception) -> None:
        """ICMP: nobody is there; the timers will tell."""

    def _taken(self, host: str) -> bool:
        if not self.permits(host):
            self.refused["stranger"] += 1
            return False
        second = int(self._clock())
        if second != self._second:
            self._second, self._counted = second, Counter()
        self._counted[host] += 1
        self._counted[""] += 1
        if self._counted[host] > _MOST_FROM_ONE or self._counted[""] > _MOST:
            self.refused["flood"] += 1
            return False
        return True

    def _request(self, request: Message, source: Address) -> None:
        if request.method == "ACK":
            self._unacknowledged.pop(_ack_key(request), None)
            self._on_request(request, source)
            return
        before = self._finals.find(key_of(request), self._clock())
        if before is not None:
            self.send(before, answer_address(request, source))
            return
        self._on_request(request, source)

    def _response(self, response: Message, source: Address) -> None:
        asked = self._asked.get((response.branch, response.cseq[1]))
        invite = response.cseq[1] == "INVITE"
        if invite and response.code >= 200 and self._acknowledge_again(response):
            return
        if asked is None or asked.final.done():
            if invite and 200 <= response.code < 300:
                self.on_stray_answer(response, source)
            return
        if asked.on_response:
            asked.on_response(response)
        if response.code < 200:
            asked.proceeding = True
            return
        if invite and response.code >= 300:
            self.acknowledge(response, _ack_of_failure(asked.request, response), asked.where)
        asked.final.set_result(response)

    #: an INVITE of ours was answered that nobody waits for any more
    on_stray_answer: Callable[[Message, Address], None] = staticmethod(lambda response, source: None)

    def acknowledge(self, response: Message, ack: Message, where: Address) -> None:
        """Send the ACK to a final response, and again whenever that comes again."""
        data = ack.encode()
        while len(self._acknowledged) >= _MOST_ACKS:
            self._acknowledged.popitem(last=False)
        self._acknowledged[_ack_key(response)] = (self._clock(), data, where)
        self.send(data, where)

    def _acknowledge_again(self, response: Message) -> bool:
        known = self._acknowledged.get(_ack_key(response))
        if known is None or self._clock() - known[0] > LASTS:
            return False
        self.send(known[1], known[2])
        return True

    # ---- out --------------------------------------------------------------------------------

    def send(self, data: bytes, where: Address) -> None:
        if self._transport is not None and not self._transport.is_closing() and not self.deaf():
            self._transport.sendto(data, where)

    def reply(
        self,
        request: Message,
        code: int,
        source: Address,
        *,
        tag: str = "",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        given_up: Callable[[], None] | None = None,
    ) -> None:
        """Answer; a final answer is kept for repetitions, that to an INVITE is repeated until the ACK."""
        tag = parameter_of(request.get("to"), "tag") or tag or new_tag()
        response = respond(request, code, source, tag=tag if code > 100 else "", headers=headers, body=body)
        data, where = response.encode(), answer_address(request, source)
        self.send(data, where)
        if code < 200:
            return
        now = self._clock()
        self._finals.keep(key_of(request), data, now)
        if request.method == "INVITE" and (code < 300 or self._repeats(where[0])):
            self._unacknowledged[_ack_key(response)] = _Unacknowledged(data, where, Repeats(now), given_up)

    def _repeats(self, host: str) -> bool:
        """Whether a refusal to this host is sent again until its ACK comes: who never sends any is not written to."""
        waiting = self._unacknowledged.values()
        return len(waiting) < _MOST_UNACKNOWLEDGED and sum(each.where[0] == host for each in waiting) < _MOST_OF_ONE

    async def ask(
        self, request: Message, where: Address, on_response: Callable[[Message], None] | None = None
    ) -> Message | None:
        """Send a request until it is answered; its final response, None when none came in 32 s.

        `on_response` is told of every response before another message is looked at: a 200 makes a dialog, and requests
        within it may be on its heels."""
        final: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()
        asked = _Asked(
            request, request.encode(), where, Repeats(self._clock()), request.method == "INVITE", final, on_response
        )
        key = (request.branch, request.method)
        self._asked[key] = asked
        self.send(asked.data, where)
        try:
            return await final
        finally:
            self._asked.pop(key, None)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            now = self._clock()
            for asked in list(self._asked.values()):
                if asked.final.done() or (asked.invite and asked.proceeding):
                    continue
                if asked.repeats.over(now):
                    asked.final.set_result(None)
                elif asked.repeats.due(now):
                    self.send(asked.data, asked.where)
            for key, waiting in list(self._unacknowledged.items()):
                if waiting.repeats.over(now):
                    del self._unacknowledged[key]
                    if waiting.given_up:
                        waiting.given_up()
                elif waiting.repeats.due(now):
                    self.send(waiting.data, waiting.where)
            self._finals.forget(now)


def _ack_key(message: Message) -> _AckKey:
    """The same of a final response and of its ACK."""
    return (message.call_id, message.cseq[0], parameter_of(message.get("to"), "tag"))


def _ack_of_failure(invite: Message, response: Message) -> Message:
    """The ACK to 300 and above belongs to the INVITE's own transaction (RFC 3261, 17.1.1.3)."""
    copied = [
        (name, value) for name, value in invite.headers if name in ("via", "max-forwards", "route", "from", "call-id")
    ]
    number = invite.cseq[0]
    headers = [*copied, ("to", response.get("to")), ("cseq", f"{number} ACK"), ("user-agent", "Gege")]
    return Message(method="ACK", uri=invite.uri, headers=headers)


__all__ = ["LASTS", "Address", "Endpoint"]
