"""Whole conversations with the real Rasa model and a real database, as residents hold them."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.app.parts import Parts, running
from bot.dialogue.port import Reply
from bot.grid.contacts import ContactKey
from bot.grid.models import Contact, Household, HouseholdContact
from bot.settings import Settings
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.reporter import Reporter

Say = Callable[..., Awaitable[Reply]]

# the service lives in the loop of its module
pytestmark = pytest.mark.asyncio(loop_scope="module")


def talk(service: Parts, caller: str = "", session: str = "", dialled: str = "") -> Say:
    """A conversation: `await say("停电了")`."""
    session = session or uuid.uuid4().hex

    async def say(text: str, *alternatives: str, id: str = "") -> Reply:
        heard = Heard(
            id or uuid.uuid4().hex,
            session,
            text,
            alternatives=alternatives,
            dialled=dialled,
            caller=Caller.by("terminal", caller),
        )
        return await service.dialogue.turn(heard)

    return say


def lonely_house(service: Parts, skip: int = 0) -> tuple[str, str]:
    """(address as said, household_no) of a house that stands alone in a street of one community; `skip`: one further on,
    for a story that must be the first to report there."""
    registry = service.registry
    for row in range(registry.county.size):
        name = registry.county.names.get(registry.county.addresses[row].rstrip("0123456789号"))
        if name and not registry.county.compounds[row] and len(name) == 1:
            if not skip:
                return registry.county.addresses[row], registry.county.numbers[row]
            skip -= 1
    raise AssertionError("the sample has no such house")


async def test_an_outage_is_asked_read_back_logged_and_handed_to_the_right_manager(service: Parts) -> None:
    place, household_no = lonely_house(service)
    say = talk(service)
    assert "哪" in (await say("我屋里停电了")).text
    readback = await say(place)
    assert place in readback.text and readback.ticket_no is None
    done = await say("对")
    assert done.ticket_no and "记下了" in done.text
    ticket = service.desk.ticket(done.ticket_no)
    card = service.registry.household(household_no)
    assert ticket and card
    manager = service.registry.staff(card.grid_no, "manager")[0]
    assert (ticket.kind, ticket.household_no, ticket.owner) == ("outage", household_no, manager.staff_no)
    assert done.text.count(manager.phone) == 2
    assert [note.staff_no for note in service.desk.notifications(done.ticket_no)] == [manager.staff_no]


async def test_a_digression_is_answered_and_the_form_goes_on(service: Parts) -> None:
    place, _ = lonely_house(service)
    say = talk(service)
    question = (await say("停电了")).sentences[-1]
    price = await say("一度电几多钱")
    assert "档" in price.text and price.sentences[-1] == question
    await say(place)
    assert (await say("冇错")).ticket_no


async def test_danger_is_spoken_of_and_reported_before_the_place_is_asked(service: Parts) -> None:
    place, household_no = lonely_house(service)
    say = talk(service)
    first = await say("电线断了掉在路上")
    assert "莫靠近" in first.sentences[0] and first.ticket_no and "哪里" in first.sentences[-1]
    await say(place)
    ticket = service.desk.ticket(first.ticket_no)
    assert ticket and ticket.urgent and ticket.grid_no
    told = {note.staff_no[0] for note in service.desk.notifications(first.ticket_no)}
    assert {"M", "A"} <= told


async def test_danger_in_the_middle_of_another_report_comes_first(service: Parts) -> None:
    say = talk(service)
    await say("停电了")
    danger = await say("哎呀电线着火了")
    assert "119" in danger.sentences[0] and danger.ticket_no
    ticket = service.desk.ticket(danger.ticket_no)
    assert ticket and ticket.kind == "hazard"


async def test_a_breaker_is_not_touched_and_smell_comes_first(service: Parts) -> None:
    say = talk(service)
    first = await say("空开跳了推不上去")
    assert "莫用手碰" in first.text and "糊味" in first.text
    assert "隔壁" in (await say("没有糊味")).text


async def test_neighbours_in_the_dark_make_it_an_outage(service: Parts) -> None:
    place, _ = lonely_house(service)
    say = talk(service)
    await say("空开坏了")
    await say("没有")
    await say("隔壁也没电")
    await say(place)
    done = await say("对")
    ticket = service.desk.ticket(done.ticket_no or "")
    assert ticket and ticket.kind == "outage"


async def test_a_stranger_hears_nothing_about_money(service: Parts) -> None:
    say = talk(service, caller="13900009999")
    answer = await say("我家欠了几多电费")
    assert "私事" in answer.text and "块" not in answer.text


def owing_contact(service: Parts) -> tuple[str, Household]:
    with service.database.reading() as session:
        rows = session.execute(
            select(Contact.address, Household)
            .join(HouseholdContact, HouseholdContact.contact_id == Contact.id)
            .join(Household, Household.household_no == HouseholdContact.household_no)
            .where(Household.balance < 0)
        ).all()
    for phone, household in rows:
        if len(service.registry.linked(ContactKey("phone", phone))) == 1:
            return phone, household
    raise AssertionError("nobody in the sample owes anything")


async def test_the_proven_householder_hears_amount_and_months(service: Parts) -> None:
    phone, household = owing_contact(service)
    say = talk(service, caller=phone)
    assert "最后四位" in (await say("我欠几多电费")).text
    answer = await say(f"户号最后四位是{household.household_no[-4:]}")
    assert "欠" in answer.text and "个月" in answer.text


async def test_three_failed_proofs_end_the_asking(service: Parts) -> None:
    phone, _ = owing_contact(service)
    say = talk(service, caller=phone)
    await say("我欠几多电费")
    for _ in range(2):
        assert "最后四位" in (await say("九九九九")).text
    last = await say("八八八八")
    assert "私事" in last.text and "最后四位" not in last.text
    assert "最后四位" not in (await say("我欠几多电费")).text


async def test_three_thousand_kwh_cost_what_the_table_says(service: Parts) -> None:
    assert "一千七百一十六块" in (await talk(service)("我一年用三千度要几多钱")).text


async def test_two_turns_not_understood_bring_a_person_with_what_was_heard(service: Parts) -> None:
    say = talk(service)
    first = await say("#")
    assert "回0" in first.text
    second = await say("……")
    assert second.hand_over and second.ticket_no
    ticket = service.desk.ticket(second.ticket_no)
    assert ticket and ticket.kind == "unclear"


async def test_a_person_can_be_had_at_any_time(service: Parts) -> None:
    say = talk(service)
    await say("我要开户")
    answer = await say("转人工")
    assert answer.hand_over and answer.ticket_no


async def test_the_dialled_number_names_the_grid(service: Parts) -> None:
    answer = await talk(service, dialled="grid_24")("转人工")
    ticket = service.desk.ticket(answer.ticket_no or "")
    assert ticket and ticket.grid_no == "24" and ticket.owner == "M24"


async def test_status_and_cancel_speak_of_ones_own_report(service: Parts) -> None:
    place, _ = lonely_house(service, skip=3)
    say = talk(service, caller="13900008888")
    await say("停电了")
    await say(place)
    number = (await say("对")).ticket_no
    again = talk(service, caller="13900008888")
    assert "停电" in (await again("我报的修怎么样了")).text
    assert "不用管" in (await again("电来了不用来了")).text
    await again("是的")
    ticket = service.desk.ticket(number or "")
    assert ticket and ticket.state == "cancelled"


async def test_who_asks_after_it_was_done_is_told_so_and_not_that_nothing_is_known(service: Parts) -> None:
    place, _ = lonely_house(service, skip=5)
    say = talk(service, caller="13900008899")
    await say("停电了")
    await say(place)
    number = (await say("对")).ticket_no or ""
    owner = service.desk.ticket(number).owner or ""  # type: ignore[union-attr]
    service.desk.acknowledge(number, owner)
    assert "弄好了" not in (await talk(service, caller="13900008899")("我报的事怎么样了")).text
    service.desk.resolve(number, owner, "换了空开")
    told = await talk(service, caller="13900008899")("我报的事怎么样了")
    assert "弄好了" in told.text and "停电" in told.text and told.ticket_no == number
    assert "没查到" in (await talk(service, caller="13900008900")("我报的事怎么样了")).text, "nobody else's"


async def test_a_replayed_turn_makes_no_second_ticket(service: Parts) -> None:
    caller = "13900006666"
    say = talk(service, caller=caller)
    first = await say("电线杆倒了", id="same")
    second = await say("电线杆倒了", id="same")
    assert (
        first.ticket_no == second.ticket_no
        and len(service.desk.tickets(reporter=Reporter(Caller.by("terminal", caller)))) == 1
    )


@pytest.mark.slow
async def test_a_half_filled_form_goes_on_after_a_restart(home: Path) -> None:
    settings = Settings(home=home)
    async with running(settings, relay=False) as service:
        place, _ = lonely_house(service)
        await talk(service, session="s")("停电了")
    async with running(settings, relay=False) as service:
        say = talk(service, session="s")
        assert place in (await say(place)).text
        assert (await say("对")).ticket_no


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "停" * 5000,
        "😀😀😀",
        "Здравствуйте",
        "\x00\x07\x1b[2J",
        "'; DROP TABLE ticket; --",
        "/report_hazard",
        "{{7*7}}",
    ],
    ids=lambda text: ascii(text)[:20],
)
async def test_nonsense_gets_a_plain_sentence(service: Parts, text: str) -> None:
    answer = await talk(service)(text)
    assert answer.sentences and all(sentence.strip() for sentence in answer.sentences)


async def test_nobody_can_name_an_intent_with_a_slash(service: Parts) -> None:
    meaning = await service.dialogue.parse("/report_hazard")
    assert meaning.confidence < 0.9


async def test_words_that_are_never_said(service: Parts) -> None:
    place, _ = lonely_house(service)
    say = talk(service, caller="13900007777")
    said = "".join(
        [(await say(text)).text for text in ("您好", "停电了", place, "对", "我报的怎么样了", "我欠几多钱", "谢谢")]
    )
    for word in ("工单", "意图", "识别失败", "验证失败", "马上到", "欠费"):
        assert word not in said


async def test_danger_in_another_reading_is_asked_about_at_once(service: Parts) -> None:
    say = talk(service)
    question = await say("屋里的电费交了", "屋里的电线着火了")
    assert "危险" in question.text and question.ticket_no is None
    taken = await say("是的")
    assert taken.ticket_no is not None
    ticket = service.desk.ticket(taken.ticket_no)
    assert ticket is not None and ticket.kind == "hazard" and ticket.urgent


async def test_a_no_goes_on_with_what_was_first_understood(service: Parts) -> None:
    say = talk(service)
    await say("一年用三千度要几多钱", "电线掉到地上在冒火")
    answer = await say("不是")
    assert "一千七百一十六块" in answer.text and answer.ticket_no is None


async def test_danger_in_every_reading_is_not_asked_about_but_acted_on(service: Parts) -> None:
    reply = await talk(service)("电线掉到地上在冒火", "电线掉到地上在冒货")
    assert reply.ticket_no is not None
