"""Corrections by staff and runs of learning: the tables of the learning loop."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime, now


class CorrectionState(enum.StrEnum):
    """new → accepted → learned; waiting: a second person has to look; refused: with its reason."""

    new = "new"
    waiting = "waiting"
    accepted = "accepted"
    refused = "refused"
    learned = "learned"


class Decision(enum.StrEnum):
    """How a run of learning ended; `running` is one that goes on, or was killed."""

    running = "running"
    interrupted = "interrupted"
    nothing = "nothing"
    tried = "tried"
    kept_old = "kept_old"
    in_service = "in_service"
    gone_back = "gone_back"
    failed = "failed"


class Correction(Base):
    """What somebody of the staff says was meant, beside what was heard. Never leaves the house as it stands here."""

    __tablename__ = "correction"
    __table_args__ = (Index("ix_correction_state", "state", "at"), Index("ix_correction_by", "by_staff_no", "at"))
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_no: Mapped[str] = mapped_column(String(20), index=True)
    utterance_id: Mapped[str | None] = mapped_column(ForeignKey("utterance.id"))
    #: what was heard, and its kind, when it was corrected
    heard: Mapped[str] = mapped_column(Text)
    #: name of the speech model that heard it, empty when typed
    ear: Mapped[str] = mapped_column(String(80), default="", server_default="")
    kind: Mapped[str] = mapped_column(String(20))
    #: what is right; empty where nothing was said about it
    words: Mapped[str] = mapped_column(Text, default="")
    intent: Mapped[str] = mapped_column(String(40), default="")
    household_no: Mapped[str] = mapped_column(String(40), default="")
    by_staff_no: Mapped[str] = mapped_column(ForeignKey("staff.staff_no"))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    state: Mapped[str] = mapped_column(String(10), default=CorrectionState.new)
    #: why it waits, or was refused
    reason: Mapped[str] = mapped_column(String(200), default="")
    second_staff_no: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_no"))
    decided_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    #: the run that took it
    run_id: Mapped[int | None] = mapped_column(ForeignKey("learning_run.id"))


class LearningRun(Base):
    """One run of `gege learn`: what went in, how it compared, what was decided and why."""

    __tablename__ = "learning_run"
    id: Mapped[int] = mapped_column(primary_key=True)
    began_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now, index=True)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    decision: Mapped[str] = mapped_column(String(12), default=Decision.running)
    reason: Mapped[str] = mapped_column(Text, default="")
    #: corrections learned from, held out for the comparison, new examples, new words to be confirmed
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    #: figures of the model in use and of the new one, by set of sentences
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: file name of the new model
    model: Mapped[str] = mapped_column(String(80), default="")
