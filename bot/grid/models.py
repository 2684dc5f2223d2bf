"""Who lives where and who serves them: the tables of the county."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bot.database import Base, UTCDateTime


class Role(enum.StrEnum):
    """一格三员 and the people behind them."""

    manager = "manager"
    assistant = "assistant"
    supervisor = "supervisor"
    crew = "crew"
    team = "team"
    duty = "duty"
    admin = "admin"
    #: who was dismissed: the row stays for the history, and opens and gets nothing
    left = "left"


class Community(Base):
    """区域网格 社区."""

    __tablename__ = "community"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)


class Feeder(Base):
    """高压网格: a medium-voltage line."""

    __tablename__ = "feeder"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)


class Transformer(Base):
    """低压网格: a transformer area 台区 on a feeder."""

    __tablename__ = "transformer"
    __table_args__ = (UniqueConstraint("name", "feeder_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    feeder_id: Mapped[int] = mapped_column(ForeignKey("feeder.id"))


class Grid(Base):
    """网格: what one manager serves. `phone` is the number on its notice board (dialled or diverted from)."""

    __tablename__ = "grid"
    grid_no: Mapped[str] = mapped_column(String(40), primary_key=True)
    phone: Mapped[str | None] = mapped_column(String(40), index=True)


class Household(Base):
    """用户. `tags` holds vulnerable/shop/large; `balance` is CNY, negative when owed."""

    __tablename__ = "household"
    __table_args__ = (Index("ix_household_grid", "grid_no"), Index("ix_household_transformer", "transformer_id"))
    household_no: Mapped[str] = mapped_column(String(40), primary_key=True)
    householder: Mapped[str] = mapped_column(String(80))
    community_id: Mapped[int] = mapped_column(ForeignKey("community.id"))
    compound: Mapped[str] = mapped_column(String(120), default="")
    address: Mapped[str] = mapped_column(String(200))
    transformer_id: Mapped[int] = mapped_column(ForeignKey("transformer.id"))
    grid_no: Mapped[str] = mapped_column(ForeignKey("grid.grid_no"))
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    balance: Mapped[Decimal] = mapped_column(Numeric(12, 2), default=Decimal(0))
    months_owed: Mapped[int] = mapped_column(default=0)
    ytd_kwh: Mapped[int] = mapped_column(default=0)

    community: Mapped[Community] = relationship(lazy="joined")


class MapShape(Base):
    """One shape of a county's own map, by the name that households know it by; areas and lines come and go beneath it."""

    __tablename__ = "map_shape"
    id: Mapped[int] = mapped_column(primary_key=True)
    #: transformer, feeder or grid
    layer: Mapped[str] = mapped_column(String(12), index=True)
    name: Mapped[str] = mapped_column(String(80))
    #: of an area whose name is on several lines
    feeder: Mapped[str] = mapped_column(String(80), default="")
    #: GeoJSON geometry (RFC 7946): type, and coordinates in degrees east and north
    shape: Mapped[dict[str, Any]] = mapped_column(JSON)


class SampleCounty(Base):
    """One row while all that is imported is invented; the first file of a real county removes it."""

    __tablename__ = "sample_county"
    made_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, primary_key=True)


class Contact(Base):
    """A telephone number or chat id that has reached us or was imported."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("channel", "address"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    #: phone, telegram, wecom
    channel: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(80), index=True)


class HouseholdContact(Base):
    """Contact ↔ household. Only a link that was imported or confirmed by staff verifies (docs/promises.md)."""

    __tablename__ = "household_contact"
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    household_no: Mapped[str] = mapped_column(ForeignKey("household.household_no"), primary_key=True, index=True)
    verifies: Mapped[bool] = mapped_column(Boolean, default=False)
    #: import, staff or claimed
    source: Mapped[str] = mapped_column(String(20))


class Staff(Base):
    """A member of staff or a supervisor (who is an outsider)."""

    __tablename__ = "staff"
    staff_no: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(20), index=True)
    phone: Mapped[str] = mapped_column(String(40), default="", index=True)
    telegram_id: Mapped[str] = mapped_column(String(40), default="")
    wecom: Mapped[str] = mapped_column(String(80), default="")
    dingtalk: Mapped[str] = mapped_column(String(80), default="")


class GridStaff(Base):
    """Who serves which grid; the role is the person's own."""

    __tablename__ = "grid_staff"
    grid_no: Mapped[str] = mapped_column(ForeignKey("grid.grid_no"), primary_key=True)
    staff_no: Mapped[str] = mapped_column(ForeignKey("staff.staff_no"), primary_key=True)


class Substitution(Base):
    """Somebody is on leave from `begins_at` up to, not including, `ends_at`; somebody else stands in."""

    __tablename__ = "substitution"
    id: Mapped[int] = mapped_column(primary_key=True)
    staff_no: Mapped[str] = mapped_column(ForeignKey("staff.staff_no"), index=True)
    stands_in: Mapped[str] = mapped_column(ForeignKey("staff.staff_no"))
    begins_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Occupied(Base):
    """Somebody rides, or has no hand free, until `until`; told to others, and a reason for nothing."""

    __tablename__ = "occupied"
    staff_no: Mapped[str] = mapped_column(ForeignKey("staff.staff_no", ondelete="CASCADE"), primary_key=True)
    #: riding or busy
    what: Mapped[str] = mapped_column(String(10))
    since: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    until: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class RegistryVersion(Base):
    """One row that counts the changes of households, grids and staff: whoever holds them in memory looks at it."""

    __tablename__ = "registry_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
