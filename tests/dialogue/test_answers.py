"""An answer to a question is an answer, whatever the same words would be at the beginning of a call."""

from __future__ import annotations

import pytest

from bot.app.parts import Parts
from tests.dialogue.test_stories import lonely_house, talk

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def place(service: Parts) -> str:
    """A house that stands alone in a street of one community."""
    return lonely_house(service)[0]


@pytest.mark.parametrize("yes", ["👌", "OK", "是咯", "没得错", "错不了啊", "好嘞", "对头,就是那里"])
async def test_any_yes_to_the_read_back_logs_the_report(service: Parts, place: str, yes: str) -> None:
    say = talk(service)
    assert (await say(f"{place}停电了")).question == "confirmed"
    logged = await say(yes)
    assert logged.ticket_no and service.desk.ticket(logged.ticket_no).kind == "outage"  # type: ignore[union-attr]
    assert service.desk.ticket(logged.ticket_no).place == place, "and a yes is no part of the place"  # type: ignore[union-attr]


@pytest.mark.parametrize("no", ["讲错了,我再讲", "你弄错了", "👎", "报错了"])
async def test_a_no_is_a_no_and_no_danger(service: Parts, place: str, no: str) -> None:
    say = talk(service)
    await say(f"{place}停电了")
    answer = await say(no)
    assert answer.ticket_no is None and answer.understanding.intent == "deny" and answer.question == "place"


@pytest.mark.parametrize("answer", ["都有电的", "他家有电咧", "对面屋里亮着", "隔壁没住人", "我看不见"])
async def test_power_next_door_is_an_answer_and_no_danger(service: Parts, answer: str) -> None:
    say = talk(service)
    assert (await say("空气开关坏了")).question == "smell"
    assert (await say("么味都冇得")).question == "neighbours"
    found = await say(answer)
    assert found.question not in ("neighbours", None) and found.ticket_no is None


async def test_a_name_that_sounds_of_danger_is_a_name(service: Parts) -> None:
    say = talk(service)
    reply = await say("停电了,白泉社区的")
    for _ in range(4):
        if reply.question == "householder":
            break
        reply = await say("不晓得呢")
    else:
        pytest.skip("this place is found without a householder")
    reply = await say("刘先海")
    assert reply.understanding.intent == "inform" and reply.ticket_no is None


async def test_danger_in_the_middle_of_a_form_is_danger(service: Parts, place: str) -> None:
    say = talk(service)
    await say(f"{place}停电了")
    answer = await say("不是,电线掉地上了,还在冒火花")
    assert answer.ticket_no and service.desk.ticket(answer.ticket_no).kind == "hazard"  # type: ignore[union-attr]


@pytest.mark.parametrize(("key", "intent"), [("9", "report_hazard"), ("1", "report_outage"), ("0", "request_human")])
async def test_the_keys_that_were_offered_work_where_they_are_typed(service: Parts, key: str, intent: str) -> None:
    say = talk(service)
    await say("🙈")
    assert (await say(key)).understanding.intent == intent


async def test_staff_read_what_was_said_and_no_mark_of_ours(service: Parts) -> None:
    say = talk(service)
    await say("🙈")
    given = await say("🙉")
    assert given.hand_over and given.ticket_no
    said = service.desk.ticket(given.ticket_no).said  # type: ignore[union-attr]
    assert said == "🙈 / 🙉"


async def test_a_short_answer_asks_about_no_danger_of_other_readings(service: Parts) -> None:
    say = talk(service)
    await say("空气开关坏了")
    await say("没得味")
    found = await say("有电", "漏电", "电线掉了")
    assert found.question != "danger" and found.ticket_no is None


@pytest.fixture(scope="module")
def next_door(service: Parts, place: str) -> str:
    """Another house of the same street."""
    street = place.rstrip("0123456789号")
    return next(one for one in service.registry.county.addresses if one.startswith(street) and one != place)


@pytest.mark.parametrize(
    "form", ["对,不过是{number}", "不对,是{number}", "不是{wrong}是{number}", "{right}", "门牌错了,是{number}"]
)
async def test_a_correction_is_read_back_and_logged_and_the_wrong_house_is_not(
    service: Parts, place: str, next_door: str, form: str
) -> None:
    say, street = talk(service), place.rstrip("0123456789号")
    await say(f"{place}停电了")
    again = await say(
        form.format(number=next_door.removeprefix(street), wrong=place.removeprefix(street), right=next_door)
    )
    assert again.question == "confirmed" and next_door in again.text and place not in again.text
    logged = await say("对")
    card = service.desk.ticket(logged.ticket_no or "")
    assert card and card.place == next_door


async def test_more_of_a_place_stands_beside_what_was_said_before(service: Parts) -> None:
    say = talk(service)
    await say("我们塆里停电了")
    await say("天岳镇板桥村六组")
    read_back = await say("熊家塆")
    assert "板桥村" in read_back.text and "熊家塆" in read_back.text
