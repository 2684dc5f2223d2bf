"""The tables of the doors: devices, passwords, looks, presses that were sent."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime, now


class Device(Base):
    """A browser that somebody of the staff is signed in on; the cookie's key is kept as its hash alone."""

    __tablename__ = "device"
    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_no: Mapped[str] = mapped_column(String(40), index=True)
    #: what the owner knows it by: "安卓手机 · 微信"
    label: Mapped[str] = mapped_column(String(80), default="")
    #: how it came in: message, asked (a link asked for), password, sample
    way: Mapped[str] = mapped_column(String(20))
    #: what every form of this device carries, so that no other page can post it
    csrf: Mapped[str] = mapped_column(String(64))
    since: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    seen_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    ends_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    #: signed out, by whom: the person, somebody who may, or "lost"
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    ended_by: Mapped[str] = mapped_column(String(40), default="")


class Password(Base):
    """What a desk is opened with: a password (argon2id) and the key of the second factor (RFC 6238, sealed)."""

    __tablename__ = "password"
    staff_no: Mapped[str] = mapped_column(ForeignKey("staff.staff_no", ondelete="CASCADE"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(200))
    second: Mapped[str] = mapped_column(String(200))
    #: the step (30 s) of the last code that was taken: one code opens one door
    last_step: Mapped[int] = mapped_column(Integer, default=0)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    set_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)


class BrowserTry(Base):
    """Guesses at a password from a browser that was let in before; counted apart from the account's (passwords.py)."""

    __tablename__ = "browser_try"
    #: sha256 of what the browser keeps
    browser: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    locked_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, index=True)


class Look(Base):
    """Somebody of the staff looked at a household, a case or a recording; the person concerned can be told."""

    __tablename__ = "look"
    __table_args__ = (
        # Each look asks first whether the same person has just looked.
        Index("ix_look_again", "what", "ref", "staff_no", "at"),
        Index("ix_look_staff", "staff_no", "at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now, index=True)
    staff_no: Mapped[str] = mapped_column(String(40))
    device_id: Mapped[int | None] = mapped_column(Integer)
    #: case, recording, picture, household, call, search, export, list
    what: Mapped[str] = mapped_column(String(20))
    #: ticket, household or call number; of a search its kind, never its words; of an export its table, of a list its name
    ref: Mapped[str] = mapped_column(String(64), default="")
    #: of a search or a list: how many it showed
    many: Mapped[int | None] = mapped_column(Integer)


class SentPress(Base):
    """A press that a telephone sent, and what it was answered: sent again it gets that answer, and does nothing."""

    __tablename__ = "sent_press"
    #: sha256 of who, which press, and what stood in it
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_no: Mapped[str] = mapped_column(String(40))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, index=True)
    done: Mapped[bool] = mapped_column(Boolean)
    said: Mapped[str] = mapped_column(String(300))
