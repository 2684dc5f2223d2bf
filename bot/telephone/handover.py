"""Handing over: what FastAGI's scripts answer, from `/start` before a call to the last `/next` after it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid as uuids
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol

from bot.foundation.background import Background
from bot.grid.dialled import grid_of_numbers
from bot.lines.audiosocket import Answer, AudioSocketLine, AudioSocketServer
from bot.lines.fastagi import AgiSession, Script
from bot.lines.line import CallFacts, Line
from bot.settings import Settings
from bot.speech.speak import Voice, VoiceFailed
from bot.telephone.ring_plan import (
    ANSWERED,
    CALLER_LEFT,
    HUNG_UP,
    RANG_IN_VAIN,
    CallPlan,
    Roles,
    Step,
    digits,
    people_to_ring,
)
from bot.tickets.desk import TicketCard
from bot.tickets.intake.unclear import Intake
from bot.tickets.labels import labels
from bot.voice.call_desk import CallDesk
from bot.voice.call_life import Decision, End, Stage
from bot.voice.events import Rung, Watcher, nobody_watches
from bot.voice.mouth import say
from bot.voice.prompts import prompts
from bot.voice.settling import Settling

log = logging.getLogger(__name__)

#: `/next` comes when the AudioSocket is closed; the call decides within this (s)
_DECIDED_S = 3.0
#: the desk is asked for so long (s); a telephone does not wait for a database
_DESK_S = 1.5
#: who forwards his telephone to us is not rung in a circle (s)
_CIRCLE_S = 90.0
_MOST_CIRCLES = 1000
_SWEEP_S = 1.0
#: what a call's row holds of its id
_LONGEST_ID = 40


class HandOverDesk(CallDesk, Protocol):
    """What is needed of the ticket desk; all block."""

    def ticket(self, ticket_no: str, /) -> TicketCard | None: ...


class HandOvers:
    """The calls of a telephone. It steers what follows a conversation, and answers `scripts`."""

    def __init__(
        self,
        server: AudioSocketServer,
        roles: Roles,
        desk: HandOverDesk,
        settings: Settings,
        voice: Voice | None = None,
        *,
        intake: Intake | None = None,
        room: Callable[[], bool] = lambda: True,
        watcher: Watcher = nobody_watches,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`room()`: whether one more call may be taken; `watcher` is told of everybody who is rung, and what came of
        each call; `intake` keeps a call-back that the desk cannot take."""
        self._server, self._roles, self._desk, self._settings = server, roles, desk, settings
        self._voice, self._room, self._clock = voice, room, clock
        self._watcher = watcher
        self._settling = Settling(desk, intake, watcher=watcher, clock=clock)
        self.plans: dict[str, CallPlan] = {}
        #: channels of our own ringing that came back: they are no calls
        self._circles: deque[str] = deque(maxlen=_MOST_CIRCLES)
        self._work: set[asyncio.Task[Any]] = set()

    @property
    def scripts(self) -> dict[str, Script]:
        """What FastAGI runs, by path."""
        return {"start": self.start, "next": self.next, "over": self.over_there, "whisper": self.whisper}

    # ---- what a call says of itself (bot.voice.call_parts.Steering) ------------------------------

    def begun(self, facts: CallFacts, front_end: str) -> Awaitable[Any]:
        """Gege has taken the call. → its row."""
        return self._settling.begun(facts, front_end)

    def decided(self, call_id: str, decision: Decision) -> None:
        """The conversation is over: whom the dial plan rings next is decided."""
        plan = self.plans.get(call_id)
        if plan is not None and decision.hand_over_to and plan.position < 0:
            plan.people = self._people(plan.facts, decision.hand_over_to)
        self._settling.decided(call_id, decision)
        if plan is not None:
            plan.decided.set()

    async def over(self, call_id: str) -> str | None:
        """The line is down. → the ticket that came of the call; None also where somebody is to be rung yet."""
        return await self._settling.over(call_id)

    # ---- the scripts ----------------------------------------------------------------------------

    async def start(self, session: AgiSession) -> None:
        """Before the call: announce it, and say whom to ring when Gege does not take it."""
        facts = await self._facts(session)
        wanted = (await session.variable("ASID")).strip()
        if self._circle(facts):
            self._circles.append(wanted.lower())
            await session.set_variable("NEXT", "")
            await session.set_variable("GEGE", "busy")
            return
        people = self._people(facts)
        try:
            facts = replace(facts, call_id=str(uuids.UUID(wanted)))
        except ValueError:
            log.error("/start without a UUID in ASID: the dial plan needs Set(ASID=${UUID()}) before it")
        if facts.call_id and facts.call_id not in self.plans:
            plan = self._planned(facts, "audiosocket")
            if self._room():
                self._server.announce(facts.call_id, facts.caller, facts.dialled, facts.diverting)
            else:
                plan.full = True
                plan.ring(plan.people[0], self._clock())
                await session.set_variable("GEGE", "full")
            await asyncio.wait({self._settling.write_down(facts.call_id)}, timeout=_DESK_S)
        await session.set_variable("NEXT", people[0])

    async def next(self, session: AgiSession) -> None:
        """After the call, and after everybody who was rung: whom to ring now."""
        if session.query.get("hangup"):
            return await self.over_there(session)
        status = session.query.get("status") or await session.variable("DIALSTATUS")
        plan = await self._known(session, status)
        if plan is None:
            await session.set_variable("NEXT", "")
            return
        if session.hung_up:
            self._left(plan, status)
            await session.set_variable("NEXT", "")
            return
        if plan.life.stage is Stage.talking:
            try:
                await asyncio.wait_for(plan.decided.wait(), _DECIDED_S)
            except TimeoutError:
                log.error("call %s is still going on, but the dial plan asks for the next one", plan.call_id)
        step = await self.advance(plan, status)
        if step.told:
            await self._tell(session, "TELL", getattr(prompts(), step.told))
        await session.set_variable("NEXT", step.number)

    async def over_there(self, session: AgiSession) -> None:
        """The hang-up handler: the caller has left, at whatever stage; the conversation may still be at work."""
        status = session.query.get("status") or await session.variable("DIALSTATUS")
        plan = await self._known(session, status)
        if plan is not None:
            self._left(plan, status)
        await session.set_variable("NEXT", "")

    async def advance(self, plan: CallPlan, status: str) -> Step:
        """What comes next for a caller, given how ringing the last one ended (DIALSTATUS; CANCEL: the caller left)."""
        if status == CALLER_LEFT:
            self._left(plan, status)
            return Step()
        await self._follow(plan)
        rung = plan.ringing
        step = plan.next(status.upper(), self._clock())
        self._rang(plan, rung, status)
        self._settling.look(plan.call_id)
        if step.number:
            self._background(self._prepare(plan))
        return step

    def _left(self, plan: CallPlan, status: str) -> None:
        rung = plan.ringing
        plan.leave(self._clock(), answered=status.upper() == ANSWERED)
        self._rang(plan, rung, status if status.upper() == ANSWERED else CALLER_LEFT)
        self._settling.look(plan.call_id)

    def _rang(self, plan: CallPlan, rung: str, status: str) -> None:
        if rung:
            talked = plan.life.verdict is not None and plan.life.verdict.end is End.reached
            hung_up = status.upper() == ANSWERED and not talked
            self._watcher(Rung(plan.call_id, rung, HUNG_UP if hung_up else status or "?"))

    def expect(self, facts: CallFacts) -> CallPlan:
        """A call of a front end that puts callers through by itself (SIP)."""
        return self._planned(facts, "sip")

    def circles(self, facts: CallFacts) -> bool:
        """Whether a call is our own ringing that somebody's telephone forwards to us."""
        return self._circle(facts)

    async def whisper(self, session: AgiSession) -> None:
        """On the channel of whoever was rung: what the case is, before the caller is put through."""
        wanted = session.query.get("call") or session.facts.get("arg_1", "") or await session.variable("ASID")
        plan = self.plans.get(wanted.strip().lower())
        if plan is None:
            return
        plan.life.answer(self._clock())
        if self._voice is None:
            plan.life.told(True, self._clock())
            return

        async def speak(line: AudioSocketLine, facts: CallFacts) -> None:
            async with _listening(line):
                await self.tell_case(plan, line, plan.caller_left)

        await self._leg(session, "WHISPER", speak)

    async def tell_case(self, plan: CallPlan, line: Line, gone: asyncio.Event) -> bool:
        """Tell whoever has answered what the case is; whether the two can be connected now. `gone`: the caller has left,
        and whoever hears the case is told that instead."""
        plan.life.answer(self._clock())
        whole = True
        if self._voice is not None:
            telling = asyncio.create_task(say(line, self._voice, await self.line_of(plan)))
            leaving = asyncio.create_task(gone.wait())
            try:
                await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if gone.is_set():
                    whole = False
                    line.drop()
                    await say(line, self._voice, prompts().caller_gone)
                else:
                    whole = telling.result()
            except VoiceFailed:
                log.exception("a case could not be told to whoever was rung; they are connected without")
            finally:
                for task in (telling, leaving):
                    task.cancel()
                await asyncio.gather(telling, leaving, return_exceptions=True)
        plan.life.told(whole, self._clock())
        return whole

    # ---- who is rung ----------------------------------------------------------------------------

    async def _facts(self, session: AgiSession) -> CallFacts:
        given = session.query
        dialled = given.get("dialled") or session.number("dnid") or await session.variable("GEGE_DIALLED")
        dialled = dialled or session.number("extension")
        return CallFacts(
            "",
            given.get("caller") or session.number("callerid"),
            dialled[:80],
            (given.get("diverting") or session.number("rdnis"))[:80],
        )

    def _people(self, facts: CallFacts, first: str = "", grid_no: str | None = None) -> list[str]:
        grid_no = grid_no or grid_of_numbers(self._roles, facts.dialled, facts.diverting)
        station = self._settings.site.station_phone
        return people_to_ring(self._roles, grid_no, station, first=first, without=(facts.caller, facts.diverting)) or [
            digits(station)
        ]

    def _planned(self, facts: CallFacts, front_end: str) -> CallPlan:
        life = self._settling.expect(facts, front_end, followed=True)
        plan = self.plans[facts.call_id] = CallPlan(facts, life, self._people(facts))
        return plan

    async def _known(self, session: AgiSession, status: str) -> CallPlan | None:
        """The plan of a channel, None for a circle. Of a call that we do not know (a restart), and of one whose dial plan
        went on without us, the channel itself says whom it rang."""
        asid = (session.query.get("call") or await session.variable("ASID")).strip().lower()
        key = (asid or f"channel-{session.facts.get('uniqueid', '')}")[:_LONGEST_ID]
        plan = self.plans.get(key)
        if plan is None:
            if key in self._circles or await session.variable("GEGE") == "busy":
                return None
            plan = self._planned(replace(await self._facts(session), call_id=key), "audiosocket")
        # Of a call that Gege took, the status may be that of its AudioSocket.
        if plan.position < 0 and (status in RANG_IN_VAIN or status and not plan.life.taken):
            said = await session.variable("GEGE_SAID")
            rung = said or (await session.variable("NEXT") if status in RANG_IN_VAIN else "")
            if digits(rung):
                plan.ring(digits(rung), self._clock())
        return plan

    def _circle(self, facts: CallFacts) -> bool:
        """Whether this is our own ringing of somebody who forwards his telephone to us."""
        diverting, now = digits(facts.diverting), self._clock()
        return bool(diverting) and any(
            each.ringing == diverting and now - each.rung_at < _CIRCLE_S and facts.caller in ("", each.facts.caller)
            for each in self.plans.values()
        )

    async def _follow(self, plan: CallPlan) -> None:
        """The dialogue may have found another grid than the one that was dialled: its people are rung."""
        if plan.position >= 0 or not plan.ticket_no:
            return
        card = await self._ask_desk(lambda: self._desk.ticket(plan.ticket_no))
        if card is None:
            return
        if card.grid_no:
            named = plan.people[0] if plan.people else ""
            of_dialled = self._people(plan.facts)
            plan.people = self._people(plan.facts, named if named not in of_dialled else "", card.grid_no)
        if card.complained_of:
            spared = {digits(one.phone) for no in card.complained_of if (one := self._roles.person(no))}
            plan.people = [each for each in plan.people if each not in spared] or [
                digits(self._settings.site.station_phone)
            ]

    # ---- what is told ---------------------------------------------------------------------------

    async def line_of(self, plan: CallPlan) -> str:
        """What whoever is rung hears of the case before the caller is put through."""
        card = await self._ask_desk(lambda: self._desk.ticket(plan.ticket_no)) if plan.ticket_no else None
        words = prompts()
        what = labels().spoken_kind(card.kind if card else "callback")
        return words.whisper.format(what=what, where=(card.place if card else "") or words.whisper_where)

    async def _tell(self, session: AgiSession, variable: str, sentence: str) -> None:
        """An AudioSocket leg that speaks one sentence."""

        async def speak(line: AudioSocketLine, facts: CallFacts) -> None:
            assert self._voice is not None
            async with _listening(line):
                try:
                    await say(line, self._voice, sentence)
                except VoiceFailed:
                    log.exception("a sentence for a hand-over could not be spoken")

        if self._voice is not None:
            await self._leg(session, variable, speak)

    async def _leg(self, session: AgiSession, variable: str, speak: Answer) -> None:
        """Announce an AudioSocket call that speaks; the dial plan connects it."""
        leg = str(uuids.uuid4())
        self._server.announce(leg, answer=speak)
        await session.set_variable(variable, leg)

    async def _prepare(self, plan: CallPlan) -> None:
        """Make the line for whoever is rung while it rings."""
        if self._voice is not None:
            await self._voice.say(await self.line_of(plan), 8000)

    # ---- what comes of it -----------------------------------------------------------------------

    async def sweep(self) -> None:
        """Settle what nobody says anything more of, and forget what is over."""
        self._settling.sweep()
        for call_id in [call_id for call_id in self.plans if call_id not in self._settling]:
            del self.plans[call_id]

    def background(self) -> Background:
        """Sweep again and again."""
        return Background("announced calls", _SWEEP_S, self.sweep)

    async def close(self) -> None:
        """Let what is owed be written."""
        await self._settling.close()
        if self._work:
            await asyncio.wait(self._work, timeout=_DESK_S)

    async def _ask_desk(self, question: Callable[[], Any]) -> Any:
        """An answer of the desk; None when it fails or takes too long. It goes on behind."""
        asking = asyncio.ensure_future(asyncio.to_thread(question))
        asking.add_done_callback(_look_at)
        done, _ = await asyncio.wait({asking}, timeout=_DESK_S)
        return asking.result() if done and asking.exception() is None else None

    def _background(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        task.add_done_callback(_look_at)


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


def _look_at(done: asyncio.Future[Any]) -> None:
    if not done.cancelled() and (problem := done.exception()):
        log.error("a hand-over was not kept: %s", problem)
