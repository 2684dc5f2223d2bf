"""平面图, schematic: feeder → transformer → households, with what is reported now and how much they use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select

from bot.database import Database
from bot.grid.models import Feeder, Household, Transformer
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Outage, OutageState, Ticket


@dataclass(frozen=True)
class Area:
    """One transformer area, as far as it lies in the grids that are drawn."""

    transformer: str
    households: int
    #: kWh of this year
    year_kwh: int
    #: households that pay late
    owing: int
    #: open reports, dangers among them
    reports: int
    dangers: int
    #: an outage goes on
    out: bool

    @property
    def load(self) -> float:
        """kWh a household this year."""
        return self.year_kwh / self.households if self.households else 0.0


@dataclass(frozen=True)
class Plan:
    """Feeders with their areas, in their order."""

    feeders: Sequence[tuple[str, Sequence[Area]]]

    def heat(self, area: Area) -> int:
        """How much an area uses beside the others: 1 (least) to 4."""
        loads = [one.load for _, areas in self.feeders for one in areas]
        least, most = min(loads), max(loads)
        return 1 + min(3, int(4 * (area.load - least) / (most - least))) if most > least else 1


def plan_of(database: Database, grids: Collection[str]) -> Plan:
    """The plan of some grids, in four questions. Blocks."""
    with database.reading() as session:
        rows = session.execute(
            select(
                Transformer.id, Transformer.name, Feeder.name, func.count(Household.household_no),
                func.coalesce(func.sum(Household.ytd_kwh), 0), func.sum(case((Household.months_owed > 0, 1), else_=0)),
            )
            .join(Feeder, Feeder.id == Transformer.feeder_id)
            .join(Household, Household.transformer_id == Transformer.id)
            .where(Household.grid_no.in_(grids))
            .group_by(Transformer.id, Transformer.name, Feeder.name)
            .order_by(Feeder.name, Transformer.name)
        ).all()  # fmt: skip
        reports: Mapping[int, tuple[int, int]] = {
            row[0]: (row[1], int(row[2] or 0))
            for row in session.execute(
                select(
                    Household.transformer_id,
                    func.count(Ticket.id),
                    func.sum(case((Ticket.kind == Kind.hazard, 1), else_=0)),
                )
                .join(Household, Household.household_no == Ticket.household_no)
                .where(Ticket.state.in_(OPEN), Ticket.grid_no.in_(grids))
                .group_by(Household.transformer_id)
            )
        }
        going = (OutageState.open,)
        out = set(
            session.scalars(
                select(Outage.transformer_id).where(Outage.state.in_(going), Outage.transformer_id.is_not(None))
            )
        )
        feeders_out = set(
            session.scalars(
                select(Feeder.name).join(Outage, Outage.feeder_id == Feeder.id).where(Outage.state.in_(going))
            )
        )
    feeders: dict[str, list[Area]] = {}
    for number, name, feeder, households, kwh, owing in rows:
        count, dangers = reports.get(number, (0, 0))
        area = Area(name, households, int(kwh), int(owing or 0), count, dangers, number in out or feeder in feeders_out)
        feeders.setdefault(feeder, []).append(area)
    return Plan(list(feeders.items()))
