"""What residents answer when they are asked: the light is on or not, they are content or not."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.grid.models import Role
from bot.tickets import reading
from bot.tickets.cards import Report, TicketCard, TicketRefused
from bot.tickets.intake.kept import fit
from bot.tickets.life import opening
from bot.tickets.life.handling import Handling
from bot.tickets.models import Kind, Outage, Rating, State, Ticket, Timer
from bot.tickets.owed import asking, owed_calls, paging
from bot.tickets.owed.owed_calls import LIGHT_ON
from bot.tickets.reporter import Reporter
from bot.tickets.rules import Rules


class Answer(enum.StrEnum):
    """What a press or a sentence says; also the verbs of the buttons (bot/tickets/owed/asking.yml)."""

    good = "good"
    fair = "fair"
    bad = "bad"
    not_fixed = "not_fixed"
    lit = "lit"
    dark = "dark"


RATINGS = (Answer.good, Answer.fair, Answer.bad)


@dataclass(frozen=True)
class Answered:
    """The ticket as it stands after the answer; `fresh` is false when the same was said before."""

    ticket: TicketCard
    answer: str
    fresh: bool
    #: "dark": the number of the ticket that it opened
    opened: str = ""


class Answers:
    """Takes residents' answers; each is one transaction.

    `reporter` is who answers; somebody else's ticket is refused with `TicketRefused`. Who telephones on behalf of the
    service, or shows a link of its own, passes no reporter."""

    def __init__(self, database: Database, owed: Callable[[], None], rules: Rules) -> None:
        self._database = database
        self._owed = owed
        self._rules = rules

    # ---- commands -------------------------------------------------------------------------------

    def press(self, data: str, reporter: Reporter, comment: str = "", at: dt.datetime | None = None) -> Answered:
        """A button: `good:GD2611230001`. Raises TicketRefused for what is no button of this resident's."""
        verb, _, ticket_no = data.partition(":")
        if verb not in Answer.__members__ or not reporter.known:
            raise TicketRefused("that is no button of this resident's")
        return self.answer(ticket_no, Answer(verb), reporter, comment, at)

    def answer(
        self,
        ticket_no: str,
        answer: Answer | str,
        reporter: Reporter | None = None,
        comment: str = "",
        at: dt.datetime | None = None,
    ) -> Answered:
        """What the resident says about a ticket that staff have resolved. The same twice changes nothing; a
        second rating within the time for it replaces the first."""
        at = at or now()
        answer = Answer(answer)
        with self._database.session() as session:
            asked = select(Ticket).where(Ticket.ticket_no == ticket_no).with_for_update()
            if reporter is not None:
                asked = asked.where(reporter.owns())
            ticket = session.scalar(asked) if reporter is None or reporter.known else None
            if ticket is None:
                raise TicketRefused(f"there is no ticket {ticket_no} of this resident's")
            it = Handling(session, ticket, "resident", at, self._rules)
            opened = ""
            if answer in RATINGS:
                fresh = self._rate(it, answer, comment)
            elif answer is Answer.not_fixed:
                fresh = self._not_fixed(it, comment)
            elif answer is Answer.lit:
                fresh = self._lit(it)
            else:
                opened = self._dark(it, comment)
                fresh = bool(opened)
            found = Answered(reading.card(session, ticket), str(answer), fresh, opened)
        if found.fresh:
            self._owed()
        return found

    # ---- questions ------------------------------------------------------------------------------

    def awaited(self, reporter: Reporter) -> tuple[TicketCard, str] | None:
        """(ticket, "light" or "rating") of what a resident was last asked and has not answered."""
        if not reporter.known:
            return None
        with self._database.reading() as session:
            ticket = session.scalar(
                select(Ticket)
                .where(reporter.owns(), Ticket.state == State.resolved)
                .order_by(Ticket.changed_at.desc(), Ticket.id.desc())
                .limit(1)
            )
            if ticket is None:
                return None
            return reading.card(session, ticket), "light" if _waits_for_light(session, ticket) else "rating"

    def ratable(self, reporter: Reporter) -> TicketCard | None:
        """The resident's last ticket that has been resolved (or closed since)."""
        if not reporter.known:
            return None
        with self._database.reading() as session:
            ticket = session.scalar(
                select(Ticket)
                .where(reporter.owns(), Ticket.state.in_((State.resolved, State.closed)))
                .order_by(Ticket.changed_at.desc(), Ticket.id.desc())
                .limit(1)
            )
            return reading.card(session, ticket) if ticket else None

    # ---- the rules behind them ------------------------------------------------------------------

    def _rate(self, it: Handling, answer: Answer, comment: str) -> bool:
        session, ticket, at = it.session, it.ticket, it.at
        if ticket.state not in (State.resolved, State.closed):
            raise TicketRefused(f"{ticket.ticket_no} is {ticket.state}: it is too early, or too late, to be rated")
        row = session.scalar(select(Rating).where(Rating.ticket_id == ticket.id).order_by(Rating.id.desc()).limit(1))
        late = row is not None and at - row.asked_at > dt.timedelta(days=self._rules.ratings.unrated_days)
        if late and ticket.state == State.closed:
            raise TicketRefused(f"{ticket.ticket_no} was asked about too long ago")
        if row is None:
            row = Rating(ticket_id=ticket.id, asked_at=at)
            session.add(row)
        comment = fit(comment, 1000)
        if row.answer == answer and (not comment or comment == row.comment):
            return False
        told = row.answer == Answer.bad
        row.answer, row.comment, row.answered_at = str(answer), comment or row.comment, at
        opening.note(session, ticket, "rated", "resident", at, comment, {"answer": str(answer)})
        owed_calls.drop(session, ticket.id, at, "answered")
        if answer is Answer.bad:
            if not told:
                self._tell_supervisor(it, comment)
        elif ticket.state == State.resolved and ticket.kind != Kind.hazard:
            # Danger is closed by nobody's contentment: it rests until its time is over, or staff look again.
            it.move(State.closed, comment)
        return True

    def _tell_supervisor(self, it: Handling, comment: str) -> None:
        """不满意 is supervised at once; without a supervisor the duty desk looks at it."""
        people = paging.people_of(it.session, it.ticket, it.at)
        found = people.grid.get(Role.supervisor) or people.desk
        detail = {"note": comment, "rated": Answer.bad.value}
        paging.owe(
            it.session, it.ticket, found, "dissatisfied", it.at, detail, urgent=False, rules=self._rules, hold=False
        )

    def _not_fixed(self, it: Handling, comment: str) -> bool:
        """It is not settled after all: the manager has it again. From an outage a ticket of its own comes instead."""
        if it.ticket.state != State.resolved:
            if it.ticket.state == State.reported:
                return False
            raise TicketRefused(f"{it.ticket.ticket_no} is {it.ticket.state} and cannot be reopened")
        if _waits_for_light(it.session, it.ticket):
            return bool(self._dark(it, comment))
        return it.move(State.reported, comment).fresh

    def _lit(self, it: Handling) -> bool:
        """The light is on: everything that this resident reported of the outage is settled."""
        fresh = self._settle(it, "")
        if fresh:
            asking.rating_after_light(it.session, it.ticket, it.at, self._rules)
        return fresh

    def _dark(self, it: Handling, comment: str) -> str:
        """The light is not on: that is another fault, with a ticket of its own. Its number; "" when it was said before."""
        session, ticket = it.session, it.ticket
        outage = session.get(Outage, ticket.outage_id) if ticket.outage_id else None
        if not self._settle(it, comment):
            return ""
        report = Report(
            kind=str(ticket.kind),
            said=comment or ticket.said,
            session=ticket.session,
            caller=reading.card(session, ticket).caller,
            place=ticket.place,
            householder=ticket.householder,
            household_no=ticket.household_no,
            grid_no=ticket.grid_no,
            facts={**ticket.facts, "still_dark": outage.outage_no if outage else True},
            urgent=ticket.urgent,
        )
        fresh = opening.open_ticket(session, report, it.at, self._rules).ticket
        opening.note(session, ticket, "followed", "resident", it.at, "", {"ticket": fresh.ticket_no})
        return fresh.ticket_no

    def _settle(self, it: Handling, comment: str) -> bool:
        """Close all that this resident reported of the outage; False when it was closed before."""
        session, ticket = it.session, it.ticket
        if ticket.state != State.resolved:
            return False
        same = [ticket]
        reporter = Reporter.of(ticket)
        if ticket.outage_id and reporter.known:
            same = list(
                session.scalars(
                    select(Ticket)
                    .where(
                        Ticket.outage_id == ticket.outage_id,
                        reporter.owns(),
                        Ticket.state == State.resolved,
                    )
                    .order_by(Ticket.id)
                    .with_for_update()
                )
            )
        for one in same:
            owed_calls.drop(session, one.id, it.at, "answered")
            Handling(session, one, "resident", it.at, self._rules).move(State.closed, comment)
        return True


def _waits_for_light(session: Session, ticket: Ticket) -> bool:
    waiting = select(Timer.id).where(Timer.ticket_id == ticket.id, Timer.kind == LIGHT_ON, Timer.done_at.is_(None))
    return session.scalar(waiting.limit(1)) is not None
