"""Opening a ticket: number, row, first activity, outbox rows and timer inside the caller's transaction."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, insert, select, text
from sqlalchemy.orm import Session

from bot.grid.models import Grid, Household, Role, Staff
from bot.tickets import shadow
from bot.tickets.cards import Report
from bot.tickets.due import timers
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.kept import fit, keep
from bot.tickets.life.complaints import complained_in, complained_of_before, owner_but
from bot.tickets.models import Activity, Kind, State, Ticket
from bot.tickets.outages import grouping
from bot.tickets.owed import paging
from bot.tickets.rules import Rules, usual_rules

# Prepared once: building and compiling a statement costs more than running it, and the dialects' own
# ON CONFLICT inserts are compiled anew each time.
_NEXT = text(
    "INSERT INTO ticket_number (day, last) VALUES (:day, 1)"
    " ON CONFLICT (day) DO UPDATE SET last = ticket_number.last + 1 RETURNING last"
)
_OF_UTTERANCE = select(Ticket).where(Ticket.utterance_id == bindparam("utterance_id"), Ticket.kind == bindparam("kind"))
_GRID = select(Grid.grid_no).where(Grid.grid_no == bindparam("grid_no"))
_GRID_OF_HOUSEHOLD = select(Household.grid_no).where(Household.household_no == bindparam("household_no"))
_OPEN = insert(cast(Table, Ticket.__table__)).returning(Ticket.id)
_NOTE = insert(cast(Table, Activity.__table__))


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON can keep them; what it cannot (a date, an amount) becomes its words."""
    kept: dict[str, Any] = json.loads(fit(json.dumps(dict(facts), ensure_ascii=False, default=str)))
    return kept


def next_number(session: Session, at: dt.datetime, zone: dt.tzinfo) -> str:
    """GD, the day in the site's `zone` as yymmdd, the running number of the day; a number is taken once whoever else writes."""
    day = at.astimezone(zone).strftime("%y%m%d")
    return f"GD{day}{session.connection().execute(_NEXT, {'day': day}).scalar_one():04d}"


def of_utterance(session: Session, utterance_id: str | None, kind: str) -> Ticket | None:
    """The ticket of a kind that an utterance has already made; what was said of two matters makes two."""
    if utterance_id is None:
        return None
    return session.scalar(_OF_UTTERANCE, {"utterance_id": utterance_id, "kind": str(kind)})


def situate(session: Session, household_no: str | None, grid_no: str | None) -> tuple[str | None, str | None]:
    """Household and grid that exist: an unknown number becomes None, a known household names its grid."""
    served_by = session.scalar(_GRID_OF_HOUSEHOLD, {"household_no": household_no}) if household_no else None
    if grid_no:
        grid_no = session.scalar(_GRID, {"grid_no": grid_no})
    return (household_no if served_by else None), grid_no or served_by


class Opened(NamedTuple):
    """The ticket of a report, its owner where it is at hand, and whether the ticket is new.

    A new ticket is a copy of the row, not the session's own: to read, not to change."""

    ticket: Ticket
    owner: Staff | None
    fresh: bool


