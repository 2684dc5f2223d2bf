"""Handing over: whom a call's caller is put through to, what whoever is rung hears, and who has reached whom."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from bot.foundation.background import Background
from bot.foundation.phone_numbers import to_dial
from bot.grid.dialled import grid_of_numbers
from bot.lines.bridge import unless_over
from bot.lines.line import CallFacts, Line
from bot.settings import Settings
from bot.speech.speak import Voice, VoiceFailed
from bot.telephone.ring_plan import (
    ANSWERED,
    CALLER_LEFT,
    HUNG_UP,
    CallPlan,
    Roles,
    Step,
    people_to_ring,
)
from bot.tickets.desk import TicketCard
from bot.tickets.labels import labels
from bot.voice.call_desk import CallDesk
from bot.voice.call_life import Decision, End
from bot.voice.events import Rung, Watcher, nobody_watches
from bot.voice.mouth import say
from bot.voice.prompts import prompts
from bot.voice.settling import Settling
from bot.voice.unwritten import Unwritten

log = logging.getLogger(__name__)

#: the desk is asked for so long (s); a telephone does not wait for a database
_DESK_S = 1.5
#: who forwards his telephone to us is not rung in a circle (s)
_CIRCLE_S = 90.0
_SWEEP_S = 1.0


class HandOverDesk(CallDesk, Protocol):
    """What is needed of the ticket desk; all block."""

    def ticket(self, ticket_no: str, /) -> TicketCard | None: ...


class HandOvers:
    """The calls of a telephone: it steers what follows a conversation. A dial plan asks it by FastAGI (dial_plan), our own
    user agent directly (handover_by_sip)."""

    def __init__(
        self,
        roles: Roles,
        desk: HandOverDesk,
        settings: Settings,
        voice: Voice | None = None,
        *,
        unwritten: Unwritten | None = None,
        watcher: Watcher = nobody_watches,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`watcher` is told of everybody who is rung, and what came of each call; `unwritten` keeps calls that the
        database has not yet."""
        self._roles, self._desk, self._settings = roles, desk, settings
        self._voice, self._clock = voice, clock
        self._watcher = watcher
        self._settling = Settling(desk, unwritten=unwritten, watcher=watcher, clock=clock)
        self.plans: dict[str, CallPlan] = {}
        self._work: set[asyncio.Task[Any]] = set()

    # ---- what a call says of itself (bot.voice.call_parts.Steering) ------------------------------

    def begun(self, facts: CallFacts, front_end: str) -> Awaitable[Any]:
        """Gege has taken the call. → its row."""
        return self._settling.begun(facts, front_end)

    def decided(self, call_id: str, decision: Decision) -> None:
        """The conversation is over: whom the dial plan rings next is decided."""
        plan = self.plans.get(call_id)
        if plan is not None and decision.hand_over_to and plan.position < 0:
            plan.people = self.people(plan.facts, decision.hand_over_to)
        self._settling.decided(call_id, decision)
        if plan is not None:
            plan.decided.set()

    async def over(self, call_id: str) -> str | None:
        """The line is down. → the ticket that came of the call; None also where somebody is to be rung yet."""
        return await self._settling.over(call_id)

    # ---- what carries a call says ---------------------------------------------------------------

    def expect(self, facts: CallFacts, front_end: str) -> CallPlan:
        """A call that somebody else carries on when its conversation is over."""
        life = self._settling.expect(facts, front_end, followed=True)
        plan = self.plans[facts.call_id] = CallPlan(facts, life, self.people(facts))
        return plan

    async def write_down(self, plan: CallPlan, *, wait: bool) -> None:
        """Its row, waited for a moment."""
        row = self._settling.write_down(plan.call_id)
        await asyncio.wait({row}, timeout=_DESK_S if wait else 0.0)

    def rings(self, plan: CallPlan, number: str, *, told: bool = False) -> None:
        """The dial plan rings somebody by itself; `told`: as it is told to now, if it knows that word."""
        plan.full = told
        plan.ring(number, self._clock())

    async def advance(self, plan: CallPlan, status: str, *, sure: bool = False, from_memory: bool = False) -> Step:
        """What comes next for a caller, given how ringing the last one ended (DIALSTATUS; CANCEL: the caller left);
        `sure`: ANSWER means that the two talked; `from_memory` asks no desk."""
        if status == CALLER_LEFT:
            self.leave(plan, status)
            return Step()
        if not from_memory:
            await self._follow(plan)
        rung = plan.ringing
        step = plan.next(status.upper(), self._clock(), sure=sure)
        self._rang(plan, rung, status)
        self._settling.look(plan.call_id)
        if step.number:
            self._background(self._prepare(plan))
        return step

    def leave(self, plan: CallPlan, status: str, *, sure: bool = False) -> None:
        """The caller has hung up; `status`, `sure`: how ringing stood, as `advance` takes it."""
        rung, answered = plan.ringing, status.upper() == ANSWERED
        plan.leave(self._clock(), answered=answered, sure=sure)
        self._rang(plan, rung, ANSWERED if answered else CALLER_LEFT)
        self._settling.look(plan.call_id)

    def answered(self, plan: CallPlan, *, told: bool) -> None:
        """Whoever was rung has answered; `told`: nothing is said to him, and the two are connected."""
        plan.life.answer(self._clock())
        if told:
            plan.life.told(True, self._clock())

    def _rang(self, plan: CallPlan, rung: str, status: str) -> None:
        if rung:
            talked = plan.life.verdict is not None and plan.life.verdict.end is End.reached
            hung_up = status.upper() == ANSWERED and not talked
            self._watcher(Rung(plan.call_id, rung, HUNG_UP if hung_up else status or "?"))

    async def tell_case(self, plan: CallPlan, line: Line, gone: asyncio.Event) -> bool:
        """Tell whoever has answered what the case is; whether the two can be connected now. `gone`: the caller has left,
        and whoever hears the case is told that instead."""
        plan.life.answer(self._clock())
        whole, position = True, plan.position
        if self._voice is not None:
            case = await self.line_of(plan)
            try:
                whole = bool(await unless_over(say(line, self._voice, case), gone)) and not gone.is_set()
                if gone.is_set():
                    line.drop()
                    await say(line, self._voice, prompts().caller_gone)
            except VoiceFailed:
                log.exception("a case could not be told to whoever was rung; they are connected without")
        if plan.position == position:  # else the dial plan was faster, and rings somebody else already
            plan.life.told(whole, self._clock())
        return whole

    # ---- who is rung ----------------------------------------------------------------------------

    def people(self, facts: CallFacts, first: str = "", grid_no: str | None = None) -> list[str]:
        """Numbers to ring for a call, in their order: one at least, the station's."""
        grid_no = grid_no or grid_of_numbers(self._roles, facts.dialled, facts.diverting)
        station = self._settings.site.station_phone
        return people_to_ring(self._roles, grid_no, station, first=first, without=(facts.caller, facts.diverting)) or [
            to_dial(station)
        ]

    @property
    def area_code(self) -> str:
        """Of landlines here, for a number that comes without one."""
        return self._roles.area_code

    def circles(self, facts: CallFacts) -> bool:
        """Whether a call is our own ringing of somebody who forwards his telephone to us."""
        diverting, now = to_dial(facts.diverting), self._clock()
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
            of_dialled = self.people(plan.facts)
            plan.people = self.people(plan.facts, named if named not in of_dialled else "", card.grid_no)
        if card.complained_of:
            spared = {to_dial(one.phone) for no in card.complained_of if (one := self._roles.person(no))}
            plan.people = [each for each in plan.people if each not in spared] or [
                to_dial(self._settings.site.station_phone)
            ]

    # ---- what is told ---------------------------------------------------------------------------

    async def tell_caller(self, line: Line, told: str) -> None:
        """What a step says to the caller, by its name in prompts.yml; nothing for none, and without a voice."""
        if self._voice is None or not told:
            return
        try:
            await say(line, self._voice, getattr(prompts(), told))
        except VoiceFailed:
            log.exception("a sentence for a hand-over could not be spoken")

    async def line_of(self, plan: CallPlan) -> str:
        """What whoever is rung hears of the case before the caller is put through."""
        card = await self._ask_desk(lambda: self._desk.ticket(plan.ticket_no)) if plan.ticket_no else None
        words = prompts()
        what = labels().spoken_kind(card.kind if card else "callback")
        return words.whisper.format(what=what, where=(card.place if card else "") or words.whisper_where)

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


def _look_at(done: asyncio.Future[Any]) -> None:
    if not done.cancelled() and (problem := done.exception()):
        log.error("a hand-over was not kept: %s", problem)
