"""Whole calls by SIP: an exchange whose callers call Gege, whose telephones she rings, and which transfers where asked."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from functools import partial

from bot.bench.exchange.coded import Codebook
from bot.bench.exchange.network import Address, Network, RtpLeg
from bot.bench.exchange.people import Person, bridge
from bot.bench.exchange.phones import BUSY, FORWARDS, NO_ANSWER, REFUSES, Phone, Phones
from bot.bench.exchange.sip import Call, Exchange
from bot.lines.sip import sdp
from bot.lines.sip.message import Message, parse, respond, uri_of

#: a telephone rings for so long (s) before it is taken or refused; who does not answer is given up by the network
_RINGS_S, _GIVEN_UP_S = 0.4, 1.2
_STATUS = {BUSY: 486, FORWARDS: 486, NO_ANSWER: 480, REFUSES: 603}
#: a response is sent again until its ACK came, so often (s)
_AGAIN_S = 0.5


@dataclass
class SipCalling:
    """One caller's call, with the telephones that may be rung for it."""

    caller: Person
    phones: Phones
    number: str
    dialled: str
    network: Network
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    problems: list[str] = field(default_factory=list)
    whispers: list[float] = field(default_factory=list)
    leg: RtpLeg | None = None
    call: Call | None = None
    #: a transfer has taken the caller out of the call to Gege
    moved: bool = False


@dataclass
class _Rung:
    """A telephone that Gege rings."""

    invite: Message
    phone: Phone
    leg: RtpLeg
    calling: SipCalling
    task: asyncio.Task[None] | None = None
    final: bool = False
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)


