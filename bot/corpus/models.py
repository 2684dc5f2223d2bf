"""Who allowed what to be used: the table of consents."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime, now


class Consent(Base):
    """A resident allowed the recordings of one conversation to be used to train speech recognition. Rows stay when it
    is withdrawn: what was given away until then can be traced."""

    __tablename__ = "corpus_consent"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_no: Mapped[str] = mapped_column(String(20), index=True)
    #: phone, paper, chat or visit
    how: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text, default="")
    #: who of the staff asked and wrote it down
    by_staff_no: Mapped[str] = mapped_column(ForeignKey("staff.staff_no"))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_no"))