def open_ticket(session: Session, report: Report, at: dt.datetime, rules: Rules | None = None) -> Opened:
    """Open the ticket of a report, or find the one that its utterance made. Nothing is committed here."""
    rules = rules or usual_rules()
    if report.utterance_id is not None:
        fresh = keep(session, Heard(report.utterance_id, report.session, report.said, caller=report.caller), at)
        if not fresh and (earlier := of_utterance(session, report.utterance_id, report.kind)):
            return Opened(earlier, None, False)
    facts = plain(report.facts)
    people = paging.roster(session, report.grid_no, at) if report.grid_no else paging.Roster()
    if people.grid and not report.household_no:
        household_no, grid_no = None, report.grid_no  # somebody serves it: it exists
    else:
        household_no, grid_no = situate(session, report.household_no, report.grid_no)
    if not people.grid or grid_no != report.grid_no:
        people = paging.roster(session, grid_no, at)
    # What names no row is still something that was said: it must not vanish with the foreign key.
    if report.household_no and household_no is None:
        facts.setdefault("household_no_said", report.household_no)
    if report.grid_no and grid_no != report.grid_no:
        facts.setdefault("grid_no_said", report.grid_no)
    owner = people.owner_for(report.kind)
    before = complained_of_before(session, fit(report.session, 80), at)
    if about := list(dict.fromkeys([*before, *complained_in(session, report.kind, report.said, facts, people)])):
        facts[paging.COMPLAINED_OF] = about
        owner = owner_but(people, report.kind, about)
        people = people.without(about)
    # On PostgreSQL the day's row stays locked from here to the commit: reports are counted one after the other.
    ticket_no = next_number(session, at, rules.hours.zone)
    area = grouping.area_of(session, report.kind, facts, household_no, grid_no, report.place, at, rules)
    urgent = report.urgent or report.kind == Kind.hazard
    # What a known outage takes in is told to nobody anew: there is nothing to confirm.
    waits = area.outage is None and shadow.waits(session, report.kind, urgent, grid_no, facts)
    if waits:
        facts[shadow.PROPOSED] = shadow.proposal(report.kind, grid_no, household_no)
        area = grouping.NOWHERE
    values: dict[str, Any] = {
        "ticket_no": ticket_no,
        "kind": str(report.kind),
        "state": str(State.reported),
        "urgent": urgent,
        "grid_no": grid_no,
        "household_no": household_no,
        "reporter": fit(report.caller.address, 80),
        "channel": str(report.caller.channel),
        "assurance": str(report.caller.assurance),
        "session": fit(report.session, 80),
        "place": fit(report.place, 300),
        "householder": fit(report.householder, 80),
        "said": fit(report.said),
        "facts": facts,
        "owner": owner.staff_no if owner else None,
        "utterance_id": report.utterance_id,
        "opened_at": at,
        "changed_at": at,
        **area.standing(alone=bool(about)),
    }
    ticket = Ticket(id=session.connection().execute(_OPEN, values).scalar_one(), **values)
    if waits:
        asked = people.told((Role.manager, Role.duty), owner, urgent)
        note(session, ticket, "reported", "resident", at, detail={"told": [person.staff_no for person in asked]})
        paging.owe(session, ticket, asked, "to_confirm", at, rules=rules)
        timers.start(session, ticket, at, rules, confirmed=False)
        return Opened(ticket, owner, True)
    spoken_for = grouping.take_in(session, ticket, area, at, rules)
    told = [] if spoken_for else people.told(paging.paging_of(ticket).at_once, owner, ticket.urgent)
    detail: dict[str, Any] = {"told": [person.staff_no for person in told]}
    if area.outage is not None:
        detail["outage"] = area.outage.outage_no
    note(session, ticket, "reported", "resident", at, detail=detail)
    if spoken_for:
        if area.outage is None:
            ticket = session.get_one(Ticket, ticket.id)  # the outage has just come into being, and taken it in
        return Opened(ticket, owner if owner and owner.staff_no == ticket.owner else None, True)
    paging.owe(session, ticket, told, "reported", at, rules=rules)
    if ticket.kind in paging.UNHEARD and rules.tells(ticket, Role.duty, at) > at:
        desk = [person for person in people.desk if person not in told]
        paging.owe(session, ticket, desk, "reported", at, rules=rules, hold=False)
    timers.start(session, ticket, at, rules)
    return Opened(ticket, owner, True)


def note(
    session: Session,
    ticket: Ticket,
    kind: str,
    by: str,
    at: dt.datetime,
    words: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write one line of the ticket's history."""
    session.connection().execute(
        _NOTE,
        {
            "ticket_id": ticket.id,
            "at": at,
            "kind": kind,
            "by": fit(by, 40),
            "note": fit(words),
            "detail": plain(detail or {}),
        },
    )
