"""Dated substitution: who is on leave, who stands in, and never in a circle."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.grid.models import Role, Staff, Substitution


class LeaveRefused(Refused):
    """This substitution cannot be; the message says what stands against it."""


@dataclass(frozen=True)
class Leave:
    """One leave; from `begins_at` up to, not including, `ends_at`."""

    staff_no: str
    name: str
    stands_in: str
    stands_in_name: str
    begins_at: dt.datetime
    ends_at: dt.datetime


_AWAY = select(Substitution.staff_no, Substitution.stands_in).where(
    Substitution.begins_at <= bindparam("at"), Substitution.ends_at > bindparam("at")
)


def away(session: Session, at: dt.datetime) -> dict[str, str]:
    """Who is on leave at `at`, and who stands in for each (who may be on leave as well)."""
    return {row.staff_no: row.stands_in for row in session.execute(_AWAY, {"at": at})}


def substitute(staff_no: str, leaves: dict[str, str]) -> str:
    """Who is there in place of `staff_no`: the chain is followed to its end; a circle leads nowhere."""
    seen = {staff_no}
    found = staff_no
    while found in leaves:
        found = leaves[found]
        if found in seen:
            # Refused when written; two writers at the same moment could still have closed one.
            return staff_no
        seen.add(found)
    return found


def places_of(session: Session, staff_no: str, at: dt.datetime) -> frozenset[str]:
    """Whose places somebody has at `at`: their own, and those of everybody whom they stand in for."""
    leaves = away(session, at)
    return frozenset(no for no in leaves if substitute(no, leaves) == staff_no) | {staff_no}


def present(session: Session, person: Staff, at: dt.datetime) -> Staff:
    """The person, or whoever stands in at `at`."""
    leaves = away(session, at)
    if person.staff_no not in leaves:
        return person
    return session.get_one(Staff, substitute(person.staff_no, leaves))


def write_leave(
    database: Database, staff_no: str, stands_in: str, begins_at: dt.datetime, ends_at: dt.datetime
) -> Leave:
    """Write a leave down. Raises LeaveRefused for a circle, an overlap, an outsider, somebody unknown."""
    with database.session() as session:
        # Locked in one order: of two leaves written at the same moment the second sees the first.
        found = session.scalars(
            select(Staff).where(Staff.staff_no.in_((staff_no, stands_in))).order_by(Staff.staff_no).with_for_update()
        )
        known = {one.staff_no: one for one in found}
        person, other = (_known(known.get(number), number) for number in (staff_no, stands_in))
        if staff_no == stands_in:
            raise LeaveRefused(f"{staff_no} cannot stand in for themselves")
        if begins_at >= ends_at:
            raise LeaveRefused("the leave ends before it begins")
        if (person.role == Role.supervisor) != (other.role == Role.supervisor):
            raise LeaveRefused("a supervisor is no employee: supervisors stand in for supervisors, staff for staff")
        rows = list(session.scalars(select(Substitution).where(Substitution.ends_at > begins_at)))
        if taken := next((row for row in rows if row.staff_no == staff_no and row.begins_at < ends_at), None):
            raise LeaveRefused(
                f"{staff_no} is on leave already from {taken.begins_at:%Y-%m-%d %H:%M} UTC, "
                f"{taken.stands_in} stands in: end that one first (--back)"
            )
        if circle := _circle(staff_no, stands_in, begins_at, ends_at, rows):
            raise LeaveRefused(f"that is a circle: {' → '.join([staff_no, *circle])}")
        session.add(Substitution(staff_no=staff_no, stands_in=stands_in, begins_at=begins_at, ends_at=ends_at))
        return Leave(staff_no, person.name, stands_in, other.name, begins_at, ends_at)


def come_back(database: Database, staff_no: str, at: dt.datetime) -> list[Leave]:
    """End the leave that goes on at `at`, and drop those that were to come; what was ended."""
    with database.session() as session:
        _known(session.get(Staff, staff_no), staff_no)
        ended = [one for one in _leaves(session, at) if one.staff_no == staff_no]
        for row in session.scalars(
            select(Substitution).where(Substitution.staff_no == staff_no, Substitution.ends_at > at)
        ):
            if row.begins_at >= at:
                session.delete(row)
            else:
                row.ends_at = at
        return ended


def leaves_from(database: Database, at: dt.datetime | None = None) -> list[Leave]:
    """The leaves that go on at `at` (default: now) or are to come, in the order of their beginning."""
    with database.reading() as session:
        return _leaves(session, at or now())


def leaves_in(database: Database, begin: dt.datetime, end: dt.datetime) -> list[Leave]:
    """The leaves of which some lies in a span, in the order of their beginning."""
    with database.reading() as session:
        return [one for one in _leaves(session, begin) if one.begins_at < end]


def _leaves(session: Session, at: dt.datetime) -> list[Leave]:
    person, other = aliased(Staff), aliased(Staff)
    rows = session.execute(
        select(Substitution, person.name, other.name)
        .join(person, person.staff_no == Substitution.staff_no)
        .join(other, other.staff_no == Substitution.stands_in)
        .where(Substitution.ends_at > at)
        .order_by(Substitution.begins_at, Substitution.id)
    )
    return [
        Leave(row.staff_no, name, row.stands_in, stands_in, row.begins_at, row.ends_at) for row, name, stands_in in rows
    ]


def _known(found: Staff | None, staff_no: str) -> Staff:
    if found is None:
        raise LeaveRefused(f"{staff_no!r} is nobody on the staff list")
    return found


def _circle(
    staff_no: str, stands_in: str, begins_at: dt.datetime, ends_at: dt.datetime, rows: list[Substitution]
) -> list[str] | None:
    """The chain from `stands_in` back to `staff_no` that would hold at some moment of the span, if there is one."""
    if stands_in == staff_no:
        return [staff_no]
    for row in rows:
        begin, end = max(begins_at, row.begins_at), min(ends_at, row.ends_at)
        if row.staff_no == stands_in and begin < end:
            rest = [one for one in rows if one is not row]
            if (found := _circle(staff_no, row.stands_in, begin, end, rest)) is not None:
                return [stands_in, *found]
    return None
