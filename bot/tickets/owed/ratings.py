"""How content a month's residents were, grid by grid (满意率)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import case, func, select

from bot.database import Database
from bot.tickets.models import Rating, Ticket


@dataclass(frozen=True)
class MonthlyRating:
    """The ratings that were asked for in a month in one grid; `grid_no` is empty for what belongs to none."""

    grid_no: str
    asked: int
    good: int
    fair: int
    bad: int
    unrated: int

    @property
    def rate(self) -> float | None:
        """Share of 满意 and 比较满意 among those who answered; None when nobody did."""
        answered = self.good + self.fair + self.bad
        return round((self.good + self.fair) / answered, 4) if answered else None


def of_month(database: Database, year: int, month: int, zone: dt.tzinfo) -> list[MonthlyRating]:
    """One row a grid, the grids in order; a ticket that was resolved twice was asked about twice."""
    begin = dt.datetime(year, month, 1, tzinfo=zone)
    end = dt.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)

    def count(answer: str) -> object:
        return func.sum(case((Rating.answer == answer, 1), else_=0))

    query = (
        select(
            func.coalesce(Ticket.grid_no, ""),
            func.count(Rating.id),
            *(count(answer) for answer in ("good", "fair", "bad", "")),  # type: ignore[call-overload]
        )
        .join(Ticket, Ticket.id == Rating.ticket_id)
        .where(Rating.asked_at >= begin, Rating.asked_at < end)
        .group_by(Ticket.grid_no)
        .order_by(Ticket.grid_no)
    )
    with database.reading() as session:
        found = [MonthlyRating(row[0], *map(int, row[1:])) for row in session.execute(query)]
    return sorted(found, key=lambda one: one.grid_no)
