"""Conversations about a known outage, and after the work: with the real Rasa model and a real database."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.app.parts import Parts
from bot.database import now
from bot.grid.models import Contact, Household, HouseholdContact
from bot.tickets.intake.caller import Caller
from bot.tickets.models import Ticket
from bot.tickets.outages.desk import OutageCard
from bot.tickets.reporter import Reporter
from tests.dialogue.test_stories import Say, lonely_house, talk

# the service lives in the loop of its module
pytestmark = pytest.mark.asyncio(loop_scope="module")

_used: set[tuple[int, int]] = set()
_sessions = itertools.count()


def neighbours(service: Parts, count: int = 4) -> list[tuple[str, str]]:
    """(telephone, household_no) of households of one transformer that no other test has put in the dark: nobody
    owes, each telephone is linked to one household."""
    with service.database.reading() as session:
        rows = session.execute(
            select(Household.transformer_id, Contact.address, Household.household_no, Household.months_owed)
            .join(HouseholdContact, HouseholdContact.household_no == Household.household_no)
            .join(Contact, Contact.id == HouseholdContact.contact_id)
            .order_by(Household.transformer_id, Household.household_no)
        ).all()
        lonely_one = session.get_one(Household, lonely_house(service)[1]).transformer_id
    homes = Counter(row[1] for row in rows)
    for transformer, group in itertools.groupby(rows, key=lambda row: row[0]):
        found = [(row[1], row[2]) for row in group if homes[row[1]] == 1 and not row[3]]
        fresh = (id(service), transformer) not in _used and transformer != lonely_one
        if fresh and len(found) >= count:
            _used.add((id(service), transformer))
            return found[:count]
    raise AssertionError("the sample has no such neighbours")


def manager(service: Parts, household_no: str) -> str:
    card = service.registry.household(household_no)
    assert card
    return service.registry.staff(card.grid_no, "manager")[0].staff_no


def gone_dark(service: Parts, household_no: str, **values: object) -> OutageCard:
    """An outage that the manager has entered."""
    return service.desk.outages.open(manager(service, household_no), household_no=household_no, **values)  # type: ignore[arg-type]


def today(hour: int, minute: int = 0) -> dt.datetime:
    here = ZoneInfo("Asia/Shanghai")
    return dt.datetime.combine(now().astimezone(here), dt.time(hour, minute), here)


async def joins(say: Say, yes: str) -> str:
    assert "您家也是吗" in (await say("停电了")).text
    done = await say(yes)
    assert done.ticket_no
    return done.ticket_no


@pytest.mark.parametrize("yes", ["是的", "我家也是", "也停了"])
async def test_a_known_outage_is_told_and_joined_in_one_turn(service: Parts, yes: str) -> None:
    [(phone, household_no), *_] = neighbours(service)
    outage = gone_dark(service, household_no)
    say = talk(service, caller=phone)
    news = await say("我屋里停电了")
    assert news.sentences[-1] == "您家也是吗？"
    assert "抢修班在修，几时来电还不晓得" in news.sentences[0] and news.ticket_no is None
    card = service.registry.household(household_no)
    assert card and card.householder not in news.text and card.address not in news.text
    done = await say(yes)
    assert done.ticket_no and "制氧机" in done.text
    ticket = service.desk.ticket(done.ticket_no)
    belongs = service.desk.outages.of_ticket(done.ticket_no)
    assert ticket and (ticket.household_no, ticket.state) == (household_no, "acknowledged")
    assert belongs and (belongs.outage_no, belongs.households) == (outage.outage_no, 1)
    assert "等来电" in (await say("没有")).text


async def test_the_estimate_is_told_as_what_it_is(service: Parts) -> None:
    [(phone, household_no), *_] = neighbours(service)
    tomorrow = today(12) + dt.timedelta(days=1)
    gone_dark(service, household_no, started_at=today(20, 10) - dt.timedelta(days=1), estimate=tomorrow)
    news = await talk(service, caller=phone)("几时来电")
    assert news.sentences[0] == "您那一片昨天晚上八点十分停的电，抢修班在修，估计明天十二点来电，也可能变。"


async def test_what_nobody_has_taken_is_not_said_to_be_under_repair(service: Parts) -> None:
    people = neighbours(service)
    for phone, _ in people[:3]:
        say = talk(service, caller=phone)
        await say("停电了")
        await say("是的")
        assert (await say("对")).ticket_no
    news = await talk(service, caller=people[3][0])("停电了")
    assert "在叫人修" in news.text and "抢修班在修" not in news.text


async def test_a_planned_outage_is_answered_in_the_same_way(service: Parts) -> None:
    [(phone, household_no), *_] = neighbours(service)
    service.desk.outages.plan(
        manager(service, household_no),
        now() - dt.timedelta(minutes=5),
        now() + dt.timedelta(hours=2),
        household_no=household_no,
    )
    news = await talk(service, caller=phone)("怎么停电了")
    assert "计划停电检修" in news.text and news.sentences[-1] == "您家也是吗？"


async def test_a_stranger_names_the_place_and_then_hears_it(service: Parts) -> None:
    place, household_no = lonely_house(service)
    card = service.registry.household(household_no)
    assert card
    outage = gone_dark(service, household_no)
    say = talk(service, caller="13900004444")
    assert "哪" in (await say("停电了")).text
    assert (await say(place)).sentences[-1] == "您家也是吗？"
    joined = await say("冇错")
    belongs = service.desk.outages.of_ticket(joined.ticket_no or "")
    assert belongs and belongs.outage_no == outage.outage_no
    service.desk.outages.restored(outage.outage_no, manager(service, household_no))


async def test_a_no_goes_on_as_a_report_of_its_own(service: Parts) -> None:
    [(phone, household_no), *_] = neighbours(service)
    gone_dark(service, household_no)
    say = talk(service, caller=phone)
    await say("停电了")
    assert "登记的那一家" in (await say("不是")).text
    assert "对不对" in (await say("是的")).text
    done = await say("对")
    assert done.ticket_no and service.desk.outages.of_ticket(done.ticket_no) is None


async def test_oxygen_is_urgent_whenever_it_is_said(service: Parts) -> None:
    (one, household_no), (other, _), *_ = neighbours(service)
    gone_dark(service, household_no)
    first = talk(service, caller=one)
    number = await joins(first, "是的")
    answer = await first("有,我爸爸用制氧机")
    assert "120" in answer.text
    at_once = await joins(talk(service, caller=other), "我家也是,我屋里有人吸氧")
    for ticket_no in (number, at_once):
        ticket = service.desk.ticket(ticket_no)
        assert ticket and ticket.urgent and ticket.facts["oxygen"] == "yes"


async def test_who_asks_again_hears_the_news_and_is_not_counted_twice(service: Parts) -> None:
    [(phone, household_no), *_] = neighbours(service)
    outage = gone_dark(service, household_no)
    await joins(talk(service, caller=phone), "是的")
    again = await talk(service, caller=phone)("几时来电啊")
    assert "几时来电还不晓得" in again.text and "已经记下" in again.text
    assert "几时来电还不晓得" in (await talk(service, caller=phone)("我报的修怎么样了")).text
    found = service.desk.outages.get(outage.outage_no)
    assert found and found.reports == 1


async def test_after_the_power_is_back_a_no_is_a_ticket_and_a_yes_the_end(service: Parts) -> None:
    (one, household_no), (other, other_no), *_ = neighbours(service)
    outage = gone_dark(service, household_no)
    lit = await joins(talk(service, caller=one), "是的")
    dark = await joins(talk(service, caller=other), "是的")
    service.desk.outages.restored(outage.outage_no, manager(service, household_no))
    assert "亮了就好" in (await talk(service, caller=one)("来电了")).text
    closed = service.desk.ticket(lit)
    assert closed and closed.state == "closed"
    still = await talk(service, caller=other)("我家还没亮")
    fresh = service.desk.ticket(still.ticket_no or "")
    assert still.ticket_no != dark and fresh and (fresh.state, fresh.household_no) == ("reported", other_no)


def resolved(service: Parts, caller: str) -> str:
    """A report of this caller that the manager has resolved."""
    from bot.tickets.desk import Report

    ticket = service.desk.report(
        Report("pricing", "问电价", f"r{next(_sessions)}", Caller.by("phone", caller), grid_no="24")
    )
    service.desk.acknowledge(ticket.ticket_no, "M24")
    service.desk.resolve(ticket.ticket_no, "M24")
    return ticket.ticket_no


@pytest.mark.parametrize(
    ("words", "answer"), [("满意", "good"), ("师傅蛮客气,蛮好", "good"), ("比较满意", "fair"), ("还可以", "fair")]
)
async def test_a_rating_is_kept_with_the_resolved_report_and_closes_it(service: Parts, words: str, answer: str) -> None:
    caller = f"139000055{next(_sessions):02d}"
    number = resolved(service, caller)
    reply = await talk(service, caller=caller)(words)
    assert "谢谢" in reply.text and reply.ticket_no == number
    ticket = service.desk.ticket(number)
    assert ticket and ticket.state == "closed"
    [rated] = [one for one in service.desk.activities(number) if one.kind == "rated"]
    assert (rated.detail["answer"], rated.note) == (answer, words)


async def test_dissatisfaction_reaches_the_supervisor_and_not_fixed_reopens(service: Parts) -> None:
    caller = "13900005600"
    number = resolved(service, caller)
    say = talk(service, caller=caller)
    assert "还没弄好吗" in (await say("不满意")).text
    assert "S24" in {note.staff_no for note in service.desk.notifications(number)}
    again = await say("是的")
    assert "我又告诉" in again.text
    ticket = service.desk.ticket(number)
    assert ticket and ticket.state == "reported"


async def test_not_fixed_in_plain_words_reopens(service: Parts) -> None:
    caller = "13900005601"
    number = resolved(service, caller)
    assert "我又告诉" in (await talk(service, caller=caller)("还没好")).text
    ticket = service.desk.ticket(number)
    assert ticket and ticket.state == "reported"
    with service.database.reading() as session:
        assert len(session.scalars(select(Ticket).where(Ticket.reporter == caller)).all()) == 1


async def test_a_rating_of_nothing_rates_nothing(service: Parts) -> None:
    assert "谢谢" in (await talk(service, caller="13900005602")("满意")).text
    assert service.desk.tickets(reporter=Reporter(Caller.by("terminal", "13900005602"))) == []
