"""Tables of the services that run on one database."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime


class RunningService(Base):
    """A running service; the row goes when it stops. One that was killed is known by a beat that is old."""

    __tablename__ = "running_service"
    #: its name and a random part: one that was started again is another one
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: of its place: the same after a restart
    name: Mapped[str] = mapped_column(String(64), index=True)
    began_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    #: by the database's clock
    beat_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Lease(Base):
    """Something that one service at a time does; it is free when its owner is gone."""

    __tablename__ = "lease"
    #: what is done: "outbox", "learning", "danger GD2611280001", …
    what: Mapped[str] = mapped_column(String(120), primary_key=True)
    #: `RunningService.id`
    owner: Mapped[str] = mapped_column(String(80))
    since: Mapped[dt.datetime] = mapped_column(UTCDateTime)
