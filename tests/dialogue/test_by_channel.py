"""What is said depends on how it is heard: keys by telephone only, a number twice where nobody can read it again."""

from __future__ import annotations

import uuid

import pytest

from actions.meter_display import sentence_for, signs
from bot.app.parts import Parts
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard
from tests.dialogue.said import domain
from tests.dialogue.test_stories import lonely_house

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def replies(service: Parts, channel: Channel, *texts: str) -> list[str]:
    session, caller = uuid.uuid4().hex, Caller.by(channel, f"1305{uuid.uuid4().int % 10**7:07d}")
    said = [Heard(uuid.uuid4().hex, session, text, caller=caller) for text in texts]
    return [(await service.dialogue.turn(one)).text for one in said]


async def test_keys_are_offered_by_telephone_and_a_digit_to_send_in_a_chat(service: Parts) -> None:
    [by_telephone] = await replies(service, Channel.phone, "#")
    assert "按0" in by_telephone and "找人" in by_telephone
    for channel in (Channel.telegram, Channel.wechat, Channel.web):
        [written] = await replies(service, channel, "#")
        assert "按" not in written and "回0" in written


async def test_a_number_is_said_twice_and_written_once_and_the_manager_named_whole(service: Parts) -> None:
    place, household_no = lonely_house(service, skip=7)
    card = service.registry.household(household_no)
    assert card
    [manager, *_] = service.registry.staff(card.grid_no, "manager")
    for channel, times in ((Channel.phone, 2), (Channel.wechat, 1)):
        *_, logged = await replies(service, channel, f"屋里停电了\uff0c{place}", "对")
        assert f"这一片是{manager.name}师傅管" in logged and logged.count(manager.phone) == times


async def test_what_a_meter_shows_has_words_and_a_source() -> None:
    names = {one.name for one in domain()}
    assert all(f"utter_meter_display/{one.means}" in names and one.source for one in signs())
    assert sentence_for("屏上是ＥＲＲ-04") == "utter_meter_display/battery"
    assert sentence_for("写着请购电") == "utter_meter_display/buy" and sentence_for("屏上有个太阳") is None
