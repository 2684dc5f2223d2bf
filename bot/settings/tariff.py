"""What a year's electricity costs: dated tiers (阶梯电价) of residential households."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from bot.foundation.errors import Refused
from bot.foundation.words import load

DEFAULT = Path(__file__).with_name("tariff.yml")


class TariffError(Refused):
    """The price table cannot be used; the message names the file and the fault."""


@dataclass(frozen=True)
class Tier:
    """`up_to` kWh a year, inclusive (None: no limit), at `price` CNY/kWh for the part inside the tier."""

    up_to: int | None
    price: Decimal


@dataclass(frozen=True)
class Tariff:
    """One dated table of tiers."""

    since: dt.date = field(metadata={"key": "from"})
    tiers: tuple[Tier, ...]

    def cost(self, kwh: int) -> Decimal:
        """CNY for `kwh` in one year, each tier's part at its own price; 3,000 kWh cost 1,716.00 by the default table."""
        total, below = Decimal(0), 0
        for tier in self.tiers:
            upper = kwh if tier.up_to is None else min(kwh, tier.up_to)
            total += max(0, upper - below) * tier.price
            below = upper
        return total.quantize(Decimal("0.01"), ROUND_HALF_UP)

    def position(self, kwh: int) -> tuple[int, int | None]:
        """(tier from 1, kWh left in it or None in the last) after `kwh` this year."""
        for number, tier in enumerate(self.tiers, start=1):
            if tier.up_to is None or kwh < tier.up_to:
                return number, None if tier.up_to is None else tier.up_to - kwh
        return len(self.tiers), None


@dataclass(frozen=True)
class _Tariffs:
    """The file."""

    residential: tuple[Tariff, ...]


def load_tariff(path: Path | None = None, on: dt.date | None = None) -> Tariff:
    """The residential table in force on a day (default: today). Raises TariffError."""
    file = path or DEFAULT
    tables = load(_Tariffs, file, fault=lambda line: TariffError(f"not a price table: {line}")).residential
    for table in tables:
        limits = [tier.up_to for tier in table.tiers]
        known = [limit for limit in limits[:-1] if limit is not None]
        if not limits or limits[-1] is not None or len(known) != len(limits) - 1 or known != sorted(set(known)):
            raise TariffError(f"{file}: tiers from {table.since} must rise and end with up_to: null")
    day = on or dt.date.today()
    current = [table for table in tables if table.since <= day]
    if not current:
        raise TariffError(f"{file}: no table is in force on {day}")
    return max(current, key=lambda table: table.since)
