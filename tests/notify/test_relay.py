"""Whatever is owed to a person arrives: at least once, danger first, and nobody waits for a stuck one."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.database import Database, open_database
from bot.grid.models import Staff
from bot.notify.provider import Message, Provider, Refused, Transient
from bot.notify.relay import LOOK, Relay, release
from bot.settings import NotifySettings
from bot.tickets.desk import NotificationCard, TicketDesk
from bot.tickets.models import Notification
from tests.notify.doubles import Hanging, Killed, Recording
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage

SECOND = dt.timedelta(seconds=1)


def relay(database: Database, *providers: Provider, **named: Any) -> Relay:
    settings = NotifySettings(providers=[providers[0].name], **named.pop("pace", {}))
    return Relay(database, {provider.name: provider for provider in providers}, settings, **named)


def deliver(one: Relay, at: dt.datetime) -> int:
    return asyncio.run(one.deliver_due(at))


def last(database: Database) -> NotificationCard:
    return TicketDesk(database).notifications()[-1]


def refuse(message: Message) -> None:
    raise Refused("blocked by the person")


def fail(message: Message) -> None:
    raise Transient("the network is away")


def test_what_is_owed_is_delivered_once(county: Database) -> None:
    card = TicketDesk(county).report(outage(household_no="4200000001"), AT)
    provider = Recording()
    assert deliver(relay(county, provider), AT) == 1
    assert deliver(relay(county, provider), AT + minutes(60)) == 0
    (message,) = provider.sent
    assert (message.ticket_no, message.staff_no, message.role) == (card.ticket_no, "M1", "manager")
    assert "打开单子看" in message.text and "欠费" not in message.text and "二百零六" not in message.text
    done = last(county)
    assert (done.state, done.provider, done.attempts, done.sent_at) == ("sent", "fake", 1, AT)


def test_danger_goes_first(county: Database) -> None:
    desk = TicketDesk(county)
    for minute in range(20):
        desk.report(outage(reporter=f"1380013{minute:04d}"), AT + minutes(minute))
    desk.report(hazard(), AT + minutes(30))
    provider = Recording()
    assert deliver(relay(county, provider), AT + minutes(31)) == 22
    # what is not urgent comes together, after it
    assert [message.urgent for message in provider.sent] == [True, True, False]
    assert provider.sent[-1].text.startswith("您有20件事")


@on_sqlite
def test_danger_goes_first_also_out_of_an_outbox_that_is_too_long_to_be_looked_at(county: Database) -> None:
    desk = TicketDesk(county)
    desk.report(outage(), AT)
    with county.session() as session:
        case = session.scalars(select(Notification.ticket_id)).first()
        session.add_all(
            Notification(ticket_id=case, staff_no="M1", template="new", created_at=AT, due_at=AT)
            for _ in range(LOOK + 1)
        )
    danger = desk.report(hazard(), AT + minutes(30))
    provider = Recording()
    deliver(relay(county, provider, pace={"per_person_a_minute": 1}), AT + minutes(31))
    assert [message.ticket_no for message in provider.sent[:2]] == [danger.ticket_no] * 2
    assert [message.urgent for message in provider.sent] == [True, True, False], "the storm comes behind it"


@on_sqlite
def test_danger_is_never_rate_limited(county: Database) -> None:
    desk = TicketDesk(county)
    for _ in range(5):
        desk.report(outage(), AT)
    for _ in range(4):
        desk.report(hazard(), AT)
    provider = Recording(per_minute=3)
    one = relay(county, provider)
    assert deliver(one, AT) == 8  # eight of danger use the minute up; the rest waits
    assert deliver(one, AT + 30 * SECOND) == 0
    assert deliver(one, AT + minutes(1)) == 5
    assert len(provider.sent) == 9, "five ordinary ones make one message"


@on_sqlite
def test_a_failure_is_tried_again_after_one_two_four_seconds_up_to_an_hour(county: Database) -> None:
    TicketDesk(county).report(outage(), AT)
    one, at, waits = relay(county, Recording(before=fail)), AT, []
    for _ in range(14):
        assert deliver(one, at) == 0
        waits.append(int((last(county).due_at - at).total_seconds()))
        at = last(county).due_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]
    assert last(county).error == "fake: the network is away"


@on_sqlite
def test_a_provider_that_names_its_pause_gets_it(county: Database) -> None:
    def busy(message: Message) -> None:
        raise Transient("too many", retry_after=600)

    TicketDesk(county).report(outage(), AT)
    deliver(relay(county, Recording(before=busy)), AT)
    assert last(county).due_at == AT + minutes(10)


def test_a_crash_between_send_and_mark_sends_again(county: Database, database_url: str) -> None:
    TicketDesk(county).report(hazard(), AT)
    before_the_crash = Recording()

    class Dying(Recording):
        async def send(self, message: Message) -> None:
            await before_the_crash.send(message)
            raise Killed

    with pytest.raises(Killed):
        deliver(relay(county, Dying()), AT)
    assert before_the_crash.sent and last(county).state == "pending"
    county.dispose()
    again = open_database(database_url)
    afterwards = Recording()
    assert deliver(relay(again, afterwards), AT + SECOND) == 0  # still claimed by the dead one
    assert deliver(relay(again, afterwards), AT + 20 * SECOND) == 2
    assert {message.staff_no for message in afterwards.sent} == {"M1", "A1"}
    again.dispose()


@on_sqlite
def test_at_start_up_claims_of_the_dead_can_be_released(county: Database) -> None:
    def die(message: Message) -> None:
        raise Killed

    TicketDesk(county).report(hazard(), AT)
    with pytest.raises(Killed):
        deliver(relay(county, Recording(before=die)), AT)
    assert release(county, AT + SECOND) == 2
    assert deliver(relay(county, Recording()), AT + SECOND) == 2


def test_two_relays_do_not_send_the_same(county: Database, database_url: str) -> None:
    desk = TicketDesk(county)
    for number in range(20):
        desk.report(outage(reporter=f"1380013{number:04d}"), AT)
    other = open_database(database_url)
    providers = [Recording(), Recording()]

    async def both() -> int:
        pace = {"together_from": 1_000, "per_person_a_minute": 1_000}
        relays = [relay(one, provider, pace=pace) for one, provider in zip([county, other], providers, strict=True)]
        return sum(await asyncio.gather(*(one.deliver_due(AT) for one in relays)))

    assert asyncio.run(both()) == 20
    assert len({message.notification_id for provider in providers for message in provider.sent}) == 20
    other.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_relay_leaves_alone_what_another_is_just_taking(county: Database) -> None:
    TicketDesk(county).report(outage(), AT)
    with county.session() as other:
        other.execute(select(Notification).with_for_update())
        assert deliver(relay(county, Recording()), AT) == 0
    assert deliver(relay(county, Recording()), AT) == 1


def test_after_a_day_the_duty_desk_is_paged_and_that_never_loops(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    one = relay(county, Recording(before=fail))
    deliver(one, AT + dt.timedelta(hours=23))
    assert last(county).state == "pending"
    deliver(one, AT + dt.timedelta(hours=25))
    dead, page = desk.notifications(number)
    assert (dead.state, page.staff_no, page.template, page.state) == ("dead", "D1", "undelivered", "pending")
    deliver(one, AT + dt.timedelta(hours=60))
    deliver(one, AT + dt.timedelta(hours=90))
    assert [n.state for n in desk.notifications(number)] == ["dead", "dead"]


@on_sqlite
def test_who_refuses_a_message_is_reported_at_once(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(), AT).ticket_no

    def refuse_managers(message: Message) -> None:
        if message.role == "manager":
            refuse(message)

    provider = Recording(before=refuse_managers)
    deliver(relay(county, provider), AT)
    page = next(message for message in provider.sent if message.template == "undelivered")
    assert (page.staff_no, page.urgent) == ("D1", True)
    assert number in page.text and "程远" in page.text and "请打电话" in page.text


@on_sqlite
def test_a_duty_desk_that_cannot_be_reached_is_not_told_of_itself(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(grid_no=None), AT).ticket_no
    deliver(relay(county, Recording(before=refuse)), AT)
    undelivered = [(n.staff_no, n.state) for n in desk.notifications(number) if n.template == "undelivered"]
    assert sorted(undelivered) == [("D1", "dead"), ("T1", "dead")]


def test_a_hung_provider_is_timed_out_and_tried_again(county: Database) -> None:
    TicketDesk(county).report(outage(), AT)

    async def story() -> int:
        provider = Hanging()
        delivered = await relay(county, provider, timeout_s=0.05).deliver_due(AT)
        provider.let_go.set()
        return delivered

    begun = time.monotonic()
    assert asyncio.run(story()) == 0
    assert time.monotonic() - begun < 5
    assert last(county).state == "pending" and "no answer in 0.05 s" in last(county).error


@on_sqlite
def test_a_stuck_message_blocks_no_other(county: Database) -> None:
    desk = TicketDesk(county)
    stuck = [desk.report(outage(), AT).ticket_no for _ in range(3)]

    async def story() -> float:
        provider = Hanging(stuck=frozenset(stuck))
        one = relay(county, provider, timeout_s=30)
        serving = asyncio.ensure_future(one.run())
        await asyncio.sleep(0.2)
        begun = time.monotonic()
        await asyncio.to_thread(TicketDesk(county, owed=one.nudge).report, hazard())
        while len(provider.sent) < 2:
            await asyncio.sleep(0.01)
        took = time.monotonic() - begun
        provider.let_go.set()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return took

    assert asyncio.run(asyncio.wait_for(story(), 10)) < 5


@on_sqlite
def test_a_provider_full_of_stuck_messages_does_not_stop_the_others(county: Database) -> None:
    with county.session() as session:
        session.execute(update(Staff).where(Staff.staff_no == "M1").values(telegram_id="42"))
    desk = TicketDesk(county)
    for number in range(30):
        desk.report(outage(reporter=f"1380013{number:04d}"), AT)
    desk.report(outage(grid_no="7"), AT)

    async def story() -> list[str]:
        telegram, default = Hanging(name="telegram"), Recording()
        one = relay(county, default, telegram, timeout_s=30)
        serving = asyncio.ensure_future(one.run())
        while not default.sent:
            await asyncio.sleep(0.01)
        telegram.let_go.set()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return [message.staff_no for message in default.sent]

    assert asyncio.run(asyncio.wait_for(story(), 10)) == ["M2"]


@on_sqlite
def test_a_nudge_wakes_the_relay_at_once(county: Database) -> None:
    async def story() -> float:
        provider = Recording()
        one = relay(county, provider, poll_s=60)
        serving = asyncio.ensure_future(one.run())
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        await asyncio.to_thread(TicketDesk(county, owed=one.nudge).report, outage())
        while not provider.sent:
            await asyncio.sleep(0.005)
        took = time.monotonic() - begun
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return took

    assert asyncio.run(asyncio.wait_for(story(), 10)) < 5


@on_sqlite
def test_without_a_nudge_the_relay_looks_by_itself(county: Database) -> None:
    async def story() -> int:
        provider = Recording()
        serving = asyncio.ensure_future(relay(county, provider, poll_s=0.05).run())
        await asyncio.sleep(0.1)
        await asyncio.to_thread(TicketDesk(county).report, outage())
        while not provider.sent:
            await asyncio.sleep(0.01)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return len(provider.sent)

    assert asyncio.run(asyncio.wait_for(story(), 60)) == 1


@on_sqlite
def test_a_retry_goes_only_to_the_way_that_failed(county: Database) -> None:
    TicketDesk(county).report(outage(), AT)
    good, bad = Recording(), Recording(name="other", before=fail)
    one = Relay(county, {"fake": good, "other": bad}, NotifySettings(providers=["fake", "other"]))
    assert deliver(one, AT) == 0
    bad.before = None
    assert deliver(one, AT + SECOND) == 1
    assert (len(good.sent), len(bad.sent), last(county).provider) == (1, 1, "fake,other")


@on_sqlite
def test_a_person_with_a_messenger_gets_it_there(county: Database) -> None:
    with county.session() as session:
        session.execute(update(Staff).where(Staff.staff_no == "M1").values(telegram_id="42"))
    TicketDesk(county).report(hazard(), AT)
    telegram, default = Recording(name="telegram"), Recording()
    assert deliver(relay(county, default, telegram), AT) == 2
    assert [(m.staff_no, m.address) for m in telegram.sent] == [("M1", "42")]
    assert [(m.staff_no, m.address) for m in default.sent] == [("A1", "")]


@on_sqlite
def test_a_message_that_cannot_be_written_holds_up_no_other(county: Database) -> None:
    desk = TicketDesk(county)
    desk.report(outage(), AT)
    with county.session() as session:
        session.execute(update(Notification).values(detail=["not", "a", "mapping"]))
    desk.report(outage(), AT)
    assert deliver(relay(county, Recording()), AT) == 1
    assert sorted(n.state for n in desk.notifications()) == ["pending", "sent"]


@on_sqlite
def test_a_setting_that_names_no_provider_is_refused(county: Database) -> None:
    with pytest.raises(ValueError, match="telepathy"):
        Relay(county, {"fake": Recording()}, NotifySettings(providers=["telepathy"]))
