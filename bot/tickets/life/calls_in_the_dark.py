"""Who called from an outage that is known, said nothing and hung up: one list of numbers for whoever has it, not a ticket a call.

Seven hundred tickets of one night are read by nobody; a list is rung from the top."""

from __future__ import annotations

import dataclasses
import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.foundation.phone_numbers import phone_digits
from bot.grid.contacts import PHONE
from bot.grid.models import Contact, HouseholdContact
from bot.tickets import reading
from bot.tickets.cards import Report
from bot.tickets.life.calling_again import also_called
from bot.tickets.life.handling import Handling
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Outage, Ticket
from bot.tickets.outages import grouping
from bot.tickets.rules import Rules

#: whoever has the list is told of further numbers no more often than this
_TOLD_AGAIN = dt.timedelta(minutes=10)


def on_the_list(
    session: Session, reports: list[Report], at: dt.datetime, rules: Rules
) -> tuple[Ticket | None, list[Report]]:
    """(the open list that a call has gone to, the reports that are still to be opened): a bare call-back out of a known
    outage goes to its list, or begins it; anything else stays as it is."""
    if len(reports) != 1 or not _bare(reports[0]):
        return None, reports
    outage = _outage_of(session, reports[0], at, rules)
    if outage is None:
        return None, reports
    (report,) = reports
    name = f"calls-{outage.outage_no}"
    ticket = session.scalar(
        select(Ticket)
        .where(Ticket.session == name, Ticket.kind == Kind.callback, Ticket.state.in_(OPEN))
        .order_by(Ticket.id.desc())
        .limit(1)
        .with_for_update()
    )
    if ticket is None:
        return None, [dataclasses.replace(report, session=name)]
    it = Handling(session, ticket, "gege", at, rules)
    before = reading.last_activity(session, ticket, "also_reported")
    quiet_since = before.at if before is not None else ticket.opened_at
    also_called(it, report.caller, tell=at - quiet_since >= _TOLD_AGAIN)
    return ticket, []


def _bare(report: Report) -> bool:
    """Nothing is known of the call but who called, and where."""
    empty = not (report.said or report.place or report.household_no or report.urgent or "tickets" in report.facts)
    return report.kind == Kind.callback and bool(report.caller.address) and empty


def _outage_of(session: Session, report: Report, at: dt.datetime, rules: Rules) -> Outage | None:
    """The outage at the one house that the number belongs to; of other numbers the latest in the grid that was dialled."""
    homes = session.scalars(
        select(HouseholdContact.household_no)
        .join(Contact, Contact.id == HouseholdContact.contact_id)
        .where(Contact.channel == PHONE, Contact.address == phone_digits(report.caller.address))
        .limit(2)
    ).all()
    if len(homes) == 1 and (net := grouping.where(session, homes[0], None, "")):
        return grouping.known(session, net.transformer_id, net.feeder_id, at, rules)
    if report.grid_no is None:
        return None
    return next((outage for outage, _ in grouping.known_in_grid(session, report.grid_no, at, rules, 1)), None)
