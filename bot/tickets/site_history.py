"""What the site itself has been through: every restore from a backup, and what no number may be given again for it."""

from __future__ import annotations

import datetime as dt
import math

from sqlalchemy import func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.database import Base, UTCDateTime

#: more numbers than any site gives in a second (25 reports a second were the most that two cores ever logged)
_A_SECOND, _MARGIN = 100, 1_000

_RAISE = text(
    "INSERT INTO ticket_number (day, last) VALUES (:day, :jump)"
    " ON CONFLICT (day) DO UPDATE SET last = ticket_number.last + :jump"
)


class Restored(Base):
    """A backup that was put back: what was given out between the two moments is unknown to this database."""

    __tablename__ = "restored"
    id: Mapped[int] = mapped_column(primary_key=True)
    #: when the backup was made
    made_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    #: added to every number that leaves the site, this and all earlier restores together
    jump: Mapped[int] = mapped_column()


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
