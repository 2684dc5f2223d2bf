"""What a messenger leaves behind: updates seen, codes that link staff, files, and where a chat was first opened."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime, now


class SeenUpdate(Base):
    """An update that was taken; messengers deliver more than once."""

    __tablename__ = "seen_update"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now, index=True)


class ChatOpening(Base):
    """A resident's chat and the grid of the board whose code they scanned."""

    __tablename__ = "chat_opening"
    chat: Mapped[str] = mapped_column(String(80), primary_key=True)
    dialled: Mapped[str] = mapped_column(String(40), default="")


class LinkCode(Base):
    """A one-time code that links a messenger to a member of staff; only its hash is kept."""

    __tablename__ = "link_code"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_no: Mapped[str] = mapped_column(String(40), index=True)
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class LinkTry(Base):
    """A wrong code from a chat; too many, and that chat is not listened to for a while."""

    __tablename__ = "link_try"
    id: Mapped[int] = mapped_column(primary_key=True)
    chat: Mapped[str] = mapped_column(String(80), index=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)


class KfCursor(Base):
    """How far the messages of a 微信客服 account were read."""

    __tablename__ = "kf_cursor"
    open_kfid: Mapped[str] = mapped_column(String(80), primary_key=True)
    cursor: Mapped[str] = mapped_column(String(200), default="")


class Attachment(Base):
    """A picture that came with a report; the file lies below GEGE_HOME."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(primary_key=True)
    session: Mapped[str] = mapped_column(String(80), index=True)
    ticket_no: Mapped[str] = mapped_column(String(20), default="", index=True)
    file: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    sha256: Mapped[str] = mapped_column(String(64))
    by: Mapped[str] = mapped_column(String(40), default="resident")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
