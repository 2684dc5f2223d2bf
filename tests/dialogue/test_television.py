"""A television beside the telephone: what only the model takes for danger is asked about once, and raises no alarm."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import actions.turn
from actions.understood import Act, Understood
from bot.app.parts import Parts
from bot.dialogue.port import Reply
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard

pytestmark = pytest.mark.asyncio(loop_scope="module")

IS_IT_DANGER = "是不是有这样的危险"
SAID = ("被告人当庭认罪", "两队握手言和", "歌手登台献唱", "票价下调一成")


def surely_danger(message: Mapping[str, Any]) -> Understood:
    """A model that is sure of danger, whatever is said."""
    act = Act("report_hazard", 0.97, str(message.get("text") or ""))
    return Understood(act, (), {"report_hazard": 0.97}, None, True, act)


async def say_all(service: Parts, *said: str) -> list[Reply]:
    session = uuid.uuid4().hex
    first = Heard("", session, "", caller=Caller.by(Channel.phone, "13900000000"), dialled="grid_24", call_id=session)
    return [await service.dialogue.turn(replace(first, id=uuid.uuid4().hex, text=text)) for text in said]


@pytest.fixture
def sure_of_danger(service: Parts, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["service"] != "embedded":
        pytest.skip("the actions of a Rasa server are in a process of its own")
    monkeypatch.setattr(actions.turn, "understood", surely_danger)


@pytest.mark.usefixtures("sure_of_danger")
async def test_what_only_the_model_takes_for_danger_is_asked_about_once_and_makes_no_danger(service: Parts) -> None:
    replies = await say_all(service, *SAID)
    assert [IS_IT_DANGER in one.text for one in replies] == [True, False, False, False]
    tickets = [service.desk.ticket(one.ticket_no) for one in replies if one.ticket_no]
    assert all(one is not None and one.kind != "hazard" and not one.urgent for one in tickets)
    # Promise 3: who is not understood for so long has a person.
    assert any(one.hand_over for one in replies)


@pytest.mark.usefixtures("sure_of_danger")
async def test_a_yes_to_that_question_makes_it_danger(service: Parts) -> None:
    asked, reply = await say_all(service, SAID[0], "是的")
    ticket = service.desk.ticket(reply.ticket_no or "")
    assert asked.ticket_no is None and ticket is not None and (ticket.kind, ticket.urgent) == ("hazard", True)


@pytest.mark.usefixtures("sure_of_danger")
@pytest.mark.parametrize("said", ["那个插座不对劲得很", "门口的电杆要出事了", "电线断了掉下来了"])
async def test_with_a_word_of_danger_or_of_electricity_it_is_danger_at_once(service: Parts, said: str) -> None:
    (reply,) = await say_all(service, said)
    ticket = service.desk.ticket(reply.ticket_no or "")
    assert ticket is not None and (ticket.kind, ticket.urgent) == ("hazard", True)


async def test_words_of_danger_in_badly_heard_speech_are_asked_about_and_not_taken_for_something_else(
    service: Parts,
) -> None:
    (reply,) = await say_all(service, "校旁盐有本线皮都破了，铜丝露到外头，细伢便天锅")
    ticket = service.desk.ticket(reply.ticket_no) if reply.ticket_no else None
    assert IS_IT_DANGER in reply.text or (ticket is not None and ticket.kind == "hazard")
