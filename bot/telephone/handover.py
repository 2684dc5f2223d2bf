"""Handing over: what FastAGI's scripts answer, from `/start` before a call to the last `/next` after it."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid as uuids
from collections.abc import Callable
from typing import Any, Protocol

from bot.foundation.background import Background
from bot.grid.dialled import grid_of_numbers
from bot.lines.audiosocket import AudioSocketLine, AudioSocketServer
from bot.lines.fastagi import AgiSession, Script
from bot.lines.line import CallFacts
from bot.settings import Settings
from bot.speech.speak import Voice, VoiceFailed
from bot.telephone.ring_plan import ANSWERED, CALLER_LEFT, CallPlan, Roles, Step, digits, people_to_ring
from bot.tickets.desk import Report, TicketCard
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.labels import labels
from bot.voice.events import Rung, Watcher, nobody_watches
from bot.voice.mouth import say
from bot.voice.prompts import prompts

log = logging.getLogger(__name__)

#: `/next` comes when the AudioSocket is closed; the call decides within this (s)
_DECIDED_S = 3.0
#: the desk is asked for so long (s); a telephone does not wait for a database
_DESK_S = 1.5
#: an announced call that nobody took and nobody asked about becomes a call-back (s)
_NOT_TAKEN_S = 30.0
#: nothing was heard of a call for so long (s): the dial plan does not tell how ringing ended
_FORGOTTEN_S = 3600.0
#: who forwards his telephone to us is not rung in a circle (s)
_CIRCLE_S = 90.0
_MOST_PLANS = 20_000
_SWEEP_S = 5.0


class HandOverDesk(Protocol):
    """What is needed of the ticket desk; all block."""

    def begin_call(self, id: str, caller: str, dialled: str, diverting: str, front_end: str, /) -> Any: ...

    def end_call(self, id: str, outcome: str, /) -> Any: ...

    def call_back(self, call_id: str, outcome: str, /) -> list[TicketCard]: ...

    def ticket(self, ticket_no: str, /) -> TicketCard | None: ...

    def add(self, ticket_no: str, /, *, note: str, facts: dict[str, Any], by: str) -> Any: ...

    def report(self, report: Report, /) -> TicketCard: ...


class HandOvers:
    """The calls that Asterisk announced. It steers what follows a conversation, and answers `scripts`."""

    def __init__(
        self,
        server: AudioSocketServer,
        roles: Roles,
        desk: HandOverDesk,
        settings: Settings,
        voice: Voice | None = None,
        *,
        room: Callable[[], bool] = lambda: True,
        watcher: Watcher = nobody_watches,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`room()`: whether one more call may be taken; `watcher` is told of everybody who is rung."""
        self._server, self._roles, self._desk, self._settings = server, roles, desk, settings
        self._voice, self._room, self._clock = voice, room, clock
        self._watcher = watcher
        self.plans: dict[str, CallPlan] = {}
        self._work: set[asyncio.Task[Any]] = set()

    @property
    def scripts(self) -> dict[str, Script]:
        """What FastAGI runs, by path."""
        return {
            "start": self.start,
            "next": self.next,
            "whisper": self.whisper,
            "over": self.caller_left,
            "alive": self.alive,
        }

    # ---- what a call says of itself (bot.voice.call_parts.Steering) ------------------------------

    def begun(self, call_id: str) -> None:
        """Gege has taken the call."""
        if plan := self.plans.get(call_id):
            plan.taken = True

    def decided(self, call_id: str, outcome: str, hand_over_to: str, ticket_no: str | None) -> None:
        """The conversation is over: whom the dial plan rings next is decided."""
        if (plan := self.plans.get(call_id)) is None:
            return
        plan.outcome, plan.ticket_no = outcome, ticket_no or ""
        if hand_over_to:
            plan.people = self._people(plan, hand_over_to)
        plan.decided.set()

    def over(self, call_id: str, ticket_no: str | None) -> None:
        """The line is down."""
        if plan := self.plans.get(call_id):
            plan.ticket_no = plan.ticket_no or ticket_no or ""

    # ---- the scripts ----------------------------------------------------------------------------

    async def start(self, session: AgiSession) -> None:
        """Before the call: announce it, and say whom to ring when Gege does not take it."""
        plan = await self._plan(session)
        if self._circle(plan):
            await session.set_variable("NEXT", "")
            await session.set_variable("GEGE", "busy")
            return
        wanted = (await session.variable("ASID")).strip()
        try:
            plan.call_id = str(uuids.UUID(wanted))
        except ValueError:
            log.error("/start without a UUID in ASID: the dial plan needs Set(ASID=${UUID()}) before it")
            plan.call_id = ""
        known = self.plans.get(plan.call_id)
        room = self._room() and not session.crowded
        if plan.call_id and known is None:
            self._remember(plan)
            if room:
                self._server.announce(plan.call_id, plan.caller, plan.dialled, plan.diverting)
            begun = self._ask_desk(
                lambda: self._desk.begin_call(plan.call_id, plan.caller, plan.dialled, plan.diverting, "audiosocket")
            )
            if session.crowded:
                self._background(begun)
            else:
                await begun
        await session.set_variable("NEXT", plan.people[0] if plan.people else "")
        if not room:
            await session.set_variable("GEGE", "full")

    async def next(self, session: AgiSession) -> None:
        """After the call, and after everybody who was rung: whom to ring now."""
        plan = await self._known(session)
        if plan.taken and not plan.outcome and not session.crowded:
            try:
                await asyncio.wait_for(plan.decided.wait(), _DECIDED_S)
            except TimeoutError:
                log.error("call %s is still going on, but the dial plan asks for the next one", plan.call_id)
        status = session.query.get("status") or await session.variable("DIALSTATUS")
        if session.query.get("hangup") or session.hung_up:
            status = status if plan.position >= 0 and status == ANSWERED else CALLER_LEFT
        step = await self.advance(plan, status, from_memory=session.crowded)
        if step.told and not session.crowded:
            await self._tell(session, "TELL", getattr(prompts(), step.told))
        await session.set_variable("NEXT", step.number)

    async def advance(self, plan: CallPlan, status: str, *, from_memory: bool = False) -> Step:
        """What comes next for a caller, given how ringing the last one ended (DIALSTATUS); `from_memory` asks no desk."""
        if not from_memory:
            await self._follow(plan)
        rung = plan.ringing
        step = plan.next(status.upper(), self._clock())
        if rung:
            self._watcher(Rung(plan.call_id, rung, status or "?"))
        if step.number:
            self._background(self._prepare(plan))
        elif plan.finished:
            self._background(self._settle(plan))
        return step

    def expect(self, facts: CallFacts) -> CallPlan:
        """A call of a front end that puts callers through by itself (SIP)."""
        plan = CallPlan(facts.call_id, facts.caller, facts.dialled, facts.diverting, self._clock())
        plan.people = self._people(plan)
        self._remember(plan)
        return plan

    def circles(self, facts: CallFacts) -> bool:
        """Whether a call is our own ringing that somebody's telephone forwards to us."""
        return self._circle(CallPlan("", facts.caller, facts.dialled, facts.diverting, self._clock()))

    async def whisper(self, session: AgiSession) -> None:
        """On the channel of whoever was rung: what the case is, before the caller is put through."""
        wanted = session.query.get("call") or session.facts.get("arg_1", "") or await session.variable("ASID")
        plan = self.plans.get(wanted.strip().lower())
        if plan is not None and not session.crowded:
            await self._tell(session, "WHISPER", await self.line_of(plan))

    async def caller_left(self, session: AgiSession) -> None:
        """The caller's line is down (older dial plans ask `/next?hangup=1`)."""
        session.query["hangup"] = "1"
        await self.next(session)

    async def alive(self, session: AgiSession) -> None:
        """Beside a conversation: that this answers at all is what the exchange asks."""
        await session.set_variable("GEGE_ALIVE", "1")

    # ---- who is rung ----------------------------------------------------------------------------

    async def _plan(self, session: AgiSession) -> CallPlan:
        given = session.query
        dialled = given.get("dialled") or session.number("dnid") or await session.variable("GEGE_DIALLED")
        dialled = dialled or session.number("extension")
        plan = CallPlan(
            "",
            given.get("caller") or session.number("callerid"),
            dialled[:80],
            (given.get("diverting") or session.number("rdnis"))[:80],
            self._clock(),
        )
        plan.people = self._people(plan)
        return plan

    def _people(self, plan: CallPlan, first: str = "", grid_no: str | None = None) -> list[str]:
        grid_no = grid_no or grid_of_numbers(self._roles, plan.dialled, plan.diverting)
        station = self._settings.site.station_phone
        return people_to_ring(self._roles, grid_no, station, first=first, without=(plan.caller, plan.diverting)) or [
            digits(station)
        ]

    async def _known(self, session: AgiSession) -> CallPlan:
        """The plan of a channel; one that we do not know (a restart) is rung through from its first."""
        asid = (session.query.get("call") or await session.variable("ASID")).strip().lower()
        key = asid or f"channel-{session.facts.get('uniqueid', '')}"
        if key not in self.plans:
            plan = await self._plan(session)
            plan.call_id, plan.outcome = key, "failed"
            self._remember(plan)
        return self.plans[key]

    def _remember(self, plan: CallPlan) -> None:
        while len(self.plans) >= _MOST_PLANS:
            del self.plans[next(iter(self.plans))]
        self.plans[plan.call_id] = plan

    def _circle(self, plan: CallPlan) -> bool:
        """Whether this is our own ringing of somebody who forwards his telephone to us."""
        diverting, now = digits(plan.diverting), self._clock()
        return bool(diverting) and any(
            each.ringing == diverting and now - each.rung_at < _CIRCLE_S and plan.caller in ("", each.caller)
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
            of_dialled = self._people(plan)
            plan.people = self._people(plan, named if named not in of_dialled else "", card.grid_no)
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
        """Announce an AudioSocket leg that speaks one sentence; the dial plan connects it."""
        if self._voice is None:
            return
        leg = str(uuids.uuid4())
        self._server.announce(leg, answer=self._saying(sentence))
        await session.set_variable(variable, leg)

    def _saying(self, sentence: str) -> Callable[[AudioSocketLine, CallFacts], Any]:
        async def speak(line: AudioSocketLine, facts: CallFacts) -> None:
            assert self._voice is not None
            listening = asyncio.create_task(_drain(line))
            try:
                await say(line, self._voice, sentence)
            except VoiceFailed:
                log.exception("a sentence for a hand-over could not be spoken")
            finally:
                listening.cancel()

        return speak

    async def _prepare(self, plan: CallPlan) -> None:
        """Make the line for whoever is rung while it rings."""
        if self._voice is not None:
            await self._voice.say(await self.line_of(plan), 8000)

    # ---- what is owed ---------------------------------------------------------------------------

    async def _settle(self, plan: CallPlan) -> None:
        """Nobody is left to ring: close what is open, and owe a call-back to a caller who reached nobody."""
        if plan.reached:
            await asyncio.to_thread(self._desk.end_call, plan.call_id, "handed_over")
            return
        await asyncio.to_thread(self._owe, plan)

    def _owe(self, plan: CallPlan) -> None:
        if plan.ticket_no:
            facts = {"call_back": "not_reached"}
            self._desk.add(plan.ticket_no, note=prompts().unreached_note, facts=facts, by="gege")
            self._desk.end_call(plan.call_id, "not_reached")
            return
        card = next(iter(self._desk.call_back(plan.call_id, "not_reached")), None)
        if card is None and plan.caller and not plan.taken:
            grid_no = grid_of_numbers(self._roles, plan.dialled)
            facts = {"call_id": plan.call_id, "call_back": "not_reached"}
            card = self._desk.report(
                Report(
                    "callback", "", plan.call_id, Caller.by(Channel.phone, plan.caller), grid_no=grid_no, facts=facts
                )
            )
        plan.ticket_no = card.ticket_no if card else ""

    async def sweep(self) -> None:
        """Forget what is over; what was announced and came to nothing becomes a call-back."""
        now = self._clock()
        for plan in list(self.plans.values()):
            quiet = now - max(plan.at, plan.rung_at)
            lost = not plan.taken and not plan.asked and quiet > _NOT_TAKEN_S
            if (lost or quiet > _FORGOTTEN_S) and not plan.finished and not (plan.taken and not plan.outcome):
                plan.finished = True
                if plan.taken:
                    # The dial plan fell silent an hour ago: somebody talked to the caller.
                    await asyncio.to_thread(self._desk.end_call, plan.call_id, "handed_over")
                else:
                    await asyncio.to_thread(self._owe, plan)
            if quiet > _FORGOTTEN_S and plan.finished:
                self.plans.pop(plan.call_id, None)

    def background(self) -> Background:
        """Sweep again and again."""
        return Background("announced calls", _SWEEP_S, self.sweep)

    async def close(self) -> None:
        """Let what is owed be written."""
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


async def _drain(line: AudioSocketLine) -> None:
    async for _ in line.events():
        pass


def _look_at(done: asyncio.Future[Any]) -> None:
    if not done.cancelled() and (problem := done.exception()):
        log.error("a hand-over was not kept: %s", problem)
