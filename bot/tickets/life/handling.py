"""What staff do to a ticket: one outcome, whoever presses, how often and when; with history, messages and timers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from bot.grid.leave import present
from bot.grid.models import Role, Staff
from bot.tickets import access, reading, shadow
from bot.tickets.cards import TicketRefused, TooLate
from bot.tickets.due import timers
from bot.tickets.facts import GROUPED
from bot.tickets.intake.kept import fit
from bot.tickets.life import opening
from bot.tickets.life.states import OPEN, TAKEN, may_follow
from bot.tickets.models import Kind, State, Ticket
from bot.tickets.outages import grouping, members
from bot.tickets.owed import asking, news, paging
from bot.tickets.rules import Rules

#: nothing follows any more
ENDED = (State.closed, State.cancelled, State.merged)
#: further ahead nobody can know when the supply is back
FARTHEST = dt.timedelta(days=60)
#: who looks at the number twice within this has rung once
SAME_RINGING = dt.timedelta(minutes=10)


class Done(NamedTuple):
    """Whether something was done now, and who did it when."""

    fresh: bool
    by: str
    since: dt.datetime


class Handling:
    """One command on one locked ticket, inside the caller's transaction; who may is asked before (access.py)."""

    def __init__(self, session: Session, ticket: Ticket, by: str, at: dt.datetime, rules: Rules) -> None:
        self.session = session
        self.ticket = ticket
        self.by = by
        self.at = at
        self.rules = rules

    # ---- commands -------------------------------------------------------------------------------

    def acknowledge(self, note: str = "") -> Done:
        """接单: the climb stops, whoever pressed owns it, everybody who had been told hears that."""
        self._worker()
        ticket = self.ticket
        if ticket.state in TAKEN:
            return self._earlier("acknowledged", "passed_on", "reopened", by=ticket.owner)
        self._go(State.acknowledged, note)
        ticket.owner = self.by
        timers.stop(self.session, ticket, self.at, paging.UNACKNOWLEDGED, paging.UNCONFIRMED)
        if shadow.PROPOSED in ticket.facts:
            # Whoever takes it has looked at it; an outage that it belongs to hears of it now.
            shadow.drop(ticket)
            grouping.found_later(self.session, ticket, self.at, self.rules)
        others = [one for one in reading.told(self.session, ticket) if one.staff_no != self.by]
        self._owe(others, "taken", urgent=False)
        self._news("news_acknowledged")
        members.acknowledged(self.session, ticket, self.by, self.at, self.rules)
        return self._now()

    def move(self, to: State, note: str = "") -> Done:
        """Bring the ticket to another state of its life."""
        ticket = self.ticket
        if to in (State.on_site, State.resolved):
            self._worker()
        if to in (State.closed, State.cancelled) and self.by == "resident" and ticket.kind == Kind.hazard:
            raise TicketRefused(f"{ticket.ticket_no} is a danger: staff look at it, whatever a resident says")
        if self.by == "resident" and to in (State.closed, State.cancelled) and GROUPED in ticket.facts:
            raise TicketRefused(
                f"{ticket.ticket_no} stands for many reports: staff look at it, whatever one of them says"
            )
        if ticket.state == to or (to is State.on_site and ticket.state == State.resolved):
            return self._earlier(str(ticket.state) if to is not State.reported else "reopened")
        outage = members.of(self.session, ticket)
        leading = outage is not None and members.lead(self.session, outage.id) == ticket.id
        asking.forget(self.session, ticket, self.at)
        self._go(to, note)
        if to is State.on_site:
            timers.set_deadline(self.session, ticket, self.at, self.rules)
            self._news("news_on_site")
            members.on_site(self.session, ticket, self.by, self.at, self.rules)
        elif to is State.resolved:
            timers.stop(self.session, ticket, self.at)
            if outage is not None and leading:
                members.restored(self.session, outage, self.by, self.at, self.rules, but=ticket)
            else:
                asking.rating(self.session, ticket, self.at, self.rules)
        elif to is State.reported:
            timers.start(self.session, ticket, self.at, self.rules)
            self.tell_owner("reopened", note)
        else:
            timers.stop(self.session, ticket, self.at)
            if to is State.cancelled:
                self.tell_owner("cancelled", note)
            if leading:
                members.left(self.session, ticket, self.at, self.rules)
        return self._now()

    def pass_on(self, to: Staff, reason: str) -> Done:
        """转派: somebody else has it, or whoever stands in for them; the state stays as it is."""
        ticket = self.ticket
        self._worker()
        if ticket.state not in OPEN:
            raise self._too_late()
        if to.role == Role.supervisor and ticket.kind != Kind.complaint:
            raise TicketRefused(f"{to.staff_no} is a supervisor, who watches {ticket.ticket_no} but cannot take it")
        here = present(self.session, to, self.at)
        if access.complained_of(here.staff_no, ticket):
            raise TicketRefused(f"{ticket.ticket_no} is a complaint about {here.staff_no}: somebody else has it")
        if ticket.owner == here.staff_no:
            raise TicketRefused(f"{here.staff_no} has {ticket.ticket_no} already")
        detail = {"from": ticket.owner, "to": here.staff_no}
        if here is not to:
            detail["for"] = to.staff_no
        ticket.owner, ticket.changed_at = here.staff_no, self.at
        self._note("passed_on", reason, detail)
        self._owe([here], "passed_on", {"note": reason})
        self._news("news_passed_on")
        members.passed_on(self.session, ticket, here.staff_no, self.at)
        return self._now()

    def estimate(self, restore_at: dt.datetime, note: str = "") -> Done:
        """预计时间: when it will be done, as staff think now; the resident is told."""
        self._worker()
        if restore_at.tzinfo is None:
            raise TicketRefused("the estimated time needs a time zone")
        if self.ticket.state not in OPEN:
            raise self._too_late()
        said = restore_at.astimezone(dt.UTC).isoformat(timespec="minutes")
        last = reading.last_activity(self.session, self.ticket, "estimated", "reopened")
        if last is not None and last.kind == "estimated" and last.detail["restore_at"] == said:
            return Done(False, last.by, last.at)
        if not self.at < restore_at <= self.at + FARTHEST:
            raise TicketRefused("the estimated time must lie ahead, within 60 days")
        self._note("estimated", note, {"restore_at": said})
        self.tell_owner("estimated", note, {"restore_at": said})
        self._news("news_estimate", {"restore_at": said})
        if outage := members.of(self.session, self.ticket):
            members.estimated(self.session, outage, restore_at, self.by, self.at, self.rules, but=self.ticket)
            members.tell_newest(self.session, outage, self.at, self.rules)
        return self._now()

    def call_crew(self, note: str = "") -> Done:
        """叫抢修班: the crew is told at whatever hour; once, until the ticket is reopened."""
        self._worker()
        if self.ticket.state not in OPEN:
            raise self._too_late()
        last = reading.last_activity(self.session, self.ticket, "crew_called", "reopened")
        if last is not None and last.kind == "crew_called":
            return Done(False, last.by, last.at)
        people = paging.crew(self.session, self.ticket.grid_no, self.at)
        if not people:
            raise TicketRefused("there is neither a crew nor a team nor a duty desk on the staff list")
        self._note("crew_called", note, {"told": [person.staff_no for person in people]})
        paging.owe(
            self.session,
            self.ticket,
            people,
            "crew_called",
            self.at,
            {"note": note},
            urgent=True,
            rules=self.rules,
            hold=False,
        )
        self.tell_owner("crew_on_the_way", note)
        return self._now()

    def comment(self, note: str) -> Done:
        """A word for the history; the owner reads it as well."""
        if not note.strip():
            raise TicketRefused("a comment needs words")
        if self.ticket.state in ENDED:
            raise self._too_late()
        last = reading.last_activity(self.session, self.ticket, "commented")
        if last is not None and (last.by, last.note) == (self.by, fit(note)):
            return Done(False, last.by, last.at)
        self._note("commented", note)
        self.tell_owner("commented", note)
        return self._now()

    def rang(self, note: str) -> Done:
        """打电话: who looked at the number, or rang it (`note`: how that ended), so that the next one knows; nobody is
        told."""
        self._worker()
        last = reading.last_activity(self.session, self.ticket, "rang")
        again = last is not None and last.by == self.by and dt.timedelta(0) <= self.at - last.at < SAME_RINGING
        if again and last is not None and not note:
            return Done(False, last.by, last.at)
        self._note("rang", note)
        return self._now()

    def talked(self, note: str) -> Done:
        """A word between a resident and staff, relayed by the bot: history only, both have read it."""
        self._note("talked", note)
        return self._now()

    def write(self, kind: str, note: str, detail: Mapping[str, Any]) -> None:
        """A line of the history that staff alone write, and nobody is told of."""
        self._worker()
        self._note(kind, note, detail)

    def tell_owner(self, template: str, note: str, detail: Mapping[str, Any] | None = None) -> None:
        """The owner, or who stands in, reads `template`; not when it was the owner who did it."""
        owner = paging.owner_of(self.session, self.ticket, self.at)
        if owner is not None and self.by not in (owner.staff_no, self.ticket.owner):
            self._owe([owner], template, {"note": note, **(detail or {})})

    # ---- the rules behind them ------------------------------------------------------------------

    def _worker(self) -> None:
        """Raises TicketRefused for a resident: this is done by staff alone."""
        access.known(self.session, self.by)

    def _go(self, to: State, note: str = "") -> None:
        ticket = self.ticket
        if ticket.state in ENDED:
            raise self._too_late()
        if not may_follow(ticket.state, to):
            raise TicketRefused(f"{ticket.ticket_no} is {ticket.state} and cannot become {to}")
        self._note("reopened" if to is State.reported else str(to), note, {"from": ticket.state})
        ticket.state, ticket.changed_at = to, self.at

    def _too_late(self) -> TooLate:
        state = str(self.ticket.state)
        ended = reading.last_activity(self.session, self.ticket, state)
        by, since = (ended.by, ended.at) if ended else ("gege", self.ticket.changed_at)
        return TooLate(self.ticket.ticket_no, state, by, since)

    def _earlier(self, *kinds: str, by: str | None = None) -> Done:
        last = reading.last_activity(self.session, self.ticket, *kinds)
        if last is None:
            return Done(False, by or "gege", self.ticket.changed_at)
        return Done(False, by or last.by, last.at)

    def _now(self) -> Done:
        return Done(True, self.by, self.at)

    def _note(self, kind: str, note: str = "", detail: Mapping[str, Any] | None = None) -> None:
        opening.note(self.session, self.ticket, kind, self.by, self.at, note, detail)

    def _owe(
        self,
        people: list[Staff],
        template: str,
        detail: dict[str, Any] | None = None,
        urgent: bool | None = None,
    ) -> None:
        paging.owe(self.session, self.ticket, people, template, self.at, detail, urgent, self.rules)

    def _news(self, template: str, detail: dict[str, Any] | None = None) -> None:
        news.tell(self.session, self.ticket, template, self.at, self.rules, detail)
