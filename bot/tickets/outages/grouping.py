"""When reports are one outage: distinct households of one transformer, several transformers of one feeder."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from bot.database import UTCDateTime
from bot.grid.models import Community, Household, Transformer
from bot.tickets.due import timers
from bot.tickets.intake.caller import Assurance
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Outage, OutageState, State, Ticket
from bot.tickets.outages import members
from bot.tickets.outages.members import ACTIVE
from bot.tickets.owed import paging
from bot.tickets.rules import Rules
from bot.tickets.shadow import PROPOSED
from bot.tickets.site_history import jump

#: what the conversation of an outage says instead of each report's own messages
REPORTED = ("reported", "unacknowledged")
#: a place of fewer characters says too little
_SHORTEST_PLACE = 3

# Prepared once: they run for every report of an outage.
_NET = (
    select(Household.transformer_id, Transformer.feeder_id, Household.months_owed)
    .join(Transformer, Transformer.id == Household.transformer_id)
    .where(Household.household_no == bindparam("household_no"))
)
_KNOWN = (
    select(Outage)
    .where(
        Outage.state.in_(ACTIVE),
        Outage.started_at <= bindparam("at", type_=UTCDateTime()),
        or_(Outage.transformer_id == bindparam("transformer_id"), Outage.feeder_id == bindparam("feeder_id")),
    )
    .order_by(Outage.planned, Outage.id)
)


@dataclass(frozen=True)
class Area:
    """Where a report hangs on the net (nowhere, when one household suffers alone), and the outage known there."""

    transformer_id: int | None = None
    feeder_id: int | None = None
    outage: Outage | None = None

    def standing(self, alone: bool = False) -> dict[str, Any]:
        """What a ticket is born with there; `alone`: whoever has the outage has not this."""
        values: dict[str, Any] = {"transformer_id": self.transformer_id, "outage_id": None}
        if self.outage is not None:
            values["outage_id"] = self.outage.id
            if self.outage.owner and not alone:
                values |= {"owner": self.outage.owner, "state": str(State.acknowledged)}
        return values


NOWHERE = Area()


def area_of(
    session: Session,
    kind: str,
    facts: Mapping[str, Any],
    household_no: str | None,
    grid_no: str | None,
    place: str,
    at: dt.datetime,
    rules: Rules,
) -> Area:
    """Where a report hangs on the net. Arrears, breakers, and who says that it is their home alone hang nowhere."""
    if kind != Kind.outage or _alone(facts):
        return NOWHERE
    net = where(session, household_no, grid_no, place)
    if net is None or max(net.months_owed, _months(facts)) >= rules.outages.arrears_months:
        return NOWHERE
    return Area(net.transformer_id, net.feeder_id, known(session, net.transformer_id, net.feeder_id, at, rules))


@dataclass(frozen=True)
class Net:
    """A place on the net."""

    transformer_id: int
    feeder_id: int
    months_owed: int = 0


def where(session: Session, household_no: str | None, grid_no: str | None, place: str) -> Net | None:
    """The transformer of a household; without one that of the place, when all that is there hangs on one."""
    if household_no:
        row = session.execute(_NET, {"household_no": household_no}).one_or_none()
        return Net(*row) if row else None
    place = place.replace(" ", "")
    if not grid_no or len(place) < _SHORTEST_PLACE:
        return None
    here = Household.compound.concat(Household.address)
    rows = session.execute(
        select(Household.transformer_id, Transformer.feeder_id)
        .distinct()
        .join(Transformer, Transformer.id == Household.transformer_id)
        .join(Community, Community.id == Household.community_id)
        .where(
            Household.grid_no == grid_no,
            or_(
                here.startswith(place, autoescape=True),
                Community.name.concat(here).startswith(place, autoescape=True),
            ),
        )
        .limit(2)
    ).all()
    return Net(*rows[0]) if len(rows) == 1 else None


def known(session: Session, transformer_id: int, feeder_id: int, at: dt.datetime, rules: Rules) -> Outage | None:
    """The outage that has begun there and is not over; a planned one ends a while after its announced end."""
    found = session.scalars(_KNOWN, {"at": at, "transformer_id": transformer_id, "feeder_id": feeder_id})
    return next((outage for outage in found if not _overrun(outage, at, rules)), None)


def known_in_grid(session: Session, grid_no: str, at: dt.datetime, rules: Rules, most: int) -> list[tuple[Outage, str]]:
    """What has begun in a grid and is not over, each with one community that it darkens there; the latest `most`."""
    begun = select(Outage).where(Outage.state.in_(ACTIVE), Outage.started_at <= at).order_by(Outage.started_at.desc())
    found: list[tuple[Outage, str]] = []
    for outage in session.scalars(begun):
        if len(found) == most:
            break
        if grid_no not in outage.grids or _overrun(outage, at, rules):
            continue
        here = (
            select(Community.name)
            .join(Household, Household.community_id == Community.id)
            .join(Transformer, Transformer.id == Household.transformer_id)
            .where(
                Household.grid_no == grid_no,
                Transformer.id == outage.transformer_id
                if outage.transformer_id
                else Transformer.feeder_id == outage.feeder_id,
            )
            .group_by(Community.name)
            .order_by(func.count().desc(), Community.name)
        )
        if community := session.scalar(here.limit(1)):
            found.append((outage, community))
    return found


def _overrun(outage: Outage, at: dt.datetime, rules: Rules) -> bool:
    """A planned outage that should long be over: nobody said so, but nobody is told of it any more."""
    end = outage.estimated_restore_at
    return bool(outage.planned and end is not None and at > end + dt.timedelta(minutes=rules.outages.overrun_min))


def _alone(facts: Mapping[str, Any]) -> bool:
    return facts.get("neighbours") == "yes" or facts.get("same_outage") == "no"


def _months(facts: Mapping[str, Any]) -> int:
    owed = facts.get("owed")
    months = owed.get("months") if isinstance(owed, Mapping) else None
    return months if isinstance(months, int) else 0


def take_in(session: Session, ticket: Ticket, area: Area, at: dt.datetime, rules: Rules) -> bool:
    """Let an outage speak for a new ticket: one that is known, or the one that this report completes.

    True when the ticket needs neither messages nor timers of its own. What is urgent keeps them."""
    if area.transformer_id is None or area.feeder_id is None:
        return False
    outage = area.outage
    if outage is None:
        outage = _complete(session, area.transformer_id, area.feeder_id, at, rules)
        if outage is None:
            return False
    else:
        members.tell_newest(session, outage, at, rules)
        if members.together(ticket) and members.lead(session, outage.id) == ticket.id:
            if outage.planned:
                members.wait_for_lead(session, outage, at, rules)
            else:
                timers.start(session, ticket, at, rules)
    return members.together(ticket)


def found_later(session: Session, ticket: Ticket, at: dt.datetime, rules: Rules) -> None:
    """Where a report belongs has become known after it was logged: it joins the outage that is known there."""
    if ticket.outage_id is not None or ticket.transformer_id is not None or ticket.state not in OPEN:
        return
    if PROPOSED in ticket.facts:
        return  # it waits for 对 or 改, and is asked again then
    area = area_of(session, ticket.kind, ticket.facts, ticket.household_no, ticket.grid_no, ticket.place, at, rules)
    if area.transformer_id is None:
        return
    ticket.transformer_id = area.transformer_id
    session.flush()
    if area.outage is not None:
        adopt(session, area.outage, [ticket], at, rules)
        members.tell_newest(session, area.outage, at, rules)


# ---- from reports to an outage ----------------------------------------------------------------------


@dataclass
class _Count:
    """Households told apart by number; without one by who called and from where, counted low."""

    numbers: set[str] = field(default_factory=set)
    callers: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    nameless: int = 0

    def of(self, tickets: Iterable[Ticket]) -> int:
        for ticket in sorted(tickets, key=lambda one: one.household_no is None):
            fresh = ticket.reporter not in self.callers and ticket.place not in self.places
            if ticket.household_no:
                self.numbers.add(ticket.household_no)
            elif fresh and (ticket.reporter or ticket.place):
                self.nameless += 1
            self.callers |= {ticket.reporter} - {""}
            self.places |= {ticket.place} - {""}
        return len(self.numbers) + self.nameless


def _complete(session: Session, transformer_id: int, feeder_id: int, at: dt.datetime, rules: Rules) -> Outage | None:
    """The outage that the reports of the last minutes make, the newest among them; None while they are too few."""
    since = at - dt.timedelta(minutes=rules.outages.window_min)
    tickets = list(
        session.scalars(
            select(Ticket)
            .where(
                Ticket.transformer_id == transformer_id,
                Ticket.opened_at > since,
                Ticket.outage_id.is_(None),
                Ticket.kind == Kind.outage,
                Ticket.state.in_(OPEN),
            )
            .order_by(Ticket.id)
        )
    )
    if _Count().of(tickets) < rules.outages.households or all(one.assurance == Assurance.typed for one in tickets):
        # What strangers typed is evidence beside one report that somebody vouches for, and none without it.
        return None
    started_at = min(ticket.opened_at for ticket in tickets)
    outage = declare(session, rules, at, started_at, transformer_id=transformer_id)
    outage.owner = next((one.owner for one in tickets if one.state != State.reported), None)
    adopt(session, outage, tickets, at, rules)
    wide = _widen(session, feeder_id, at, rules)
    members.speak(session, wide or outage, "outage_widened" if wide else "outage_opened", at)
    return wide or outage


def declare(
    session: Session,
    rules: Rules,
    at: dt.datetime,
    started_at: dt.datetime,
    transformer_id: int | None = None,
    feeder_id: int | None = None,
    planned: bool = False,
    cause: str = "",
    estimate: dt.datetime | None = None,
    owner: str | None = None,
) -> Outage:
    """Write an outage down and find out who takes part in its conversation. Says nothing yet."""
    outage = Outage(
        outage_no=uuid.uuid4().hex[:20],
        planned=planned,
        cause=cause[:200],
        transformer_id=transformer_id,
        feeder_id=feeder_id,
        grids=_grids(session, transformer_id, feeder_id),
        state=OutageState.announced if started_at > at else OutageState.open,
        started_at=started_at,
        estimated_restore_at=estimate,
        owner=owner,
        entered_at=at,
    )
    session.add(outage)
    session.flush()
    outage.outage_no = f"TD{started_at.astimezone(rules.hours.zone):%y%m%d}{outage.id + jump(session):04d}"
    outage.told = _people(session, outage.grids, at)
    session.flush()
    return outage


def _grids(session: Session, transformer_id: int | None, feeder_id: int | None) -> list[str]:
    query = select(Household.grid_no).distinct().order_by(Household.grid_no)
    if transformer_id is not None:
        query = query.where(Household.transformer_id == transformer_id)
    else:
        query = query.join(Transformer, Transformer.id == Household.transformer_id).where(
            Transformer.feeder_id == feeder_id
        )
    return list(session.scalars(query))


def _people(session: Session, grids: Sequence[str], at: dt.datetime) -> list[str]:
    """The manager of each grid, and the crew."""
    people = []
    places: Sequence[str | None] = grids or [None]
    for grid_no in places:
        owner = paging.roster(session, grid_no, at).owner_for(Kind.outage)
        people += [owner] if owner else []
        people += paging.crew(session, grid_no, at)
    return list(dict.fromkeys(person.staff_no for person in people))


def adopt(session: Session, outage: Outage, tickets: Sequence[Ticket], at: dt.datetime, rules: Rules) -> None:
    """Make these reports the outage's: it speaks for them, and the oldest one's timers wait for them all."""
    ids = [ticket.id for ticket in tickets]
    if not ids:
        return
    members.set_all(session, ids, outage_id=outage.id)
    members.note_all(session, ids, "joined", "gege", at, outage=outage.outage_no)
    kept = [one.id for one in tickets if paging.COMPLAINED_OF in one.facts]
    members.unsay(session, [id for id in ids if id not in kept], REPORTED, outage.outage_no)
    plain = [ticket.id for ticket in tickets if members.together(ticket)]
    if outage.owner:
        fresh = [one.id for one in tickets if one.state == State.reported and members.together(one)]
        members.set_all(session, fresh, state=State.acknowledged, owner=outage.owner, changed_at=at)
        members.note_all(session, fresh, "acknowledged", outage.owner, at, outage=outage.outage_no)
    first = members.lead(session, outage.id)
    members.stop_all(session, [id for id in plain if id != first], at)
    session.expire_all()


def reports_of(session: Session, at: dt.datetime, transformer_id: int | None, feeder_id: int | None) -> list[Ticket]:
    """Open reports there that no outage speaks for yet."""
    query = select(Ticket).where(
        Ticket.outage_id.is_(None), Ticket.kind == Kind.outage, Ticket.state.in_(OPEN), Ticket.opened_at <= at
    )
    if transformer_id is not None:
        query = query.where(Ticket.transformer_id == transformer_id)
    else:
        query = query.join(Transformer, Transformer.id == Ticket.transformer_id).where(
            Transformer.feeder_id == feeder_id
        )
    return list(session.scalars(query.order_by(Ticket.id)))


def _widen(session: Session, feeder_id: int, at: dt.datetime, rules: Rules) -> Outage | None:
    """Several transformers of a feeder are out: the oldest outage becomes the feeder's and takes the others in."""
    since = at - dt.timedelta(minutes=rules.outages.feeder_window_min)
    parts = parts_of(session, feeder_id, since)
    hanging = session.scalar(select(func.count(Transformer.id)).where(Transformer.feeder_id == feeder_id)) or 0
    if len({one.transformer_id for one in parts}) < max(2, min(rules.outages.transformers, hanging)):
        return None
    whole, *others = parts
    absorb(session, whole, others, at, rules)
    whole.transformer_id, whole.feeder_id = None, feeder_id
    whole.cause = whole.cause or next((one.cause for one in others if one.cause), "")
    whole.grids = _grids(session, None, feeder_id)
    whole.told = list(dict.fromkeys([*whole.told, *_people(session, whole.grids, at)]))
    session.flush()
    return whole


