"""A manager's messages never flood, a resident's news finds its way, and nothing is dropped on the way."""

from __future__ import annotations

import asyncio
import datetime as dt

from sqlalchemy import select

from bot.database import Database
from bot.notify.links import Links, Purpose
from bot.notify.provider import Message, Refused
from bot.notify.relay import Relay
from bot.settings import NotifySettings
from bot.tickets.desk import TicketDesk
from bot.tickets.models import Notification, Ticket
from bot.tickets.owed.asking import buttons
from tests.notify.doubles import Recording
from tests.tickets.county import AT, hazard, minutes, outage

SECOND = dt.timedelta(seconds=1)


def relay(database: Database, provider: Recording, **settings: int) -> Relay:
    return Relay(database, {provider.name: provider}, NotifySettings(providers=["fake"], **settings))  # type: ignore[arg-type]


def states(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Notification.state).order_by(Notification.id)))


def news(database: Database, channel: str, address: str, **detail: object) -> None:
    with database.session() as session:
        session.add(
            Notification(
                staff_no=None,
                channel=channel,
                address=address,
                template="taken",
                detail=detail,
                created_at=AT,
                due_at=AT,
            )
        )


def test_few_come_one_by_one_and_many_come_together(county: Database) -> None:
    desk, provider = TicketDesk(county), Recording()
    one = relay(county, provider, together_from=4)
    for _ in range(3):
        desk.report(outage(), AT)
    assert asyncio.run(one.deliver_due(AT)) == 3 == len(provider.sent)
    numbers = [desk.report(outage(reporter=f"1380013{number:04d}"), AT + SECOND).ticket_no for number in range(40)]
    assert asyncio.run(one.deliver_due(AT + SECOND)) == 40
    text = provider.sent[-1].text
    assert len(provider.sent) == 4 and text.startswith("您有40件事") and text.endswith("……还有28件")
    assert all(number in text for number in numbers[:12])


def test_a_manager_gets_no_more_than_his_messages_a_minute_and_everything_arrives(county: Database) -> None:
    desk, provider = TicketDesk(county), Recording()
    one = relay(county, provider, together_from=4, per_person_a_minute=5)
    sent_at: list[dt.datetime] = []
    for second in range(180):
        at = AT + second * SECOND
        desk.report(outage(reporter=f"138{second:08d}"), at)
        before = len(provider.sent)
        asyncio.run(one.deliver_due(at))
        sent_at += [at] * (len(provider.sent) - before)
    asyncio.run(one.deliver_due(AT + minutes(10)))
    assert set(states(county)) == {"sent"}
    busiest = max(sum(at <= other < at + minutes(1) for other in sent_at) for at in sent_at)
    assert busiest <= 5


def test_danger_is_told_at_once_to_a_manager_whose_minute_is_used_up(county: Database) -> None:
    desk, provider = TicketDesk(county), Recording()
    one = relay(county, provider, per_person_a_minute=1)
    desk.report(outage(), AT)
    asyncio.run(one.deliver_due(AT))
    desk.report(outage(), AT)
    asyncio.run(one.deliver_due(AT))
    assert [message.staff_no for message in provider.sent] == ["M1"], "his minute is used up: the second one waits"
    number = desk.report(hazard(), AT + SECOND).ticket_no
    asyncio.run(one.deliver_due(AT + SECOND))
    told = {message.staff_no: message.ticket_no for message in provider.sent[1:] if message.urgent}
    assert told == {"M1": number, "A1": number}


def test_one_of_a_digest_that_failed_comes_again(county: Database) -> None:
    desk = TicketDesk(county)
    for _ in range(6):
        desk.report(outage(), AT)

    def refuse_once(message: Message) -> None:
        provider.before = None
        raise OSError("the network is away")

    provider = Recording(before=refuse_once)
    one = relay(county, provider)
    assert asyncio.run(one.deliver_due(AT)) == 0
    assert asyncio.run(one.deliver_due(AT + SECOND)) == 6
    assert provider.sent[-1].text.startswith("您有6件事")


def test_a_resident_is_told_by_the_messenger_of_the_report(county: Database) -> None:
    news(county, "fake", "chat-77", buttons={"rate:GD1:1": "满意"})
    provider = Recording()
    assert asyncio.run(relay(county, provider).deliver_due(AT)) == 1
    (message,) = provider.sent
    assert (message.address, message.role, message.staff_no) == ("chat-77", "resident", "")
    assert [(button.label, button.data) for button in message.buttons] == [("满意", "rate:GD1:1")]


def test_news_without_a_way_is_settled_and_not_tried_for_ever(county: Database) -> None:
    news(county, "telegram", "chat-77")
    provider = Recording()
    assert asyncio.run(relay(county, provider).deliver_due(AT)) == 0
    assert states(county) == ["skipped"] and not provider.sent


def test_a_resident_who_blocks_us_pages_nobody(county: Database) -> None:
    news(county, "fake", "chat-77")

    def blocked(message: Message) -> None:
        raise Refused("bot was blocked by the user")

    asyncio.run(relay(county, Recording(before=blocked)).deliver_due(AT))
    assert states(county) == ["dead"]


def test_staff_get_buttons_for_what_they_can_do_now(county: Database) -> None:
    desk, provider = TicketDesk(county), Recording()
    one = relay(county, provider)
    number = desk.report(outage(), AT).ticket_no
    asyncio.run(one.deliver_due(AT))
    assert [button.data for button in provider.sent[-1].buttons] == [
        f"{verb}:{number}" for verb in ("take", "ring", "pass", "wrong")
    ]
    assert all(len(button.data.encode()) <= 64 for button in provider.sent[-1].buttons)


def test_an_sms_that_asks_for_a_rating_carries_the_link(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    with county.session() as session:
        ticket = session.scalars(select(Ticket)).one()
        asked = {"buttons": buttons("rating", number)}
        session.add(
            Notification(
                ticket_id=ticket.id, staff_no=None, channel="sms", address="13900000009", template="ask_rating",
                detail=asked, created_at=AT, due_at=AT,
            )
        )  # fmt: skip
    provider, links = Recording("sms"), Links(bytes(32), county, "https://gege.example")
    one = Relay(county, {"sms": provider, "fake": Recording()}, NotifySettings(providers=["fake"]), links=links)
    asyncio.run(one.deliver_due(AT))
    (message,) = provider.sent
    (button,) = message.buttons
    link = links.read(button.url.rpartition("/")[2], AT)
    assert (link.purpose, link.ticket_no, link.staff_no) == (Purpose.rate, number, "")
