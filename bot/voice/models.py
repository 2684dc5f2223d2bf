"""What is kept of calls beside their tickets: the call log, messages to be understood later, callers' pace."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Float, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime, now


class LoggedCall(Base):
    """One call as it went; `number` is what an operator calls it by."""

    __tablename__ = "call_log"
    number: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(64), unique=True)
    caller: Mapped[str] = mapped_column(String(80), default="")
    dialled: Mapped[str] = mapped_column(String(80), default="")
    diverting: Mapped[str] = mapped_column(String(80), default="")
    started_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now, index=True)
    #: empty while it goes on
    outcome: Mapped[str] = mapped_column(String(40), default="")
    hand_over_to: Mapped[str] = mapped_column(String(40), default="")
    ticket_no: Mapped[str] = mapped_column(String(20), default="")
    #: both directions
    recording: Mapped[str] = mapped_column(String(200), default="")
    #: length (s); first_audio: from the answer to Gege's first sound
    seconds: Mapped[float] = mapped_column(Float, default=0.0)
    first_audio: Mapped[float] = mapped_column(Float, default=0.0)
    greeting: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: who was rung afterwards: [{"to", "status"}]
    rung: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class LoggedTurn(Base):
    """One turn of a call: what was heard, understood, said, and how long each took."""

    __tablename__ = "call_turn"
    __table_args__ = (UniqueConstraint("call_id", "turn"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(64), index=True)
    turn: Mapped[int] = mapped_column(Integer)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    heard: Mapped[str] = mapped_column(Text, default="")
    recording: Mapped[str] = mapped_column(String(200), default="")
    #: the whole turn as bot.voice.record tells it
    story: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class UnheardMessage(Base):
    """A recording that nobody has understood yet; decoded when there is room, its words go to the ticket."""

    __tablename__ = "unheard_message"
    id: Mapped[int] = mapped_column(primary_key=True)
    utterance_id: Mapped[str] = mapped_column(String(64), unique=True)
    ticket_no: Mapped[str] = mapped_column(String(20))
    recording: Mapped[str] = mapped_column(String(200))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    done_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, index=True)


class CallerPace(Base):
    """How often a caller was cut off in mid-sentence: Gege waits longer for who speaks slowly."""

    __tablename__ = "caller_pace"
    caller: Mapped[str] = mapped_column(String(80), primary_key=True)
    calls: Mapped[int] = mapped_column(Integer, default=0)
    cut_off: Mapped[int] = mapped_column(Integer, default=0)
    #: seconds added to the wait
    added: Mapped[float] = mapped_column(Float, default=0.0)
    changed_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
