"""Who may see a case and who may handle it: people, cases, and the table that desk, page and messenger agree with."""

from __future__ import annotations

import datetime as dt

from bot.database import Database
from bot.grid.leave import write_leave
from bot.grid.models import GridStaff, Staff
from bot.tickets.desk import TicketDesk
from tests.tickets.county import AT, outage

#: beside those of the county: the administrator, who stands in for M1, the crew of grid 24, another crew
PEOPLE = {"X1": "admin", "M3": "manager", "C1": "crew", "C2": "crew"}
EVERYBODY = ("M1", "A1", "S1", "M2", "T1", "D1", *PEOPLE)

#: case → who may see it; whoever may see may handle
SEES = {
    "of grid 24": {"M1", "M3", "A1", "T1", "D1", "X1"},
    "of grid 7": {"M2", "T1", "D1", "X1"},
    "of no grid": {"T1", "D1", "X1"},
    "given to M2": {"M2", "M1", "M3", "A1", "T1", "D1", "X1"},
    "a complaint about M1": {"A1", "M3", "T1", "D1", "X1"},
    "a complaint": {"M1", "M3", "A1", "T1", "D1", "X1"},
    "with the crew called": {"M1", "M3", "A1", "T1", "D1", "X1", "C1"},
    "of an outage": {"M1", "M3", "A1", "T1", "D1", "X1", "C1"},
    "of an outage that is over": {"M1", "M3", "A1", "T1", "D1", "X1"},
}
#: a supervisor reads nothing, and has complaints passed on to them
HANDLES = {
    **SEES,
    "a complaint": SEES["a complaint"] | {"S1"},
    "a complaint about M1": SEES["a complaint about M1"] | {"S1"},
}


def people(database: Database) -> None:
    """Everybody, and M3 in the place of M1 for the week before and after AT."""
    with database.session() as session:
        session.add_all(Staff(staff_no=no, name=no, role=role, phone="139") for no, role in PEOPLE.items())
        session.flush()
        session.add(GridStaff(grid_no="24", staff_no="C1"))


def leave(database: Database, at: dt.datetime = AT) -> None:
    write_leave(database, "M1", "M3", at - dt.timedelta(days=1), at + dt.timedelta(days=1))


def case(desk: TicketDesk, name: str, at: dt.datetime = AT) -> str:
    """Make a case of the table; its number."""
    if name.startswith("a complaint"):
        said = "你们网格员态度恶劣要给个说法" if name.endswith("M1") else "电费多收了我五十几块,我要退"
        return desk.report(outage(kind="complaint", said=said), at).ticket_no
    if name.startswith("of an outage"):
        number = desk.report(outage(), at).ticket_no
        opened = desk.outages.open("D1", household_no="4200000001", at=at)
        desk.outages.add(opened.outage_no, number, "D1", at)
        if name.endswith("over"):
            desk.outages.restored(opened.outage_no, "D1", at=at)
        return number
    grid = {"of grid 7": "7", "of no grid": None}.get(name, "24")
    number = desk.report(outage(kind="care", said="灯要换", grid_no=grid), at).ticket_no
    if name == "given to M2":
        desk.pass_on(number, "M2", "D1", at=at)
    if name == "with the crew called":
        desk.call_crew(number, "D1", at=at)
    return number
