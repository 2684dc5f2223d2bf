"""The measures of `gege bench nlu` say what they are called."""

from __future__ import annotations

import pytest

from bot.bench.simulator import simulated
from bot.dialogue.frozen import Sentence, calibration_error, measure, sets_of_sentences
from bot.dialogue.port import Understanding


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([(1.0, True)] * 4, 0.0),
        ([(1.0, False)] * 4, 1.0),
        ([(0.75, True)] * 3 + [(0.75, False)], 0.0),
        ([(0.9, True), (0.9, False)], 0.4),
    ],
)
def test_calibration_error(answers: list[tuple[float, bool]], error: float) -> None:
    assert calibration_error(answers) == pytest.approx(error)


async def test_hazards_are_counted_both_ways() -> None:
    said = {"火": "report_hazard", "烟": "greet", "你好": "report_hazard", "再见": "goodbye"}

    async def parse(text: str) -> Understanding:
        return Understanding(text, said[text], 0.9, False)

    rows = [
        Sentence("火", "report_hazard"),
        Sentence("烟", "report_hazard"),
        Sentence("你好", "greet"),
        Sentence("再见", "goodbye"),
    ]
    found = await measure(parse, rows)
    assert (found["intent_accuracy"], found["hazard_recall"], found["hazard_false_alarms"]) == (0.5, 0.5, 0.5)


@pytest.mark.slow
def test_the_simulated_sentences_are_the_frozen_ones_distorted_and_always_the_same() -> None:
    sets = sets_of_sentences(heard=simulated)
    clean, strong = sets["clean"], sets["simulated 1.0"]
    assert len(strong) == 2 * len(clean) and [row.intent for row in strong[: len(clean)]] == [
        row.intent for row in clean
    ]
    assert sum(a.text != b.text for a, b in zip(clean, strong, strict=False)) > 0.8 * len(clean)
    assert sets_of_sentences(heard=simulated)["simulated 1.0"] == strong
