"""What a messenger leaves behind: updates kept and seen, answers owed, codes that link staff, files, conversations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime, now


class SeenUpdate(Base):
    """An update that was taken; messengers deliver more than once."""

    __tablename__ = "seen_update"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now, index=True)


class KeptUpdate(Base):
    """An update as the messenger sent it, kept before it is confirmed; the row goes when it has been handled."""

    __tablename__ = "kept_update"
    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(60), unique=True)
    channel: Mapped[str] = mapped_column(String(20), index=True)
    chat: Mapped[str] = mapped_column(String(80))
    raw: Mapped[dict[str, Any]] = mapped_column(JSON)
    attempts: Mapped[int] = mapped_column(default=0)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    #: id of the service that handles it (bot/replicas)
    service: Mapped[str] = mapped_column(String(80), default="", server_default="")


class OwedAnswer(Base):
    """Something to be shown in a chat; the row goes when the messenger has taken it. Order is that of the ids."""

    __tablename__ = "owed_answer"
    __table_args__ = (Index("ix_owed_answer_chat", "channel", "chat", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    #: the update that it answers, and which of its answers: a replayed update owes nothing twice
    key: Mapped[str] = mapped_column(String(80), unique=True)
    channel: Mapped[str] = mapped_column(String(20))
    chat: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    #: buttons below it: [[label, data], …]
    choices: Mapped[list[list[str]]] = mapped_column(JSON, default=list)
    #: with the board of the frequent reports
    board: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    due_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    #: id of the service that shows it (bot/replicas)
    service: Mapped[str] = mapped_column(String(80), default="", server_default="")


class StaffWait(Base):
    """What is waited for after a press of a member of staff: a word, a picture, a time."""

    __tablename__ = "staff_wait"
    staff_no: Mapped[str] = mapped_column(String(40), primary_key=True)
    ticket_no: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    since: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Takeover(Base):
    """A person talks to a resident through the bot, which is silent meanwhile; the row goes when that ends."""

    __tablename__ = "takeover"
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    chat: Mapped[str] = mapped_column(String(80), primary_key=True)
    ticket_no: Mapped[str] = mapped_column(String(20))
    #: one conversation at a time for a member of staff: what they write goes to one resident
    staff_no: Mapped[str] = mapped_column(String(40), unique=True)
    staff_channel: Mapped[str] = mapped_column(String(20))
    staff_chat: Mapped[str] = mapped_column(String(80))
    begun_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    #: when either of them last wrote
    last_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, index=True)


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
    """A picture, or a file that nobody here can open, that came with a report; it lies below GEGE_HOME."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(primary_key=True)
    session: Mapped[str] = mapped_column(String(80), index=True)
    ticket_no: Mapped[str] = mapped_column(String(20), default="", index=True)
    file: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    sha256: Mapped[str] = mapped_column(String(64))
    by: Mapped[str] = mapped_column(String(40), default="resident")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
