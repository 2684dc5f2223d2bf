"""Nobody handles a complaint about themselves."""

from __future__ import annotations

import pytest

from bot.database import Database
from bot.grid.leave import write_leave
from bot.tickets.desk import TicketCard, TicketDesk, TicketRefused
from bot.tickets.due import timers
from tests.tickets.county import AT, minutes, on_sqlite, outage

ABOUT = "你们网格员态度恶劣要给个说法"


def complain(desk: TicketDesk, said: str = ABOUT, **values: object) -> TicketCard:
    return desk.report(outage(kind="complaint", said=said, **values), AT)


def test_a_complaint_about_the_manager_is_the_duty_desks_and_the_supervisor_knows(county: Database) -> None:
    desk = TicketDesk(county)
    card = complain(desk)
    assert card.owner == "D1"
    told = [(n.staff_no, n.template) for n in desk.notifications(card.ticket_no)]
    assert told == [("D1", "reported"), ("S1", "supervise")]


def test_the_manager_never_hears_of_it(county: Database) -> None:
    desk = TicketDesk(county)
    number = complain(desk).ticket_no
    for minute in range(0, 10_000, 5):
        timers.fire_due(county, AT + minutes(minute))
    assert "M1" not in {n.staff_no for n in desk.notifications(number)}
    with pytest.raises(TicketRefused, match="about M1"):
        desk.acknowledge(number, "M1", AT)
    with pytest.raises(TicketRefused, match="about M1"):
        desk.pass_on(number, "M1", "D1", at=AT)
    assert desk.acknowledge(number, "D1", AT).owner == "D1"


@on_sqlite
@pytest.mark.parametrize(
    "said",
    [
        "程远这个人不行",
        "老程讲话冲得很",
        "找程师傅的领导",
        "打了五回电话都冇人理",
        "报了三天了冇人来",
        "抄表的骂我姆妈",
    ],
)
def test_it_is_told_from_the_words(county: Database, said: str) -> None:
    assert complain(TicketDesk(county), said).owner == "D1"


@on_sqlite
@pytest.mark.parametrize("said", ["电费多收了我五十几块,我要退", "停电都不提前通知,冰箱一箱鱼坏了"])
def test_a_complaint_about_something_else_is_the_managers(county: Database, said: str) -> None:
    assert complain(TicketDesk(county), said).owner == "M1"


@on_sqlite
def test_the_grid_may_become_known_later(county: Database) -> None:
    desk = TicketDesk(county)
    number = complain(desk, grid_no=None).ticket_no
    card = desk.add(number, place="沿河路", grid_no="24", at=AT + minutes(1))
    assert card.owner == "D1"
    assert "M1" not in {n.staff_no for n in desk.notifications(number)}


@on_sqlite
def test_who_stands_in_for_the_manager_does_not_get_it_either(county: Database) -> None:
    write_leave(county, "M1", "M2", AT - minutes(1), AT + minutes(600))
    desk = TicketDesk(county)
    card = complain(desk)
    assert card.owner == "D1" and set(card.facts["complained_of"]) == {"M1", "M2"}
