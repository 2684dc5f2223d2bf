"""What comes of whole talks: every matter has its ticket, once, with the right people, and nothing is owed to who is complained of."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.app.conversations import Conversations
from bot.app.parts import Parts, running
from bot.app.site_copy import copied
from bot.database import now
from bot.settings import Settings
from bot.tickets.intake.channels import Channel
from tests.dialogue.test_stories import lonely_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHE, HE = "13012000031", "13012000032"
DAY = dt.timedelta(days=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(county: Path, dialogue_model: Path) -> AsyncIterator[Parts]:
    with copied(Settings(home=county)) as settings:
        async with running(settings, relay=False) as started:
            yield started


@pytest_asyncio.fixture(loop_scope="module")
async def talks(service: Parts) -> AsyncIterator[Conversations]:
    conversations = Conversations(service, own=True)
    await conversations.fresh()
    yield conversations
    await conversations.fresh()


@pytest.fixture(scope="module")
def house(service: Parts) -> tuple[str, str]:
    """A place that stands alone, and its household."""
    return lonely_house(service)


async def call(talks: Conversations, name: str, *said: str, caller: str = SHE, channel: Channel = Channel.phone) -> str:
    """Say one after the other; → the last answer."""
    answer = ""
    for text in said:
        answer = (await talks.turn(name, text, caller=caller, channel=channel)).reply.text
    return answer


async def cards(talks: Conversations, kind: str = "") -> list[dict[str, Any]]:
    return [one for one in await talks.tickets() if kind in ("", one["kind"])]


async def test_a_call_about_two_matters_that_breaks_off_leaves_both(
    talks: Conversations, house: tuple[str, str]
) -> None:
    await call(talks, "a", "屋里没得电了,另外我想把电表移个地方", house[0])
    left = await talks.hang_up("a")
    found = await cards(talks)
    assert [one["ticket_no"] for one in found] == left
    about = {one["facts"].get("kind") or one["kind"] for one in found}
    assert about == {"outage", "meter_relocation"} and sum(one["kind"] == "callback" for one in found) == 1
    assert {one["household_no"] for one in found} == {house[1]}, "both are in this house"


async def test_a_chat_about_two_matters_that_rests_leaves_both_once(
    talks: Conversations, house: tuple[str, str]
) -> None:
    await call(talks, "a", "屋里没得电了,另外我想把电表移个地方", house[0], channel=Channel.telegram)
    await talks.wait(DAY)
    assert sorted(one["kind"] for one in await cards(talks)) == ["meter_relocation", "outage"]


async def test_the_same_house_twice_is_one_ticket(talks: Conversations, house: tuple[str, str]) -> None:
    for name, caller in (("a", SHE), ("b", HE)):
        await call(talks, name, f"{house[0]}停电了", "对的", caller=caller)
        await talks.hang_up(name)
    [card] = await cards(talks)
    assert card["facts"]["called_again"] == 1 and len(card["told"]) == 1


async def test_two_who_see_one_fallen_line_are_one_danger(talks: Conversations, house: tuple[str, str]) -> None:
    for name, caller in (("a", SHE), ("b", HE)):
        await call(talks, name, f"{house[0]}门口电线断下来了", caller=caller)
        await talks.hang_up(name)
    [card] = await cards(talks)
    assert card["kind"] == "hazard" and card["urgent"] and "also_reported" in card["facts"]


async def test_who_is_complained_of_has_nothing_of_the_call_any_more(
    talks: Conversations, house: tuple[str, str], service: Parts
) -> None:
    await call(talks, "a", f"{house[0]}停电了", "对的")
    [before] = await cards(talks)
    manager = before["owner"]
    turned = await talks.turn("a", "我要投诉,管我们这里的电工喝醉了来的", caller=SHE, channel=Channel.phone)
    turned = await talks.turn("a", "转人工", caller=SHE, channel=Channel.phone)
    person = service.registry.person(manager)
    assert person and turned.reply.hand_over and turned.reply.hand_over_to not in ("", person.phone)
    await talks.hang_up("a")
    found = await cards(talks)
    assert len(found) >= 2
    assert manager not in {one["owner"] for one in found} | {staff for one in found for staff in one["told"]}


async def test_a_complaint_that_is_only_begun_keeps_its_call_from_them_as_well(
    talks: Conversations, house: tuple[str, str]
) -> None:
    await call(talks, "a", f"{house[0]}停电了", "对的")
    [before] = await cards(talks)
    await call(talks, "a", "我要投诉,管我们这里的电工喝醉了来的")
    await talks.hang_up("a")
    found = await cards(talks)
    assert {one["kind"] for one in found} == {"outage", "complaint"}
    assert before["owner"] not in {one["owner"] for one in found}


async def test_asking_about_a_planned_outage_twice_tells_it_twice_and_logs_nothing(
    talks: Conversations, house: tuple[str, str], service: Parts
) -> None:
    begins = now() + DAY
    manager = service.registry.managers()[0][1].staff_no
    service.desk.outages.plan(manager, begins, begins + DAY / 4, household_no=house[1], cause="换杆子")
    for name in ("a", "b"):
        answer = await call(talks, name, f"明天{house[0]}是不是要停电", channel=Channel.web)
        assert "对不对" not in answer
        await talks.hang_up(name)
    assert await cards(talks) == []


async def test_a_word_after_the_ticket_goes_onto_it(talks: Conversations, house: tuple[str, str]) -> None:
    await call(talks, "a", f"{house[0]}停电了", "对的", "忘了讲,我老娘瘫在床上")
    await talks.hang_up("a")
    [card] = await cards(talks)
    assert card["facts"]["bedridden"] == "yes" and card["notes"] == ["忘了讲,我老娘瘫在床上"]
