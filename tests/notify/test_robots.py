"""Danger through a group's robot: inside its minute, first, grouped when it must be, and never dropped."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.database import Database
from bot.notify.links import Links
from bot.notify.pace import room_for_danger
from bot.notify.provider import Message, Transient
from bot.notify.relay import Relay
from bot.notify.wecom import with_links
from bot.settings import NotifySettings
from bot.tickets.desk import TicketDesk
from bot.tickets.models import Notification
from tests.notify.doubles import Recording
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage

SECOND = dt.timedelta(seconds=1)
LIMIT = 20


@dataclass
class Robot(Recording):
    """Loses, as the real ones do, what comes after twenty in a minute."""

    name: str = "robot"
    per_minute: int | None = LIMIT
    strict: bool = True
    clock: dt.datetime = AT
    at: list[dt.datetime] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        self.at.append(self.clock)
        assert sum(self.clock - one < minutes(1) for one in self.at) <= LIMIT, "shut out"
        assert len(f"@{message.name}\n{with_links(message)}".encode()) <= 2048, "cut off"
        await super().send(message)


def relay(database: Database, robot: Robot, *others: Recording, **values: Any) -> Relay:
    names = [robot.name, *(one.name for one in others)]
    providers = {robot.name: robot, **{one.name: one for one in others}}
    links = Links(bytes(32), database, "https://gege.chongyang-power.example")
    return Relay(database, providers, NotifySettings(providers=names, **values), links=links)  # type: ignore[arg-type]


def deliver(one: Relay, robot: Robot, at: dt.datetime) -> None:
    robot.clock = at
    asyncio.run(one.deliver_due(at))


def pending(database: Database) -> int:
    with database.reading() as session:
        return len(session.scalars(select(Notification.id).where(Notification.state == "pending")).all())


@on_sqlite
def test_few_dangers_leave_alone_and_at_once(county: Database) -> None:
    desk, robot = TicketDesk(county), Robot()
    number = desk.report(hazard(), AT).ticket_no
    deliver(relay(county, robot), robot, AT)
    assert len(robot.sent) >= 2 and {one.ticket_no for one in robot.sent} == {number} and pending(county) == 0


@on_sqlite
def test_forty_dangers_in_a_minute_stay_inside_the_limit_and_all_arrive_within_seconds(county: Database) -> None:
    desk, robot = TicketDesk(county), Robot()
    one = relay(county, robot)
    reported: dict[str, dt.datetime] = {}
    told: dict[str, dt.datetime] = {}
    for second in range(130):
        at = AT + second * SECOND
        if second % 3 == 0 and second < 120:
            reported[desk.report(hazard(reporter=f"138{len(reported):08d}"), at).ticket_no] = at
        before = len(robot.sent)
        deliver(one, robot, at)
        for number in reported:
            if any(number in message.text for message in robot.sent[before:]):
                told.setdefault(number, at)
    assert set(told) == set(reported) and pending(county) == 0
    assert max(told[number] - at for number, at in reported.items()) <= 8 * SECOND


@on_sqlite
def test_a_storm_of_danger_is_told_case_by_case_with_a_link_each(county: Database) -> None:
    desk, robot = TicketDesk(county), Robot()
    one = relay(county, robot)
    numbers = [desk.report(hazard(reporter=f"1380013{number:04d}"), AT).ticket_no for number in range(60)]
    for second in range(0, 90):
        deliver(one, robot, AT + second * SECOND)
    text = "\n".join(with_links(message) for message in robot.sent)
    assert all(number in text for number in numbers)
    assert pending(county) == 0
    grouped = [message for message in robot.sent if message.template == "digest"]
    assert grouped and "@程远" in grouped[0].text and len(grouped[0].buttons) == 6
    assert all(button.url for button in grouped[0].buttons)


@on_sqlite
def test_everyday_matters_leave_room_for_danger(county: Database) -> None:
    desk, robot = TicketDesk(county), Robot()
    one = relay(county, robot, per_person_a_minute=100, together_from=100)
    for number in range(40):
        desk.report(outage(reporter=f"1380013{number:04d}"), AT)
    deliver(one, robot, AT)
    assert len(robot.sent) == LIMIT // 2
    number = desk.report(hazard(), AT + SECOND).ticket_no
    deliver(one, robot, AT + 7 * SECOND)
    assert number in robot.sent[-1].text and robot.sent[-1].urgent


@on_sqlite
def test_another_way_does_not_wait_for_the_robots_room(county: Database) -> None:
    desk, robot, console = TicketDesk(county), Robot(), Recording("console")
    one = relay(county, robot, console)
    for _ in range(5):  # two readers each: the robot's half minute is used
        desk.report(hazard(), AT)
    deliver(one, robot, AT)
    number = desk.report(hazard(), AT + SECOND).ticket_no
    deliver(one, robot, AT + SECOND)
    assert any(number in message.text for message in console.sent)
    assert not any(number in message.text for message in robot.sent)
    for second in range(2, 90):
        deliver(one, robot, AT + second * SECOND)
    assert any(number in message.text for message in robot.sent) and pending(county) == 0
    assert sum(message.ticket_no == number for message in console.sent) == 2, "each reader once"


@on_sqlite
def test_a_restart_does_not_forget_the_robots_minute(county: Database) -> None:
    desk, robot = TicketDesk(county), Robot()
    numbers = []
    for second in range(60):  # a service that falls every five seconds
        if second % 5 == 0:
            one = relay(county, robot)
        at = AT + second * SECOND
        numbers.append(desk.report(hazard(reporter=f"138{len(numbers):08d}"), at).ticket_no)
        deliver(one, robot, at)
    for second in range(60, 100):
        deliver(one, robot, AT + second * SECOND)
    assert all(any(number in message.text for message in robot.sent) for number in numbers) and pending(county) == 0


@on_sqlite
def test_a_group_that_the_robot_refuses_for_a_moment_comes_again(county: Database) -> None:
    desk, robot = TicketDesk(county), Robot()

    def refuse_once(message: Message) -> None:
        if message.template == "digest":
            robot.before = None
            raise Transient("too often", 5.0)

    robot.before = refuse_once
    numbers = [desk.report(hazard(reporter=f"1380013{number:04d}"), AT).ticket_no for number in range(12)]
    one = relay(county, robot)
    for second in range(40):
        deliver(one, robot, AT + second * SECOND)
    text = "\n".join(message.text for message in robot.sent)
    assert all(number in text for number in numbers) and pending(county) == 0


@given(st.lists(st.floats(0, 20), max_size=200))
@settings(max_examples=50)
def test_whenever_danger_comes_the_minute_holds_and_nobody_waits_long(gaps: list[float]) -> None:
    sent: list[dt.datetime] = []
    at = AT
    for gap in gaps:
        at += dt.timedelta(seconds=gap)
        window = [one for one in sent if at - one < minutes(1)]
        room = room_for_danger(window, LIMIT, at)
        if not room:
            later = at + 6 * SECOND
            window = [one for one in sent if later - one < minutes(1)]
            assert room_for_danger(window, LIMIT, later) >= 1
            continue
        sent.append(at)
        assert sum(at - one < minutes(1) for one in sent) <= LIMIT
