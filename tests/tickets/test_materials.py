"""What was used and what it cost stands in the history; a wrong line is taken back by another one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.database import Database
from bot.tickets.desk import NotYours, TicketDesk, TicketRefused
from bot.tickets.materials import used
from tests.tickets.county import AT, minutes, on_sqlite, outage

pytestmark = on_sqlite


def lines(desk: TicketDesk, number: str) -> list[tuple[str, str, str]]:
    return [(one.what, str(one.count), str(one.cny)) for one in used(desk.activities(number))]


def test_lines_are_written_and_a_wrong_one_is_taken_back(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.use(number, "M1", "空气开关", "1", "35", AT)
    desk.use(number, "M1", " 电线  2.5平方 ", "12.5", "61.25", AT + minutes(1))
    desk.use(number, "M1", "胶布", "", "", AT + minutes(2))
    assert lines(desk, number) == [("空气开关", "1", "35.00"), ("电线 2.5平方", "12.5", "61.25"), ("胶布", "1", "0.00")]
    desk.take_back(number, "M1", 0, AT + minutes(3))
    assert [what for what, _, _ in lines(desk, number)] == ["电线 2.5平方", "胶布"]
    with pytest.raises(TicketRefused):
        desk.take_back(number, "M1", 0, AT + minutes(4))
    desk.take_back(number, "M1", 2, AT + minutes(5))
    assert sum(one.cny for one in used(desk.activities(number))) == Decimal("61.25")
    assert [one.kind for one in desk.activities(number)].count("used") == 3, "the history keeps all of it"


@pytest.mark.parametrize(
    ("what", "count", "cny"),
    [("", "1", "1"), ("开关", "0", "1"), ("开关", "-1", "1"), ("开关", "一个", "1"), ("开关", "1", "NaN"), ("开关", "1", "1e9"),
     ("开关", "1", "Infinity"), ("开关", "99999", "1"), ("开关", "1", "-5")],
)  # fmt: skip
def test_what_is_no_amount_is_refused(county: Database, what: str, count: str, cny: str) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    with pytest.raises(TicketRefused):
        desk.use(number, "M1", what, count, cny, AT)
    assert lines(desk, number) == []


def test_a_double_tap_is_one_line_and_strangers_write_none(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    assert desk.use(number, "M1", "开关", "1", "35元", AT).fresh
    assert not desk.use(number, "M1", "开关", "1", "35", AT).fresh
    assert desk.use(number, "M1", "开关", "1", "35", AT + minutes(5)).fresh, "a second one, later"
    for by, error in (("M2", NotYours), ("resident", TicketRefused)):
        with pytest.raises(error):
            desk.use(number, by, "开关", "1", "1", AT)
    assert len(lines(desk, number)) == 2
