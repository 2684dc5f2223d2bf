"""Devices that are signed in: let in, known again, listed, put out one by one or all at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.doors.models import Device
from bot.grid.leave import places_of
from bot.grid.models import GridStaff, Role, Staff
from bot.tickets.owed.outbox import Owed, owe

#: signed in with a password and a second factor, never by a link alone
PASSWORD_ROLES = frozenset({Role.duty, Role.admin})
#: how a device came in: a message's link, a link that was asked for, a password, the sample county's door
MESSAGE, ASKED, PASSWORD, SAMPLE = "message", "asked", "password", "sample"
#: how long a device stays in: a telephone in a pocket, a desk in an office
PHONE_LIFE, DESK_LIFE = dt.timedelta(days=30), dt.timedelta(hours=12)
#: `seen_at` is written no more often than this
_SEEN_EVERY = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class SignedIn:
    """Who asks, as the database knows them at this request."""

    staff_no: str
    name: str
    role: str
    phone: str
    #: grids that they serve, those of whom they stand in for among them
    grids: frozenset[str]
    device_id: int
    csrf: str
    #: how the device came in (bot/doors/models.py)
    way: str = ""


@dataclass(frozen=True)
class DeviceCard:
    """One device, for its owner's list."""

    id: int
    label: str
    way: str
    since: dt.datetime
    seen_at: dt.datetime
    ends_at: dt.datetime


class Devices:
    """The devices of one site; all methods block."""

    def __init__(self, database: Database, clock: Callable[[], dt.datetime] = now) -> None:
        self._database, self._clock = database, clock

    def admit(self, staff_no: str, label: str, way: str, life: dt.timedelta = PHONE_LIFE, *, tells: bool = True) -> str:
        """Sign somebody in on a new device; → the key that its cookie holds. They read of it in their messenger."""
        key, at = secrets.token_urlsafe(32), self._clock()
        with self._database.session() as session:
            if tells:
                owe(session, [Owed("new_device", staff_no=staff_no, detail={"note": label[:80]})], at)
            session.add(
                Device(
                    key_hash=_hash(key), staff_no=staff_no, label=label[:80], way=way, csrf=secrets.token_urlsafe(32),
                    since=at, seen_at=at, ends_at=at + life,
                )
            )  # fmt: skip
        return key

    def of(self, key: str) -> SignedIn | None:
        """Whose device it is; None when it is nobody's, was put out, is too old, or its owner has left."""
        at = self._clock()
        with self._database.reading() as session:
            found = session.execute(
                select(Device, Staff)
                .join(Staff, Staff.staff_no == Device.staff_no)
                .where(Device.key_hash == _hash(key), Device.ended_at.is_(None), Device.ends_at > at)
                .where(Staff.role != Role.left)
            ).first()
            if found is None:
                return None
            device, person = found
            if person.role in PASSWORD_ROLES and device.way == MESSAGE:
                return None  # somebody came by a message before they got a desk, which a message does not open
            signed_in = SignedIn(
                person.staff_no, person.name, person.role, person.phone, _grids(session, person.staff_no, at),
                device.id, device.csrf, device.way,
            )  # fmt: skip
            stale = at - device.seen_at > _SEEN_EVERY
        if stale:
            with self._database.noting() as session:
                session.execute(update(Device).where(Device.id == signed_in.device_id).values(seen_at=at))
        return signed_in

    def put_out(self, key: str) -> bool:
        """Whether somebody put this device out; a time that ran out does not."""
        with self._database.reading() as session:
            ended = select(Device.ended_at).where(Device.key_hash == _hash(key), Device.ended_at.is_not(None))
            return session.scalar(ended) is not None

    def list(self, staff_no: str) -> list[DeviceCard]:
        """Devices of somebody that are in, the latest first."""
        with self._database.reading() as session:
            rows = session.scalars(self._in(staff_no).order_by(Device.seen_at.desc(), Device.id.desc()))
            return [DeviceCard(one.id, one.label, one.way, one.since, one.seen_at, one.ends_at) for one in rows]

    def counts(self) -> dict[str, int]:
        """How many devices of each are in; nobody without one is among them."""
        query = self._going().with_only_columns(Device.staff_no, func.count()).group_by(Device.staff_no)
        with self._database.reading() as session:
            return dict(session.execute(query).tuples().all())

    def any(self, staff_no: str) -> bool:
        """Whether somebody is signed in anywhere."""
        with self._database.reading() as session:
            return session.scalar(self._in(staff_no).with_only_columns(Device.id).limit(1)) is not None

    def end(self, staff_no: str, device_id: int | None = None, by: str = "") -> int:
        """Put out one device of somebody, or all of them; how many went."""
        with self._database.session() as session:
            return end(session, staff_no, self._clock(), device_id, by)

    def end_others(self, staff_no: str, device_id: int) -> None:
        """Put out every device of somebody but this one."""
        others = update(Device).where(Device.staff_no == staff_no, Device.ended_at.is_(None), Device.id != device_id)
        with self._database.session() as session:
            session.execute(others.values(ended_at=self._clock(), ended_by=staff_no))

    def _in(self, staff_no: str) -> Select[tuple[Device]]:
        return self._going().where(Device.staff_no == staff_no)

    def _going(self) -> Select[tuple[Device]]:
        return select(Device).where(Device.ended_at.is_(None), Device.ends_at > self._clock())


def end(session: Session, staff_no: str, at: dt.datetime, device_id: int | None = None, by: str = "") -> int:
    """Put devices out within a transaction of somebody else's."""
    which = update(Device).where(Device.staff_no == staff_no, Device.ended_at.is_(None))
    if device_id is not None:
        which = which.where(Device.id == device_id)
    return int(session.execute(which.values(ended_at=at, ended_by=by or staff_no)).rowcount)  # type: ignore[attr-defined]


def _grids(session: Session, staff_no: str, at: dt.datetime) -> frozenset[str]:
    served = GridStaff.staff_no.in_(places_of(session, staff_no, at))
    return frozenset(session.scalars(select(GridStaff.grid_no).where(served)))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
