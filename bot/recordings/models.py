"""What the database knows of recordings that are no more."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime, now


class RecordingDeletion(Base):
    """A recording that was deleted because its term was over; `verified`: it was looked for and is gone."""

    __tablename__ = "recording_deletion"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    recorded_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    verified: Mapped[bool] = mapped_column(Boolean)
