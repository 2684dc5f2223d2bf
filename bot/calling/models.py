"""Tables of calling out."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime


class PlacedCall(Base):
    """A call that Gege made: counted for the toll limit, and looked at afterwards."""

    __tablename__ = "placed_call"
    __table_args__ = (Index("ix_placed_call_at", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    number: Mapped[str] = mapped_column(String(40))
    #: danger, light_on, rating, call_back
    purpose: Mapped[str] = mapped_column(String(20))
    ticket_no: Mapped[str] = mapped_column(String(20), index=True)
    #: who was rung; empty for residents
    staff_no: Mapped[str] = mapped_column(String(40), default="")
    #: empty while it rings; then confirmed, answered, given_up, or an outcome of bot/lines/dialling.py
    outcome: Mapped[str] = mapped_column(String(20), default="")
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)


class NoCall(Base):
    """A number that does not want to be called by a machine."""

    __tablename__ = "no_call"
    #: digits alone
    number: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
