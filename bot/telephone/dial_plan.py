"""What Asterisk's dial plan asks over FastAGI: the scripts, from `/start` before a call to `/over` after it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid as uuids
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from bot.foundation.phone_numbers import number_in, to_dial
from bot.lines.audiosocket import Answer, AudioSocketLine, AudioSocketServer
from bot.lines.fastagi import AgiSession, Script
from bot.lines.line import CallFacts
from bot.speech.speak import Voice
from bot.telephone.handover import HandOvers
from bot.telephone.ring_plan import RANG_IN_VAIN, CallPlan
from bot.voice.call_life import Stage

log = logging.getLogger(__name__)

#: `/next` comes when the AudioSocket is closed; the call decides within this (s)
_DECIDED_S = 3.0
_MOST_CIRCLES = 1000
#: what a call's row holds of its id
_LONGEST_ID = 40


class DialPlan:
    """Gege's side of the contract with a dial plan (deploy/asterisk)."""

    def __init__(
        self,
        hand_overs: HandOvers,
        server: AudioSocketServer,
        voice: Voice | None,
        *,
        room: Callable[[], bool] = lambda: True,
    ) -> None:
        """`room()`: whether one more call may be taken; without a voice people are rung without a word."""
        self._hand_overs, self._server = hand_overs, server
        self._voice, self._room = voice, room
        #: channels of our own ringing that came back: they are no calls
        self._circles: deque[str] = deque(maxlen=_MOST_CIRCLES)

    @property
    def scripts(self) -> dict[str, Script]:
        """What FastAGI runs, by path, beside its own `/alive`."""
        return {
            "start": self.start,
            "next": self.next,
            "over": self.over,
            "whisper": self.whisper,
        }

    async def start(self, session: AgiSession) -> None:
        """Before the call: announce it, and say whom to ring when Gege does not take it."""
        facts = await self._facts(session)
        wanted = (await session.variable("ASID")).strip()
        if self._hand_overs.circles(facts):
            self._circles.append(wanted.lower())
            await session.set_variable("NEXT", "")
            await session.set_variable("GEGE", "busy")
            return
        room = self._room() and not session.crowded
        try:
            facts = replace(facts, call_id=str(uuids.UUID(wanted)))
        except ValueError:
            log.error("/start without a UUID in ASID: the dial plan needs Set(ASID=${UUID()}) before it")
        if facts.call_id and facts.call_id not in self._hand_overs.plans:
            plan = self._hand_overs.expect(facts, "audiosocket")
            if room:
                self._server.announce(facts.call_id, facts.caller, facts.dialled, facts.diverting)
            else:
                self._hand_overs.rings(plan, plan.people[0], told=True)
            # Who is not taken is rung through at once: he waits for no row.
            await self._hand_overs.write_down(plan, wait=room)
        await session.set_variable("NEXT", self._hand_overs.people(facts)[0])
        if not room:
            await session.set_variable("GEGE", "full")

    async def next(self, session: AgiSession) -> None:
        """After the call, and after everybody who was rung: whom to ring now."""
        status = session.query.get("status") or await session.variable("DIALSTATUS")
        plan = await self._known(session, status)
        if plan is None or session.query.get("hangup") or session.hung_up:
            return await self._left(session, plan, status)
        if plan.life.stage is Stage.talking and not session.crowded:
            try:
                await asyncio.wait_for(plan.decided.wait(), _DECIDED_S)
            except TimeoutError:
                log.error("call %s is still going on, but the dial plan asks for the next one", plan.call_id)
        step = await self._hand_overs.advance(plan, status, sure=_measured(session), from_memory=session.crowded)
        if step.told and self._voice is not None and not session.crowded:
            await self._leg(session, "TELL", self._telling(step.told))
        await session.set_variable("NEXT", step.number)

    async def over(self, session: AgiSession) -> None:
        """The hang-up handler: the caller has left, at whatever stage; the conversation may still be at work."""
        status = session.query.get("status") or await session.variable("DIALSTATUS")
        await self._left(session, await self._known(session, status), status)

    async def _left(self, session: AgiSession, plan: CallPlan | None, status: str) -> None:
        if plan is not None:
            self._hand_overs.leave(plan, status, sure=_measured(session))
        await session.set_variable("NEXT", "")

    async def whisper(self, session: AgiSession) -> None:
        """On the channel of whoever was rung: what the case is, before the caller is put through."""
        wanted = session.query.get("call") or session.facts.get("arg_1", "") or await session.variable("ASID")
        plan = self._hand_overs.plans.get(wanted.strip().lower())
        if plan is None:
            return
        self._hand_overs.answered(plan, told=self._voice is None or session.crowded)
        if self._voice is None or session.crowded:
            return

        async def speak(line: AudioSocketLine, facts: CallFacts) -> None:
            async with _listening(line):
                await self._hand_overs.tell_case(plan, line, plan.caller_left)

        await self._leg(session, "WHISPER", speak)

    # ---- what a channel says --------------------------------------------------------------------

    async def _facts(self, session: AgiSession) -> CallFacts:
        given, told = session.query, session.facts
        dialled = _named(given.get("dialled"), told.get("dnid"))
        dialled = dialled or _named(await session.variable("GEGE_DIALLED"), told.get("extension"))
        caller = _named(given.get("caller"), told.get("callerid"))
        facts = CallFacts("", caller, dialled, _named(given.get("diverting"), told.get("rdnis")))
        return facts.in_full(self._hand_overs.area_code)

    async def _known(self, session: AgiSession, status: str) -> CallPlan | None:
        """The plan of a channel, None for a circle. Of a call that we do not know (a restart), and of one whose dial plan
        went on without us, the channel itself says whom it rang."""
        asid = (session.query.get("call") or await session.variable("ASID")).strip().lower()
        key = (asid or f"channel-{session.facts.get('uniqueid', '')}")[:_LONGEST_ID]
        plan = self._hand_overs.plans.get(key)
        if plan is None:
            if key in self._circles or await session.variable("GEGE") == "busy":
                return None
            plan = self._hand_overs.expect(replace(await self._facts(session), call_id=key), "audiosocket")
        told = session.query.get("rang", "")
        # Of a call that Gege took, an older plan's status may be that of its AudioSocket.
        if status and plan.position < 0 and (told or status in RANG_IN_VAIN or not plan.life.taken):
            said = told or await session.variable("GEGE_SAID")
            rung = said or (await session.variable("NEXT") if status in RANG_IN_VAIN else "")
            if to_dial(rung):
                self._hand_overs.rings(plan, to_dial(rung))
        return plan

    # ---- sentences ------------------------------------------------------------------------------

    async def _leg(self, session: AgiSession, variable: str, speak: Answer) -> None:
        """Announce an AudioSocket call that speaks; the dial plan connects it."""
        leg = str(uuids.uuid4())
        self._server.announce(leg, answer=speak)
        await session.set_variable(variable, leg)

    def _telling(self, told: str) -> Answer:
        async def speak(line: AudioSocketLine, facts: CallFacts) -> None:
            async with _listening(line):
                await self._hand_overs.tell_caller(line, told)

        return speak


def _measured(session: AgiSession) -> bool:
    """A dial plan that says whom it rang says ANSWER only of who talked with the caller for three seconds; older ones pass
    Dial's own word on, which is ANSWER also for who hung up while the case was told."""
    return "rang" in session.query


def _named(*written: str | None) -> str:
    """The first of them that is a number, or names a grid as a board's code does; empty for none."""
    found = (each[:80] if each.startswith("grid_") else number_in(each) for each in written if each)
    return next(filter(None, found), "")


@contextlib.asynccontextmanager
async def _listening(line: AudioSocketLine) -> AsyncIterator[None]:
    """Nothing of what comes on the line is kept."""
    draining = asyncio.create_task(_drain(line))
    try:
        yield
    finally:
        draining.cancel()


async def _drain(line: AudioSocketLine) -> None:
    async for _ in line.events():
        pass
