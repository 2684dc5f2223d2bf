"""Who is on leave is neither named to residents nor rung for callers: who stands in is."""

from __future__ import annotations

import datetime as dt

from bot.database import Database, now
from bot.grid.leave import come_back, write_leave
from bot.grid.models import Grid, GridStaff, Staff
from bot.grid.present import Present
from bot.grid.registry import Registry
from bot.telephone.ring_plan import people_to_ring

DAY = dt.timedelta(days=1)


def present(database: Database) -> tuple[Present, list[float]]:
    with database.session() as session:
        session.add_all([Grid(grid_no="24"), Grid(grid_no="25")])
        people = (("M24", "manager"), ("A24", "assistant"), ("M25", "manager"), ("D1", "duty"), ("D2", "duty"))
        session.add_all(
            Staff(staff_no=no, name=no, role=role, phone=f"1390000{at:04}") for at, (no, role) in enumerate(people)
        )
        session.flush()
        session.add_all([GridStaff(grid_no="24", staff_no="M24"), GridStaff(grid_no="24", staff_no="A24")])
        session.add(GridStaff(grid_no="25", staff_no="M25"))
    seconds = [0.0]
    return Present(Registry.load(database), steady=lambda: seconds[0]), seconds


def test_who_stands_in_is_rung_and_nobody_on_leave_is(sqlite_database: Database) -> None:
    people, seconds = present(sqlite_database)
    assert people_to_ring(people, "24", "0715") == ["13900000000", "13900000001", "13900000003", "13900000004", "0715"]
    write_leave(sqlite_database, "M24", "M25", now() - DAY, now() + DAY)
    write_leave(sqlite_database, "D1", "D2", now() - DAY, now() + DAY)
    seconds[0] += 6
    assert people_to_ring(people, "24", "0715") == ["13900000002", "13900000001", "13900000004", "0715"]
    assert [one.staff_no for one in people.staff("24", "manager")] == ["M25"]
    come_back(sqlite_database, "M24", now())
    seconds[0] += 6
    assert [one.staff_no for one in people.staff("24", "manager")] == ["M24"]


def test_a_database_that_is_away_leaves_what_was_known(sqlite_database: Database) -> None:
    people, seconds = present(sqlite_database)
    write_leave(sqlite_database, "M24", "M25", now() - DAY, now() + DAY)
    assert [one.staff_no for one in people.staff("24", "manager")] == ["M25"]
    sqlite_database.engine.dispose()

    def broken(at: dt.datetime) -> dict[str, str]:
        raise OSError("gone")

    people._registry.away = broken  # type: ignore[method-assign]
    seconds[0] += 6
    assert [one.staff_no for one in people.staff("24", "manager")] == ["M25"]
