"""deploy/asterisk/extensions.conf as a program: what Asterisk does with a call, step by step, against Gege's real sockets.

Two plans are played: the one that is shipped, and the one before it, which sites still have (`older`)."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid as uuids
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

from bot.bench.exchange.agi import Channel
from bot.bench.exchange.people import FRAME, Person, bridge
from bot.bench.exchange.phones import BUSY, FORWARDS, NO_ANSWER, REFUSES, Phone, Phones
from bot.lines.audiosocket import DTMF, HANG_UP, KINDS, RATES, UUID, Frame, read_frame
from bot.lines.incoming import FRAME_S
from bot.lines.tones import ringing

#: a question to Gege, and the first one, may take so long (s)
_ASK_S, _START_S = 6.0, 4.0
#: a telephone rings for so long (s) before it is taken, or refused; and before nobody has answered
_RINGS_S, _RINGS_IN_VAIN_S = 0.4, 1.2
_RATE, _TALKED_S = 8000, 3.0
_MOST_RUNG = 20
_STATUS = {BUSY: ("BUSY", "17"), NO_ANSWER: ("NOANSWER", "19"), REFUSES: ("CHANUNAVAIL", "21")}
Outcome = TypeVar("Outcome")


@dataclass
class DialPlan:
    """One call through the plan."""

    agi_port: int
    audio_port: int
    caller: Person
    phones: Phones
    number: str
    dialled: str
    default: str
    older: bool = False
    #: the sound breaks off after so many frames, while the caller stays on the line
    breaks_after: int | None = None
    call_id: str = field(default_factory=lambda: str(uuids.uuid4()))
    #: what went wrong in a way that no plan foresees
    problems: list[str] = field(default_factory=list)
    #: who is rung now, and the last DIALSTATUS
    ringing: str = ""
    status: str = ""
    cause: str = ""
    #: of silence at the caller while the case is told: the ringing that he hears is ours, not Gege's
    whispers: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        self._channel = self._of(self.number, self.dialled)
        self._channel.variables["ASID"] = self.call_id

    def _of(self, caller: str, dialled: str, diverting: str = "unknown") -> Channel:
        variables = {"ASID": str(uuids.uuid4()), "GEGE_DIALLED": dialled}
        return Channel(self.agi_port, caller, dialled, diverting, variables)

    async def run(self) -> None:
        """The call, to its hang-up handler's end."""
        variables, told = self._channel.variables, False
        variables["NEXT"] = self.default
        try:
            asked = await self._ask(self._channel.agi(f"start?dialled={self.dialled}"), _START_S)
            if variables.get("GEGE") == "busy":
                self.problems.append("the caller got the busy tone of our own ringing")
                return
            told = True
            self.caller.expect("answer")
            if asked and variables.get("GEGE") != "full":
                await self._leg(self.caller, self.call_id, self.breaks_after)
                self.caller.expect("hand-over")
            await self._person(asked)
        finally:
            if told:
                await self._over()
            self.caller.down()

    # ---- a person -------------------------------------------------------------------------------

    async def _person(self, asked: bool) -> None:
        variables, rang, said = self._channel.variables, set[str](), self._channel.variables["NEXT"]
        full = asked and variables.get("GEGE") == "full"
        for _ in range(_MOST_RUNG):
            if self.caller.over:
                return
            if not full:
                variables["NEXT"], variables["TELL"] = "-", ""
                variables["DIALSTATUS"] = self.status
                await self._ask(self._channel.agi(self._next()), _ASK_S)
                if self.status == "ANSWER" and not self.older:
                    return
                if variables["NEXT"] == "-":
                    # Gege does not answer: whom it named last, then the default number, each once.
                    variables["NEXT"] = next((each for each in (said, self.default) if each not in rang), "")
                elif variables["TELL"]:
                    await self._leg(self.caller, variables["TELL"])
            full, said = False, variables["NEXT"] or said
            if not said or not variables["NEXT"] or self.caller.over:
                return
            rang.add(variables["NEXT"])
            await self._ring(variables["NEXT"])
        self.problems.append("rang in circles")

    def _next(self) -> str:
        if self.older:
            return f"next?status={self.status}"
        return f"next?call={self.call_id}&status={self.status}&cause={self.cause}&rang={self.ringing}"

    async def _ring(self, number: str) -> None:
        """Dial(Local/…@gege-ring,…,grI): the caller hears ringing until the two are connected."""
        caller, phone = self.caller, self.phones.ring(number)
        self.ringing, self.status, self.cause = number, "", ""
        caller.expect("ringing", 0.3)
        tone = asyncio.create_task(self._ring_back())
        try:
            if phone.does == FORWARDS:
                await self._forwarded(number)
            await caller.pause((_RINGS_IN_VAIN_S if phone.does == NO_ANSWER else _RINGS_S) * caller.pace)
            if caller.over:
                self.status = "CANCEL"
                return
            if phone.does in (*_STATUS, FORWARDS):
                self.status, self.cause = _STATUS.get(phone.does, _STATUS[BUSY])
                return
            if not await self._whisper(phone):
                return
        finally:
            tone.cancel()
            await asyncio.gather(tone, return_exceptions=True)
        began = time.monotonic()
        caller.expect("connected")
        await bridge(caller, phone)
        phone.down()
        # [gege-status]: answered is only who has talked with the caller for three seconds.
        talked = self.older or time.monotonic() - began >= _TALKED_S
        self.status, self.cause = "ANSWER" if talked else "CANCEL" if caller.over else "NOANSWER", "16"
        caller.expect("after a person")

    async def _whisper(self, phone: Phone) -> bool:
        """The case is told; False when the two are not connected."""
        caller = self.caller
        caller.enter("whisper")
        self.phones.take(phone)
        called = self._of("", number := phone.number)
        called.variables = {"ASID": self.call_id, "EXTEN": number}
        await self._ask(called.agi(f"whisper?call={self.call_id}"), 4.0)
        if leg := called.variables.get("WHISPER", ""):
            await self._leg(phone, leg, with_caller=True)
        caller.enter("told")
        if not phone.over and not caller.over:
            return True
        phone.down()
        if caller.over:
            self.status = "ANSWER" if self.older else "CANCEL"
        elif self.older:
            # The plan before: leaving U() by hanging up ends the caller, and Dial calls it answered.
            self.status = "ANSWER"
            caller.down()
        else:
            self.status, self.cause = "NOANSWER", "16"
        return False

    async def _forwarded(self, number: str) -> None:
        """The telephone forwards our ringing to us: a call of its own, which must get the busy tone."""
        again = self._of(self.number, self.dialled, number)
        await self._ask(again.agi(f"start?dialled={self.dialled}"), _START_S)
        if again.variables.get("GEGE") != "busy":
            self.problems.append("a circle was not noticed")
        if self.older:
            # The plan before had its hang-up handler in place by then.
            await self._ask(again.agi(f"next?hangup=1&call={again.variables['ASID']}&status="), _ASK_S)

    async def _ring_back(self) -> None:
        sound, began, frames = ringing(_RATE), time.monotonic(), 0
        while True:
            at = frames * FRAME % len(sound)
            self.caller.hear(sound[at : at + FRAME])
            frames += 1
            await asyncio.sleep(max(0.0, began + frames * FRAME_S / self.caller.pace - time.monotonic()))

    # ---- Gege -----------------------------------------------------------------------------------

    async def _over(self) -> None:
        # The plan before: until somebody is rung the status is that of the sound's own Dial.
        path = f"next?hangup=1&call={self.call_id}&status={self.status if self.ringing else 'ANSWER'}"
        if not self.older:
            status = "ANSWER" if self.status == "ANSWER" else "CANCEL"
            path = f"over?call={self.call_id}&status={status}&rang={self.ringing}"
        await self._ask(self._channel.agi(path), 15.0, anyway=True)

    async def _ask(self, question: Awaitable[None], seconds: float, anyway: bool = False) -> bool:
        """Whether Gege answered in time; a caller who leaves ends the question (AGIEXITONHANGUP), the older plan goes on."""
        asking = asyncio.ensure_future(question)
        leaving = asyncio.ensure_future(self.caller.left.wait())
        try:
            waits = {asking} if anyway or self.older else {asking, leaving}
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            return asking.done() and asking.exception() is None
        finally:
            for task in (asking, leaving):
                task.cancel()
            await asyncio.gather(asking, leaving, return_exceptions=True)

    async def _leg(self, person: Person, uuid: str, breaks_after: int | None = None, with_caller: bool = False) -> None:
        """TryExec(AudioSocket(…)) for whoever holds a telephone, until one of the two ends it."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.audio_port)
        except OSError:
            return
        writer.write(Frame(UUID, uuids.UUID(uuid).bytes).encode())
        over = asyncio.create_task(_receive(reader, person))
        began, frames = time.monotonic(), 0
        try:
            while not over.done() and not person.over and not (with_caller and self.caller.over):
                if breaks_after is not None and frames >= breaks_after:
                    writer.transport.abort()
                    return
                while person.keys:
                    writer.write(Frame(DTMF, person.keys.pop(0).encode()).encode())
                writer.write(Frame(KINDS[_RATE], person.frame()).encode())
                frames += 1
                await asyncio.sleep(max(0.0, began + frames * FRAME_S / person.pace - time.monotonic()))
        except ConnectionError:
            pass
        finally:
            over.cancel()
            await asyncio.gather(over, return_exceptions=True)
            with contextlib.suppress(ConnectionError):
                writer.close()
                await writer.wait_closed()


async def _receive(reader: asyncio.StreamReader, person: Person) -> None:
    while (frame := await read_frame(reader)) is not None and frame.kind != HANG_UP:
        if frame.kind in RATES:
            person.hear(frame.payload)
