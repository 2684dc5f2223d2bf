"""The row of what was done for a person's sake."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime, now


class PersonAct(Base):
    """A person had their data, had them corrected or deleted, or was told who looked; never changed afterwards.

    Whose they were stands here as a keyed hash alone: the row of a deletion must not keep the number."""

    __tablename__ = "person_act"
    __table_args__ = (Index("ix_person_act_subject", "subject"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    #: export, correct, delete, delete_recordings, looks, again (a deletion done anew after a restore)
    what: Mapped[str] = mapped_column(String(20))
    #: keyed hash of channel and address (bot/privacy/tombstones.py)
    subject: Mapped[str] = mapped_column(String(64))
    #: how the person asked: phone, visit, paper, chat, relative
    asked: Mapped[str] = mapped_column(String(10))
    #: staff_no of who did it; "gege" after a restore
    by: Mapped[str] = mapped_column(String(40))
    #: rows and files by table
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    #: why, where the paper lies; no word about the person
    note: Mapped[str] = mapped_column(String(300), default="")
