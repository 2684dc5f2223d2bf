"""Speech of which an ear understood too little: it is told so, asked again, and after two such turns a person has it; chance
words make no report, and a word of danger among them is never lost."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.app.parts import Parts
from bot.dialogue.port import Reply
from bot.dialogue.responses import sentence
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.unclear import ForAPerson
from tests.dialogue.test_stories import lonely_house

pytestmark = pytest.mark.asyncio(loop_scope="module")

IS_IT_DANGER, AGAIN = "是不是有这样的危险", "没听清"
Say = Callable[..., Awaitable[Reply]]


def speaking(service: Parts) -> tuple[str, Say]:
    """A call; what is said with `unclear` was hardly understood."""
    session = uuid.uuid4().hex
    first = Heard("", session, "", caller=Caller.by(Channel.phone, "13900000000"), dialled="grid_24", call_id=session)

    async def say(text: str, *others: str, unclear: bool = True) -> Reply:
        heard = replace(first, id=uuid.uuid4().hex, text=text, alternatives=others, unclear=unclear)
        return await service.dialogue.turn(heard)

    return session, say


async def test_what_was_not_understood_is_said_so_and_asked_again_and_then_a_person_has_it(service: Parts) -> None:
    _, say = speaking(service)
    first = await say("我要过户")
    assert AGAIN in first.text and first.ticket_no is None and not first.hand_over
    second = await say("电费 一度")
    assert second.hand_over and second.hand_over_to
    ticket = service.desk.ticket(second.ticket_no or "")
    assert ticket is not None and ticket.kind == "unclear" and not ticket.urgent


async def test_what_a_failed_turn_left_with_a_person_is_the_same_case(service: Parts) -> None:
    session, say = speaking(service)
    failed = Heard("电费那个事", session, uuid.uuid4().hex, caller=Caller.by(Channel.phone, "13900000000"))
    ticket_no = await ForAPerson(service.desk)(failed, "dialogue_failed")
    await say("大 路 油")
    second = await say("电费 一度")
    assert ticket_no and second.hand_over and second.ticket_no == ticket_no
    told = "".join(one.note for one in service.desk.activities(ticket_no))
    assert "大 路 油" in told and "电费 一度" in told


@pytest.mark.parametrize("words", ["停电了", "我屋里停电了，沿河路二百零六号", "找人", "没事了", "谢谢你再见", ""])
async def test_chance_words_begin_end_and_answer_nothing(service: Parts, words: str) -> None:
    _, say = speaking(service)
    reply = await say(words)
    assert AGAIN in reply.text and reply.ticket_no is None and not reply.ended and not reply.hand_over
    assert reply.understanding.fallback


async def test_what_is_said_clearly_afterwards_is_taken_as_ever(service: Parts) -> None:
    _, say = speaking(service)
    await say("大 路 油")
    reply = await say(f"我屋里停电了，{lonely_house(service)[0]}", unclear=False)
    assert reply.question == "confirmed"


async def test_a_chance_yes_confirms_no_report(service: Parts) -> None:
    _, say = speaking(service)
    asked = await say(f"我屋里停电了，{lonely_house(service, 1)[0]}", unclear=False)
    assert asked.question == "confirmed"
    reply = await say("对")
    assert reply.ticket_no is None and reply.question == "confirmed" and AGAIN in reply.text
    assert (await say("对", unclear=False)).ticket_no


@pytest.mark.parametrize("words", [("有人触电了",), ("电线断了掉下来了",), ("大 路", "变压器起火了"), ("有危险",)])
async def test_a_word_of_danger_among_unknown_words_is_asked_about_and_no_report(
    service: Parts, words: tuple[str, ...]
) -> None:
    _, say = speaking(service)
    reply = await say(*words)
    assert IS_IT_DANGER in reply.text and reply.question == "danger" and reply.ticket_no is None


async def test_a_yes_makes_it_danger_and_a_no_does_not(service: Parts) -> None:
    for answer, kind in (("是的", "hazard"), ("不是，没有危险", None)):
        _, say = speaking(service)
        await say("电线断了掉下来了")
        reply = await say(answer, unclear=False)
        ticket = service.desk.ticket(reply.ticket_no or "")
        assert (ticket and (ticket.kind, ticket.urgent)) == (kind and (kind, True)), answer


async def test_who_is_not_understood_twice_and_may_be_in_danger_gets_a_person_at_once(service: Parts) -> None:
    _, say = speaking(service)
    await say("有人触电了")
    reply = await say("大 路 油")
    ticket = service.desk.ticket(reply.ticket_no or "")
    assert reply.hand_over and ticket is not None and ticket.urgent and "触电" in ticket.said


async def test_who_hangs_up_on_the_question_whether_it_is_danger_is_not_forgotten(service: Parts) -> None:
    session, say = speaking(service)
    await asyncio.to_thread(service.desk.begin_call, session, "13900000000", "grid_24", "", "audiosocket")
    await say("有人触电了")
    (ticket,) = await asyncio.to_thread(service.desk.call_back, session, "hung_up")
    assert ticket.urgent and "触电" in ticket.said


async def test_the_question_whether_it_is_danger_is_said_again_when_its_answer_was_not_understood(
    service: Parts,
) -> None:
    _, say = speaking(service)
    asked = await say("我要交电费", "变压器冒烟了", unclear=False)
    assert asked.text == sentence("utter_is_it_danger")
    assert IS_IT_DANGER in (await say("大 路")).text
    assert AGAIN in (await say("大 路")).text
    reply = await say("是", unclear=False)
    ticket = service.desk.ticket(reply.ticket_no or "")
    assert ticket is not None and ticket.kind == "hazard"


async def test_in_the_middle_of_a_danger_chance_words_move_it_nowhere_and_end_it_not(service: Parts) -> None:
    _, say = speaking(service)
    first = await say("大门口电线断了掉下来了", unclear=False)
    before = service.desk.ticket(first.ticket_no or "")
    assert before is not None and before.kind == "hazard"
    reply = await say("没事了 横路社区")
    after = service.desk.ticket(before.ticket_no)
    assert after is not None and (after.place, after.grid_no, after.state) == (
        before.place,
        before.grid_no,
        before.state,
    )
    assert reply.question != "over" and "没事了" in str(service.desk.activities(before.ticket_no))
