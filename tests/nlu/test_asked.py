"""A sentence is understood in the light of the question that was open (development pairs in tests/data/nlu/asked.yml)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.dialogue.frozen import HAZARD
from bot.dialogue.turns import understanding_of
from bot.foundation.words import load
from bot.settings import PROJECT

ASKED = PROJECT / "tests" / "data" / "nlu" / "asked.yml"


@pytest.fixture(scope="module")
def parse(dialogue_model: Path) -> Any:
    from rasa.core.agent import Agent

    from bot.dialogue.embedded import understood

    agent = Agent.load(str(dialogue_model))
    return lambda text, question: understanding_of(text, asyncio.run(understood(agent, text, question)))


def pairs() -> list[tuple[str, str, str]]:
    found = load(dict[str, dict[str, tuple[str, ...]]], ASKED)
    return [(question, text, intent) for question, by in found.items() for intent, some in by.items() for text in some]


def test_danger_beside_an_answer_is_found_and_an_answer_is_none(parse: Any) -> None:
    dangers = [one for one in pairs() if one[2] == HAZARD]
    assert [text for question, text, _ in dangers if parse(text, question).intent != HAZARD] == []
    others = [one for one in pairs() if one[2] != HAZARD]
    acted = [
        text for question, text, _ in others if (found := parse(text, question)).intent == HAZARD and not found.fallback
    ]
    assert len(acted) <= 0.05 * len(others), acted


def test_the_question_tells_what_the_words_do_not(parse: Any) -> None:
    right = [parse(text, question).intent == intent for question, text, intent in pairs()]
    alone = [parse(text, "").intent == intent for _, text, intent in pairs()]
    assert sum(right) >= 0.82 * len(right) and sum(right) - sum(alone) > 0.15 * len(right)
