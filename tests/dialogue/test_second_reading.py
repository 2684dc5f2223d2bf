"""Danger that only a second reading of a sound speaks of is asked about, when that reading is likelier right than wrong."""

from __future__ import annotations

import pytest

from bot.dialogue.danger import UNCLEAR, answer_to, look, still_open
from bot.dialogue.port import Understanding

HARMLESS, DANGER = "电闲掉了", "电线掉了"


def understanding(confidence: float, *, fallback: bool = False):
    """A pipeline that takes one reading for danger, so surely."""

    async def parse(text: str) -> Understanding:
        if text == DANGER:
            return Understanding(text, "report_hazard", confidence, fallback)
        return Understanding(text, {"是": "affirm", "不是": "deny"}.get(text, "report_outage"), 0.99, False)

    return parse


@pytest.mark.parametrize("confidence", [0.5, 0.6, 0.9])
async def test_a_second_reading_that_is_likelier_right_than_wrong_is_asked_about(confidence: float) -> None:
    parse = understanding(confidence)
    asked = await look([HARMLESS, DANGER], parse)
    assert asked and (asked.danger, asked.harmless) == (DANGER, HARMLESS)
    assert await answer_to(asked, "是", parse) == DANGER
    assert await answer_to(asked, "不是", parse) == HARMLESS


async def test_the_question_waits_in_what_is_kept_until_something_is_said() -> None:
    parse = understanding(0.9)
    asked = await look([HARMLESS, DANGER], parse)
    assert asked is not None
    first = asked.reply(await parse(DANGER)).as_json()
    assert still_open([first]) == asked and asked.once_more
    again = asked.once_more.reply(await parse(DANGER)).as_json()
    noise = {"detail": {UNCLEAR: True}}
    waits = still_open([noise, again, first])
    assert waits and waits.once_more is None, "it is asked twice, and an answer still counts"
    assert still_open([{"detail": {}}, first]) is None and still_open([]) is None


@pytest.mark.parametrize(("confidence", "fallback"), [(0.4, False), (0.9, True)])
async def test_a_reading_that_is_rather_wrong_asks_nothing(confidence: float, fallback: bool) -> None:
    assert await look([HARMLESS, DANGER], understanding(confidence, fallback=fallback)) is None


async def test_danger_in_the_best_reading_needs_no_question() -> None:
    assert await look([DANGER, HARMLESS], understanding(0.6)) is None
