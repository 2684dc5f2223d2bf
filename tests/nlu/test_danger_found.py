"""Danger is found as often as docs/benchmarks.md says, with the model that is in use: the frozen sentences, never trained on."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from bot.bench.simulator import simulated
from bot.dialogue.frozen import HAZARD, Parse, Sentence, frozen_sentences, measure, parse_with, sets_of_sentences
from bot.settings import PROJECT

#: a row of the page: name, intents, "97.6 → 100 % (41 of 41; goal 99)"
_ROW = re.compile(
    r"^\| (clean|simulated [\d.]+) \|[^|]*\| [\d.]+ → (?P<found>[\d.]+) %(?: \((?P<more>[^|]*)\))? \|", re.M
)


def published() -> dict[str, tuple[float, float]]:
    """Set of sentences → (danger found, the goal for it), shares of 1."""
    text = (PROJECT / "docs" / "benchmarks.md").read_text("utf-8")
    rows = {}
    for row in _ROW.finditer(text):
        goal = re.search(r"goal ([\d.]+)", row["more"] or "")
        rows[row[1]] = float(row["found"]) / 100, float(goal[1]) / 100 if goal else 0.0
    return rows


@pytest.fixture(scope="module")
def parse(dialogue_model: Path) -> Parse:
    from rasa.core.agent import Agent

    return parse_with(Agent.load(str(dialogue_model)))


def test_the_page_names_what_is_found_and_what_is_wanted() -> None:
    rows = published()
    assert set(rows) == {"clean", "simulated 0.3", "simulated 0.6", "simulated 1.0"}
    assert rows["clean"][1] >= 0.99 and rows["simulated 0.6"][1] >= 0.95
    assert all(found >= goal for found, goal in rows.values())


def found(parse: Parse, rows: list[Sentence]) -> float:
    return asyncio.run(measure(parse, rows))["hazard_recall"]


def test_danger_that_is_clearly_written_is_found_as_often_as_published(parse: Parse) -> None:
    dangers = [row for row in frozen_sentences() if row.intent == HAZARD]
    assert len(dangers) > 40 and found(parse, dangers) >= published()["clean"][0]


@pytest.mark.slow
def test_danger_in_simulated_speech_is_found_as_often_as_is_wanted(parse: Parse) -> None:
    # A training gives or takes a sentence of these 82, so the goals are the gate, not what the page's own run found.
    for name, rows in sets_of_sentences(heard=simulated).items():
        goal = published()[name][1] or 0.95
        assert found(parse, [row for row in rows if row.intent == HAZARD]) >= goal, name
        assert asyncio.run(measure(parse, rows))["hazard_false_alarms"] <= 0.03, name
