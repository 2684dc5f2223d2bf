"""Many feeder sections going dark at once, as in a storm: for the promise that nobody is flooded."""

from __future__ import annotations

from collections.abc import Iterator

from bot.database import Database
from bot.grid.models import Community, Feeder, Grid, GridStaff, Household, Staff, Transformer
from bot.tickets.desk import Report
from bot.tickets.intake.caller import Caller


def build(database: Database, sections: int, households: int) -> None:
    """`sections` feeders of one transformer each, all in the grid of manager M0, with one crew."""
    with database.session() as session:
        session.add_all([Grid(grid_no="0"), Community(id=1, name="桃溪社区")])
        session.add_all(
            [Staff(staff_no="M0", name="程远", role="manager"), Staff(staff_no="C0", name="抢修", role="crew")]
        )
        session.flush()
        session.add_all([GridStaff(grid_no="0", staff_no=no) for no in ("M0", "C0")])
        session.add_all(Feeder(id=1 + section, name=f"{section}线") for section in range(sections))
        session.flush()
        session.add_all(Transformer(id=1 + one, name=f"{one}台区", feeder_id=1 + one) for one in range(sections))
        session.flush()
        session.add_all(
            Household(
                household_no=f"{section}-{number}",
                householder="王小明",
                community_id=1,
                address=f"{section}路{number}号",
                transformer_id=1 + section,
                grid_no="0",
            )
            for section in range(sections)
            for number in range(households)
        )


def reports(sections: int, households: int, seconds: int, repeats: int) -> Iterator[list[Report]]:
    """Second by second, each household of each section `repeats` times, spread evenly."""
    everything = [
        Report(
            "outage",
            "停电了",
            f"s{section}-{number}-{turn}",
            Caller.by("phone", f"1390{section:03d}{number:04d}"),
            utterance_id=f"u{section}-{number}-{turn}",
            household_no=f"{section}-{number}",
            grid_no="0",
        )
        for turn in range(repeats)
        for number in range(households)
        for section in range(sections)
    ]
    for second in range(seconds):
        yield everything[len(everything) * second // seconds : len(everything) * (second + 1) // seconds]