def parts_of(session: Session, feeder_id: int, since: dt.datetime | None = None) -> list[Outage]:
    """The outages of a feeder's transformers that nobody planned, the oldest first."""
    query = (
        select(Outage)
        .join(Transformer, Transformer.id == Outage.transformer_id)
        .where(Transformer.feeder_id == feeder_id, Outage.state == OutageState.open, Outage.planned.is_(False))
        .order_by(Outage.id)
        .with_for_update(of=Outage)
    )
    return list(session.scalars(query.where(Outage.started_at > since) if since else query))


def absorb(session: Session, whole: Outage, parts: Sequence[Outage], at: dt.datetime, rules: Rules) -> None:
    """One outage takes others in: their reports, their people, and what they still had to say."""
    for part in parts:
        ids = members.ids_of(session, Ticket.outage_id == part.id)
        open_ids = members.ids_of(session, Ticket.outage_id == part.id, Ticket.state.in_(OPEN))
        members.unsay(session, ids, ("outage_opened", "outage_update", "outage_widened", *REPORTED), whole.outage_no)
        members.note_all(session, open_ids, "joined", "gege", at, outage=whole.outage_no)
        members.set_all(session, ids, outage_id=whole.id)
        part.state, part.merged_into = OutageState.merged, whole.id
        whole.told = list(dict.fromkeys([*whole.told, *part.told]))
        whole.owner = whole.owner or part.owner
        whole.started_at = min(whole.started_at, part.started_at)
        whole.estimated_restore_at = whole.estimated_restore_at or part.estimated_restore_at
    session.flush()
    first = members.lead(session, whole.id)
    plain = [Ticket.outage_id == whole.id, members.TOGETHER, Ticket.state.in_(OPEN)]
    members.stop_all(session, [id for id in members.ids_of(session, *plain) if id != first], at)
    if whole.owner:
        fresh = members.ids_of(session, *plain, Ticket.state == State.reported)
        members.set_all(session, fresh, state=State.acknowledged, owner=whole.owner, changed_at=at)
        members.note_all(session, fresh, "acknowledged", whole.owner, at, outage=whole.outage_no)
    members.wait_for_lead(session, whole, at, rules)