class SipExchange(Exchange):
    """One exchange for all. `transfers`: it takes no calls from Gege and does REFER instead; `names`: callers name the
    number that they dial in their requests, as a carrier does."""

    patience_s = 12.0

    def __init__(self, network: Network, *, transfers: bool = False, names: bool = False) -> None:
        super().__init__()
        self._network, self._transfers, self._names = network, transfers, names
        #: who may be rung, by number
        self.expected: dict[str, SipCalling] = {}
        self._calling: dict[str, SipCalling] = {}
        self._rung: dict[str, _Rung] = {}
        self._answers: dict[str, bytes] = {}
        self._work: set[asyncio.Task[None]] = set()

    async def play(self, calling: SipCalling) -> None:
        """One call, until the caller's line is down."""
        assert self.gege is not None
        calling.leg = RtpLeg(calling.caller, calling.network)
        await calling.leg.open()
        calling.call = call = self._from(calling, calling.call_id)
        self._calling[calling.call_id] = calling
        try:
            final = await call.invite(sdp.write("127.0.0.1", calling.leg.port, 1, 1))
            if call.media is None:
                calling.problems.append(f"not taken: {final.code}")
                return
            calling.caller.expect("answer")
            calling.leg.start((call.media.host, call.media.port))
            while not calling.caller.over:
                while calling.caller.keys:
                    body = f"Signal={calling.caller.keys.pop(0)}\r\nDuration=160\r\n".encode()
                    await call.ask("INFO", body=body, content_type="application/dtmf-relay")
                await asyncio.sleep(0.02)
            if calling.caller.left.is_set() and not calling.moved:
                await call.ask("BYE")
        except TimeoutError:
            calling.problems.append("Gege does not answer SIP")
        finally:
            calling.caller.down()
            calling.leg.close()

    def _from(self, calling: SipCalling, call_id: str) -> Call:
        line = calling.dialled if self._names else "gege"
        return Call(self, calling.dialled, calling.number, call_id, line)

    def _elsewhere(self) -> SipCalling:
        book = Codebook()
        return SipCalling(Person(book), Phones((), book, ""), "", "", self._network)

    async def close_all(self) -> None:
        """Nothing goes on any more."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self.close()

    # ---- the wire -------------------------------------------------------------------------------

    def put(self, data: bytes) -> None:
        """Over the bad network to Gege."""
        self._network.carry(partial(self.transport.sendto, data, self.gege))

    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = parse(data)
        self._network.carry(partial(self._take, message))

    def _take(self, message: Message) -> None:
        if message.code:
            self.responded(message)
            return
        key = f"{message.branch} {message.method}"
        if message.method != "ACK" and key in self._answers:
            if self._answers[key]:
                self.put(self._answers[key])
            return
        self._answers[key] = b""
        rung, calling = self._rung.get(message.call_id), self._calling.get(message.call_id)
        if message.method == "ACK":
            if rung is not None:
                rung.acknowledged.set()
        elif message.method == "INVITE" and rung is None and calling is None:
            self._later(self._invited(message))
        elif message.method == "BYE" and (who := rung.phone if rung else calling.caller if calling else None):
            self.reply(message, 200)
            if rung or not (calling and calling.moved):
                who.down()
        elif message.method == "CANCEL" and rung is not None:
            self.reply(message, 200)
            self._finish(rung, 487)
        elif message.method == "REFER" and calling is not None:
            self.reply(message, 202 if self._transfers else 603)
            if self._transfers:
                self._later(self._transfer(calling, uri_of(message.get("refer-to"))))
        elif message.method in ("INVITE", "UPDATE") and (leg := rung.leg if rung else calling.leg if calling else None):
            self.reply(message, 200, sound=leg.port)
        else:
            self.reply(message, 200 if rung or calling or message.method in ("OPTIONS", "REGISTER") else 481)

    def reply(self, request: Message, code: int, *, sound: int = 0) -> bytes:
        """Answer, and again when it is asked again; `sound`: the port of our own description."""
        assert self.gege is not None
        headers, body = [("contact", f"<sip:them@{self.host}>")], b""
        if sound:
            headers.append(("content-type", "application/sdp"))
            body = sdp.write("127.0.0.1", sound, 1, 1)
        tag = f"t{request.call_id[:12]}"
        data = respond(request, code, self.gege, tag=tag, headers=headers, body=body).encode()
        self._answers[f"{request.branch} {request.method}"] = data
        self.put(data)
        return data

    def _later(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    # ---- telephones that are rung ---------------------------------------------------------------

    async def _invited(self, invite: Message) -> None:
        if self._transfers:
            self.reply(invite, 403)
            return
        number = uri_of(invite.uri).removeprefix("sip:").partition("@")[0]
        # Whoever serves all grids is at no telephone.
        calling = self.expected.get(number) or self._elsewhere()
        phone = calling.phones.ring(number)
        leg = RtpLeg(phone, calling.network)
        await leg.open()
        rung = self._rung[invite.call_id] = _Rung(invite, phone, leg, calling)
        calling.caller.expect("ringing", 0.5)
        self.reply(invite, 180)
        if phone.does == FORWARDS:
            await self._forwarded(calling, number)
        await asyncio.sleep(_GIVEN_UP_S if phone.does == NO_ANSWER else _RINGS_S)
        if rung.final:
            return
        if phone.does in _STATUS:
            self._finish(rung, _STATUS[phone.does])
            return
        rung.final = True
        media = sdp.read(invite.body)
        answer = self.reply(invite, 200, sound=leg.port)
        before = len(calling.caller.gaps)
        calling.caller.enter("whisper")
        phone.expect("whisper")
        calling.phones.take(phone)
        leg.start((media.host, media.port))
        self._later(self._until_acknowledged(rung, answer))
        await phone.until(lambda: phone.excused, 30.0)  # he has heard the case, and speaks
        calling.caller.enter("connected")
        calling.whispers += [gap.seconds for gap in calling.caller.gaps[before:] if gap.stage == "whisper"]
        await phone.until(lambda: False, 120.0)
        leg.close()
        if phone.left.is_set():
            await self._bye(rung)

    def _finish(self, rung: _Rung, code: int) -> None:
        if not rung.final:
            rung.final = True
            self.reply(rung.invite, code)
            rung.phone.down()
            rung.leg.close()

    async def _until_acknowledged(self, rung: _Rung, answer: bytes) -> None:
        for _ in range(12):
            try:
                await asyncio.wait_for(rung.acknowledged.wait(), _AGAIN_S)
                return
            except TimeoutError:
                self.put(answer)

    async def _bye(self, rung: _Rung) -> None:
        """The one who was rung hangs up."""
        invite = rung.invite
        bye = Call(self, "", "", invite.call_id).within(invite, f"t{invite.call_id[:12]}")
        try:
            await bye.ask("BYE")
        except TimeoutError:
            rung.calling.problems.append("a BYE was not answered")

    async def _forwarded(self, calling: SipCalling, number: str) -> None:
        again = self._from(calling, secrets.token_hex(8))
        offer = sdp.write("127.0.0.1", 9, 1, 1)
        final = await again.ask("INVITE", body=offer, content_type="application/sdp", diversion=f"<sip:{number}@them>")
        again.send("ACK", number=1)
        if final.code != 486:
            calling.problems.append("a circle was not noticed")
            await again.ask("BYE")

    async def _tell(self, calling: SipCalling, status: str) -> None:
        assert calling.call is not None
        body = f"SIP/2.0 {status}\r\n".encode()
        await calling.call.ask("NOTIFY", body=body, event="refer", content_type="message/sipfrag")

    # ---- transfers ------------------------------------------------------------------------------

    async def _transfer(self, calling: SipCalling, uri: str) -> None:
        """REFER without attendance (RFC 3515): we ring, tell how it goes, and connect the two by ourselves."""
        assert calling.call is not None and calling.leg is not None
        caller, phone = calling.caller, calling.phones.ring(uri.removeprefix("sip:").partition("@")[0])
        await self._tell(calling, "100 Trying")
        if phone.does == FORWARDS:
            await self._forwarded(calling, phone.number)
        await caller.pause(_GIVEN_UP_S if phone.does == NO_ANSWER else _RINGS_S)
        if caller.over:
            return
        if phone.does in _STATUS:
            await self._tell(calling, f"{_STATUS[phone.does]} -")
            caller.expect("hand-over", 0.3)
            return
        calling.moved = True
        calling.leg.close()
        phone.whisper = ""  # who is transferred is announced by nobody
        phone.expect("connected")
        calling.phones.take(phone)
        self._later(self._tell(calling, "200 OK"))
        caller.expect("connected")
        await bridge(caller, phone)
        phone.down()
        caller.down()
