"""The tables of the register: entries, tasks that due rules make, and draws of a survey."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

from sqlalchemy import JSON, Boolean, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, UTCDateTime, now


class EntryState(enum.StrEnum):
    """What was done is `done` when it is entered, `missed` when nobody was met; a wish is open → claimed → fulfilled →
    done, when the person says so. Whatever was entered by mistake is `removed`: marked, and never gone."""

    open = "open"
    claimed = "claimed"
    fulfilled = "fulfilled"
    done = "done"
    dropped = "dropped"
    missed = "missed"
    removed = "removed"


#: these fulfil no rule, and are counted nowhere
NOTHING = (EntryState.dropped, EntryState.missed, EntryState.removed)


class TaskState(enum.StrEnum):
    """open → done (an entry did it), dropped (somebody said why not), over (its reason is gone)."""

    open = "open"
    done = "done"
    dropped = "dropped"
    over = "over"


class Entry(Base):
    """One line of the register. Its household may be gone from the county since; the line stays."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("ix_entry_kind", "kind", "day"),
        Index("ix_entry_subject", "subject", "kind"),
        Index("ix_entry_grid", "grid_no", "day"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10), default=EntryState.done)
    #: the day it was done, in the site's own time
    day: Mapped[dt.date] = mapped_column(Date)
    #: whom it is about: h:户号, c:社区, p:place; empty for nobody in particular
    subject: Mapped[str] = mapped_column(String(210), default="")
    household_no: Mapped[str | None] = mapped_column(String(40))
    community: Mapped[str] = mapped_column(String(80), default="")
    place: Mapped[str] = mapped_column(String(300), default="")
    grid_no: Mapped[str | None] = mapped_column(String(40))
    #: the fields of its kind, by name
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: staff_no, or "resident"
    by: Mapped[str] = mapped_column(String(40))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    claimed_by: Mapped[str] = mapped_column(String(40), default="")
    claimed_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    fulfilled_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    #: what the person said when it was done
    word: Mapped[str] = mapped_column(String(300), default="")
    done_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    #: the ticket that it came with: then the ticket's state is its state
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    #: of the form that it came by: the same form again is the same entry
    nonce: Mapped[str] = mapped_column(String(64), unique=True)


class EntryChange(Base):
    """What an entry said before somebody changed or removed it: one row for each time, never changed itself."""

    __tablename__ = "entry_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=now)
    by: Mapped[str] = mapped_column(String(40))
    #: changed or removed
    what: Mapped[str] = mapped_column(String(10))
    #: day (ISO), state, and the fields by name, as they were
    was: Mapped[dict[str, Any]] = mapped_column(JSON)
    why: Mapped[str] = mapped_column(String(200), default="")


class Task(Base):
    """Something that is due: one for each kind, rule, subject and period."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("kind", "rule", "subject", "period"),
        Index("ix_task_open", "state", "grid_no", "due_on"),
        Index("ix_task_subject", "subject", "kind"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    #: name of the due rule, or "draw"
    rule: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(210))
    #: what makes it another task of the same rule: the entry that it follows, the stretch of days, the draw
    period: Mapped[str] = mapped_column(String(20), default="")
    household_no: Mapped[str | None] = mapped_column(String(40))
    community: Mapped[str] = mapped_column(String(80), default="")
    place: Mapped[str] = mapped_column(String(300), default="")
    #: whose grid, so that whoever serves it has the task; `staff_no` only where one person was asked
    grid_no: Mapped[str | None] = mapped_column(String(40))
    staff_no: Mapped[str] = mapped_column(String(40), default="")
    due_on: Mapped[dt.date] = mapped_column(Date)
    hurry: Mapped[bool] = mapped_column(Boolean, default=False)
    state: Mapped[str] = mapped_column(String(10), default=TaskState.open)
    why: Mapped[str] = mapped_column(String(200), default="")
    made_on: Mapped[dt.date] = mapped_column(Date)
    ended_on: Mapped[dt.date | None] = mapped_column(Date)
    ended_by: Mapped[str] = mapped_column(String(40), default="")
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))


class Draw(Base):
    """A random sample of households, written down so that anybody can draw it again."""

    __tablename__ = "draw"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    day: Mapped[dt.date] = mapped_column(Date)
    by: Mapped[str] = mapped_column(String(40))
    seed: Mapped[str] = mapped_column(String(40))
    #: households of a community
    each: Mapped[int] = mapped_column()
    #: community → {"of": households it was drawn from, "digest": of their numbers, "drawn": the numbers, in order}
    drawn: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    nonce: Mapped[str] = mapped_column(String(64), unique=True)
