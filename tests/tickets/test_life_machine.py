"""A ticket under any order of hands, words, times and clocks: it keeps its rules, and nobody forgets it."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from bot.database import Database
from bot.tickets.desk import TicketDesk, TicketRefused
from bot.tickets.due import timers
from bot.tickets.life.states import FOLLOWS, OPEN
from bot.tickets.models import State, Ticket, Timer
from bot.tickets.owed.paging import UNACKNOWLEDGED
from bot.tickets.presses import Button
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage

#: manager and assistant of the grid, another grid's manager, duty, a supervisor, nobody
HANDS = st.sampled_from(["M1", "A1", "M2", "D1", "S1", "nobody"])
BUTTONS = st.sampled_from([one for one in Button if one not in (Button.estimate, Button.pass_on)])
WORDS = st.sampled_from(["", "快点", "<b>好了</b>", "\x00", "停电了" * 50, "‮了好"])
#: these change the state, and every one of them is written down
MOVES = {"acknowledged", "on_site", "resolved", "reopened", "closed", "cancelled", "merged"}


class Life(RuleBasedStateMachine):
    """One danger and one outage of one evening. `county` is set by the test."""

    county: Database
    count = 0

    @initialize()
    def begin(self) -> None:
        Life.count += 1
        self.at = AT + dt.timedelta(days=Life.count)
        self.desk = TicketDesk(self.county)
        session = f"life-{Life.count}"
        reports = (hazard(session=session, place="沿河路206号"), outage(session=session, place="沿河路206号"))
        self.numbers = [self.desk.report(report, self.at).ticket_no for report in reports]
        self.lengths = dict.fromkeys(self.numbers, 0)

    @rule(which=st.booleans(), hand=HANDS, button=BUTTONS, word=WORDS)
    def press(self, which: bool, hand: str, button: Button, word: str) -> None:
        with contextlib.suppress(TicketRefused):
            self.desk.press(self.numbers[which], button, hand, note=word, at=self.at)

    @rule(which=st.booleans(), hand=HANDS, to=HANDS)
    def pass_on(self, which: bool, hand: str, to: str) -> None:
        with contextlib.suppress(TicketRefused):
            self.desk.pass_on(self.numbers[which], to, hand, at=self.at)

    @rule(which=st.booleans(), does=st.sampled_from(["close", "cancel", "reopen"]), word=WORDS)
    def resident(self, which: bool, does: str, word: str) -> None:
        with contextlib.suppress(TicketRefused):
            getattr(self.desk, does)(self.numbers[which], note=word, at=self.at)

    @rule(
        which=st.booleans(),
        word=WORDS,
        place=st.sampled_from(["", "古井街1号"]),
        grid=st.sampled_from([None, "7", "nowhere"]),
    )
    def says_more(self, which: bool, word: str, place: str, grid: str | None) -> None:
        number = self.numbers[which]
        self.desk.add(number, note=word, place=place, grid_no=grid, at=self.at)
        self.desk.called_again(number, word, at=self.at)
        if place:
            self.desk.correct_place(number, place=place, grid_no=grid, at=self.at)

    @rule(after=st.sampled_from([0.5, 4, 11, 300, 3000]))
    def time_passes(self, after: float) -> None:
        self.at += minutes(after)
        timers.fire_due(self.county, self.at)

    @invariant()
    def history_only_grows_and_tells_a_legal_life(self) -> None:
        for number in self.numbers:
            history = self.desk.activities(number)
            assert len(history) >= self.lengths[number]
            self.lengths[number] = len(history)
            state = State.reported
            for one in history:
                if one.kind in MOVES and one.detail.get("from"):
                    to = State.reported if one.kind == "reopened" else State(one.kind)
                    assert State(one.detail["from"]) == state and to in FOLLOWS[state], (number, one)
                    state = to
            card = self.desk.ticket(number)
            assert card is not None and (card.state == state or card.state == State.acknowledged)

    @invariant()
    def nobodys_word_ends_a_danger(self) -> None:
        for one in self.desk.activities(self.numbers[0]):
            assert not (one.kind in ("closed", "cancelled") and one.by == "resident")
        card = self.desk.ticket(self.numbers[0])
        assert card is not None and card.urgent

    @invariant()
    def what_nobody_has_taken_climbs_and_what_is_over_is_quiet(self) -> None:
        waiting = select(func.count()).where(Timer.kind == UNACKNOWLEDGED, Timer.done_at.is_(None))
        with self.county.reading() as session:
            for number in self.numbers:
                ticket = session.scalars(select(Ticket).where(Ticket.ticket_no == number)).one()
                count = session.scalar(waiting.where(Timer.ticket_id == ticket.id)) or 0
                if ticket.state == State.reported:
                    told = {one.staff_no for one in self.desk.notifications(number)}
                    assert count == 1 or len(told) >= 2, f"{number}: nobody will be told any more"
                elif ticket.state not in OPEN:
                    assert count == 0, f"{number} is {ticket.state} and still climbs"
                assert ticket.owner, number


@pytest.mark.slow
@on_sqlite
def test_a_ticket_keeps_its_rules_in_any_order(county: Database, tmp_path: Path) -> None:
    Life.county = county
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=8, stateful_step_count=12, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
        ),
    )  # fmt: skip
