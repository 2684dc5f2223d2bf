"""Danger that only a second reading of a sound speaks of is asked about, when that reading is likelier right than wrong."""

from __future__ import annotations

import pytest

from bot.dialogue.danger import DangerQuestions
from bot.dialogue.port import Understanding
from bot.tickets.intake.heard import Heard

HARMLESS, DANGER = "电闲掉了", "电线掉了"


def understanding(confidence: float, *, fallback: bool = False):
    """A pipeline that takes one reading for danger, so surely."""

    async def parse(text: str) -> Understanding:
        if text == DANGER:
            return Understanding(text, "report_hazard", confidence, fallback)
        return Understanding(text, {"是": "affirm", "不是": "deny"}.get(text, "report_outage"), 0.99, False)

    return parse


def heard(text: str) -> Heard:
    return Heard("u2", "s1", text, (), "13971800123", "phone")


@pytest.mark.parametrize("confidence", [0.5, 0.6, 0.9])
async def test_a_second_reading_that_is_likelier_right_than_wrong_is_asked_about(confidence: float) -> None:
    questions, parse = DangerQuestions(), understanding(confidence)
    asked = await questions.look([HARMLESS, DANGER], parse)
    assert asked and (asked.danger, asked.harmless) == (DANGER, HARMLESS)
    questions.ask("s1", asked)
    assert await questions.answered(heard("是"), "是", parse) == DANGER
    questions.ask("s2", asked)
    assert await questions.answered(Heard("u3", "s2", "不是", (), "", "phone"), "不是", parse) == HARMLESS


@pytest.mark.parametrize(("confidence", "fallback"), [(0.4, False), (0.9, True)])
async def test_a_reading_that_is_rather_wrong_asks_nothing(confidence: float, fallback: bool) -> None:
    assert await DangerQuestions().look([HARMLESS, DANGER], understanding(confidence, fallback=fallback)) is None


async def test_danger_in_the_best_reading_needs_no_question() -> None:
    assert await DangerQuestions().look([DANGER, HARMLESS], understanding(0.6)) is None
