"""SAIDI, SAIFI and CAIDI as reported: how often and how long customers were without power, out of the outage rows.

Definitions: IEEE Std 1366-2022, clause 3 (DL/T 836.1 uses the same three). SAIFI is the sum of customers interrupted
over customers served, SAIDI the sum of customer minutes of interruption over customers served, CAIDI = SAIDI / SAIFI.
Interruptions of five minutes or less are momentary and left out. "As reported": an interruption begins with its
earliest report (or as staff entered it), its customers are the households of the transformer or of the feeder's
transformers in the registry of today, and nothing is left out as a major event day. An outage belongs to the period in
which it begins; one that goes on counts until the end of the period, or until now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select

from bot.database import Database, now
from bot.grid.models import Household, Transformer
from bot.tickets.models import Outage, OutageState

#: IEEE Std 1366: a momentary interruption lasts no longer
MOMENTARY = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Indices:
    """The indices of one sort of interruption in one period."""

    #: sustained interruptions
    interruptions: int
    momentary: int
    #: of the sustained ones: customers interrupted, and minutes times customers
    customers_interrupted: int
    customer_minutes: float
    customers_served: int

    @property
    def saifi(self) -> float | None:
        """Interruptions a customer; None in a county without households."""
        return round(self.customers_interrupted / self.customers_served, 6) if self.customers_served else None

    @property
    def saidi(self) -> float | None:
        """Minutes a customer; None in a county without households."""
        return round(self.customer_minutes / self.customers_served, 4) if self.customers_served else None

    @property
    def caidi(self) -> float | None:
        """Minutes an interruption, for those who were interrupted; None when nobody was."""
        if not self.customers_interrupted:
            return None
        return round(self.customer_minutes / self.customers_interrupted, 4)


@dataclass(frozen=True)
class Reliability:
    """One period: what nobody planned, what was planned, and both."""

    begin: dt.datetime
    end: dt.datetime
    unplanned: Indices
    planned: Indices
    all: Indices


def reliability(database: Database, begin: dt.datetime, end: dt.datetime, at: dt.datetime | None = None) -> Reliability:
    """The indices of the outages that began in [begin, end)."""
    until = min(end, at or now())
    with database.reading() as session:
        served = session.scalar(select(func.count(Household.household_no))) or 0
        of_transformer: dict[int, int] = {}
        of_feeder: dict[int, int] = {}
        rows = session.execute(
            select(Household.transformer_id, Transformer.feeder_id, func.count(Household.household_no))
            .join(Transformer, Transformer.id == Household.transformer_id)
            .group_by(Household.transformer_id, Transformer.feeder_id)
        )
        for transformer_id, feeder_id, count in rows:
            of_transformer[transformer_id] = count
            of_feeder[feeder_id] = of_feeder.get(feeder_id, 0) + count
        outages = session.scalars(
            select(Outage).where(
                Outage.started_at >= begin,
                Outage.started_at < until,
                Outage.state.in_((OutageState.announced, OutageState.open, OutageState.restored)),
            )
        ).all()
    found: dict[bool, list[tuple[dt.timedelta, int]]] = {False: [], True: []}
    for one in outages:
        customers = (
            of_transformer.get(one.transformer_id, 0)
            if one.transformer_id is not None
            else of_feeder.get(one.feeder_id or 0, 0)
        )
        found[one.planned].append(((one.restored_at or until) - one.started_at, customers))
    return Reliability(
        begin,
        end,
        _indices(found[False], served),
        _indices(found[True], served),
        _indices(found[False] + found[True], served),
    )


def _indices(interruptions: list[tuple[dt.timedelta, int]], served: int) -> Indices:
    sustained = [(lasted, customers) for lasted, customers in interruptions if lasted > MOMENTARY]
    return Indices(
        interruptions=len(sustained),
        momentary=len(interruptions) - len(sustained),
        customers_interrupted=sum(customers for _, customers in sustained),
        customer_minutes=round(sum(lasted.total_seconds() / 60 * customers for lasted, customers in sustained), 2),
        customers_served=served,
    )
