"""Cases that go on for days: steps in their order, days that are watched, and a resident who hears what concerns them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.database import Database
from bot.foundation.errors import Refused
from bot.notify.texts import Case, render
from bot.tickets.checklist import checklists
from bot.tickets.desk import TicketDesk
from bot.tickets.due.timers import fire_due
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Notification, State
from bot.tickets.rules import usual_rules
from tests.tickets.county import AT, by, outage

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = AT.astimezone(ZONE).date()


def day(count: int) -> dt.date:
    return TODAY + dt.timedelta(days=count)


def moment(count: int, hour: int = 9) -> dt.datetime:
    return dt.datetime.combine(day(count), dt.time(hour), ZONE).astimezone(dt.UTC)


@pytest.fixture
def desk(county: Database) -> TicketDesk:
    return TicketDesk(county)


def opened(desk: TicketDesk, kind: str) -> str:
    return desk.report(outage(kind=kind, said="我想移表", channel="telegram", reporter="77"), AT).ticket_no


def told(desk: TicketDesk, number: str, template: str) -> int:
    return sum(one.template == template for one in desk.notifications(number))


def test_a_step_takes_the_case_stands_in_its_history_and_the_resident_hears_the_day(desk: TicketDesk) -> None:
    number = opened(desk, "meter_relocation")
    desk.step(number, "M1", "survey", day(2), "带梯子", at=AT)
    card, last = desk.ticket(number), desk.activities(number)[-1]
    assert card is not None and (card.state, card.owner) == (State.acknowledged, "M1")
    assert (last.kind, last.note) == ("step", f"看现场 {day(2).month}月{day(2).day}日　带梯子")
    assert told(desk, number, "news_step") == 1
    own = desk.own_case(by("77"))
    assert own is not None and own.told == f"师傅{day(2).month}月{day(2).day}日来看移表的地方。"


def test_the_same_press_twice_is_one_and_another_day_moves_it(desk: TicketDesk) -> None:
    number = opened(desk, "meter_relocation")
    assert desk.step(number, "M1", "survey", day(2), at=AT).outcome == "fresh"
    assert desk.step(number, "M1", "survey", day(2), at=AT).outcome == "already"
    assert desk.step(number, "M1", "survey", day(5), at=AT).outcome == "fresh"
    fire_due(desk._database, moment(3), usual_rules())
    assert told(desk, number, "step_due") == 0, "the first day is watched no more"


def test_a_promise_to_pay_is_asked_about_on_the_day_after_and_once(desk: TicketDesk) -> None:
    number = opened(desk, "reconnect")
    desk.step(number, "M1", "promised", day(3), at=AT)
    fire_due(desk._database, moment(3, 23), usual_rules())
    assert told(desk, number, "step_due") == 0
    for hour in (9, 10, 11):
        fire_due(desk._database, moment(4, hour), usual_rules())
    assert told(desk, number, "step_due") == 1
    asked = [one for one in desk.activities(number) if one.kind == "step_due"]
    assert "他答应" in asked[0].note and "交了没有" in asked[0].note
    assert told(desk, number, "news_step") == 0, "what he promised himself is no news to him"


def test_who_went_on_is_not_asked(desk: TicketDesk) -> None:
    number = opened(desk, "reconnect")
    desk.step(number, "M1", "promised", day(1), at=AT)
    desk.step(number, "M1", "decided", at=AT)
    fire_due(desk._database, moment(4), usual_rules())
    assert told(desk, number, "step_due") == 0


def test_steps_come_in_their_order_and_a_promise_may_be_left_out(desk: TicketDesk) -> None:
    number = opened(desk, "reconnect")
    with pytest.raises(Refused):
        desk.step(number, "M1", "supply_on", at=AT)
    desk.step(number, "M1", "decided", at=AT)
    desk.step(number, "M1", "supply_on", at=AT)
    with pytest.raises(Refused):
        desk.step(number, "M1", "promised", day(1), at=AT)
    own = desk.own_case(by("77"))
    assert own is not None and "电送上了" in own.told


@pytest.mark.parametrize(
    ("by_whom", "step", "on"),
    [
        ("M1", "survey", None), ("M1", "survey", day(-1)), ("M1", "survey", day(61)), ("M1", "nonsense", day(1)),
        ("M2", "survey", day(1)), ("S1", "survey", day(1)), ("nobody", "survey", day(1)),
    ],
)  # fmt: skip
def test_no_day_a_day_that_is_gone_and_a_stranger_are_refused(
    desk: TicketDesk, by_whom: str, step: str, on: dt.date | None
) -> None:
    number = opened(desk, "meter_relocation")
    with pytest.raises(Refused):
        desk.step(number, by_whom, step, on, at=AT)
    assert not [one for one in desk.activities(number) if one.kind == "step"]


def test_a_settled_case_has_no_steps_and_one_that_came_back_begins_anew(desk: TicketDesk) -> None:
    number = opened(desk, "meter_relocation")
    desk.step(number, "M1", "survey", day(1), at=AT)
    desk.resolve(number, "M1", at=AT)
    with pytest.raises(Refused):
        desk.step(number, "M1", "approved", at=AT)
    desk.reopen(number, at=AT)
    assert desk.step(number, "M1", "survey", day(2), at=AT).outcome == "fresh"


def test_what_residents_and_managers_read_is_short_and_keeps_its_day() -> None:
    assert set(checklists()) <= set(Kind) and OPEN
    for steps in checklists().values():
        for one in steps:
            for text in (one.tells.format(day="12月5日"), one.asks.format(day="12月5日")):
                assert all(len(part) <= 45 for part in text.split("。")) and "工单" not in text
                case = Case(ticket_no="GD2611230001", kind="reconnect", detail={"note": text, "station_phone": "95598"})
                assert not text or text in render("news_step", case, "resident")


def test_what_staff_note_beside_a_step_is_not_told_to_the_resident(desk: TicketDesk) -> None:
    number = opened(desk, "meter_relocation")
    desk.step(number, "M1", "survey", day(1), "他家欠费，户主章素芬", at=AT)
    own = desk.own_case(by("77"))
    assert own is not None and "章素芬" not in own.told and "欠费" not in own.told
    with desk._database.reading() as session:
        rows = session.scalars(select(Notification).where(Notification.template == "news_step")).all()
    assert rows and all("章素芬" not in str(one.detail) for one in rows)
