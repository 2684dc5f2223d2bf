"""What the site itself has been through: that it takes writes now, and every restore from a backup."""

from __future__ import annotations

import datetime as dt
import math

from sqlalchemy import String, bindparam, delete, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.database import Base, Database, UTCDateTime

#: a process that wrote nothing for so long is gone
_GONE = dt.timedelta(days=1)
#: more numbers than any site gives in a second (25 reports a second were the most that two cores ever logged)
_A_SECOND, _MARGIN = 100, 1_000

_BEAT = text(
    "INSERT INTO pulse (node, at) VALUES (:node, :at) ON CONFLICT (node) DO UPDATE SET at = excluded.at"
).bindparams(bindparam("at", type_=UTCDateTime()))
_RAISE = text(
    "INSERT INTO ticket_number (day, last) VALUES (:day, :jump)"
    " ON CONFLICT (day) DO UPDATE SET last = ticket_number.last + :jump"
)


class Pulse(Base):
    """A serving process and when it last wrote to the database: the proof that writes are taken."""

    __tablename__ = "pulse"
    node: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Restored(Base):
    """A backup that was put back: what was given out between the two moments is unknown to this database."""

    __tablename__ = "restored"
    id: Mapped[int] = mapped_column(primary_key=True)
    #: when the backup was made
    made_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    #: added to every number that leaves the site, this and all earlier restores together
    jump: Mapped[int] = mapped_column()


def beat(database: Database, node: str, at: dt.datetime) -> None:
    """Write that `node` serves; what waits for the disk here, waits for it in a report too. Blocks."""
    with database.session() as session:
        session.connection().execute(_BEAT, {"node": node[:80], "at": at})
        session.execute(delete(Pulse).where(Pulse.at < at - _GONE))


def jump(session: Session) -> int:
    """What is added to an id before it leaves the site as a number; 0 where nothing was ever restored."""
    return session.scalar(select(func.max(Restored.jump))) or 0


def go_on(session: Session, made_at: dt.datetime, at: dt.datetime, zone: dt.tzinfo) -> int:
    """After a restore at `at` of what was backed up at `made_at`: no number that somebody may hold is given again.

    → how far the numbers jump. It grows faster with the time between than numbers can be given, so that the same backup,
    put back a second time, jumps past all that was given after the first."""
    step = math.ceil(_A_SECOND * max(0.0, (at - made_at).total_seconds())) + _MARGIN
    session.add(Restored(made_at=made_at, at=at, jump=jump(session) + step))
    day = made_at.astimezone(zone).date()
    while day <= at.astimezone(zone).date():
        session.connection().execute(_RAISE, {"day": f"{day:%y%m%d}", "jump": step})
        day += dt.timedelta(days=1)
    return step
