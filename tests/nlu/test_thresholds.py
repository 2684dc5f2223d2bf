"""Thresholds follow from what mistakes cost, and the table of costs is refused when it makes no sense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from bot.bench.folds import HeldOut, pipeline_of, probabilities
from bot.bench.thresholds import (
    COSTS,
    CostsRefused,
    Policy,
    best_policy,
    costs_of,
    fitted_temperature,
    in_use,
    read_costs,
)

INTENTS = ["report_hazard", "report_outage", "greet"]


def heard(rows: list[tuple[str, list[float]]]) -> HeldOut:
    """Held-out sentences with these likelihoods, said once more just the same."""
    scores = np.log(np.asarray([likely for _, likely in rows]))
    truth = np.asarray([INTENTS.index(intent) for intent, _ in rows])
    return HeldOut([intent for intent, _ in rows], np.full(len(rows), 0.6), INTENTS, truth, scores, scores)


def test_a_wrong_act_a_question_and_missed_danger_cost_what_the_table_says() -> None:
    costs, *_ = read_costs()
    found = heard([("greet", [0.05, 0.55, 0.4]), ("report_hazard", [0.2, 0.7, 0.1]), ("greet", [0.1, 0.1, 0.8])])
    bold = costs_of(found, Policy(1.0, 0.3, 0.3), 1.0, costs)
    assert bold.tolist() == [costs.wrong, costs.missed_danger, 0.0]
    careful = costs_of(found, Policy(1.0, 0.75, 0.3), 1.0, costs)
    assert careful.tolist() == [costs.question + costs.person, costs.danger_asked + costs.person, 0.0]


def test_danger_is_acted_on_when_it_is_less_sure_than_anything_else() -> None:
    costs, *_ = read_costs()
    found = heard([("report_hazard", [0.45, 0.3, 0.25])])
    assert costs_of(found, Policy(1.0, 0.7, 0.4), 1.0, costs)[0] == 0.0
    assert costs_of(found, Policy(1.0, 0.7, 0.7), 1.0, costs)[0] > costs.danger_asked


def test_dearer_mistakes_ask_more_often() -> None:
    dice = np.random.default_rng(5)
    rows = []
    for _ in range(600):
        sure = float(dice.uniform(0.4, 0.98))
        right = dice.uniform() < sure
        rows.append(("report_outage" if right else "greet", [0.01, sure, 0.99 - sure if sure < 0.98 else 0.01]))
    found, (costs, *_) = heard(rows), read_costs()
    cheap = best_policy(found, 1.0, replace(costs, wrong=5.0), 1.0, 0.6, np.arange(600))
    dear = best_policy(found, 1.0, replace(costs, wrong=100.0), 1.0, 0.6, np.arange(600))
    assert dear.accept > cheap.accept + 0.2


def test_too_many_false_alarms_are_never_bought() -> None:
    costs, *_ = read_costs()
    found = heard([("greet", [0.9, 0.05, 0.05])] * 3 + [("greet", [0.1, 0.1, 0.8])] * 7)
    with pytest.raises(CostsRefused, match="false alarms"):
        best_policy(found, 1.0, costs, 0.1, 0.6, np.arange(10))


def test_the_temperature_makes_a_boaster_modest() -> None:
    boasting = heard([("greet", [0.01, 0.01, 0.98])] * 6 + [("report_outage", [0.01, 0.01, 0.98])] * 4)
    warm = fitted_temperature(boasting)
    assert warm > 2
    assert probabilities(boasting.scores, warm).max() < 0.98


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"wrong": -1}, "below 0"),
        ({"missed_danger": 2}, "does not hold"),
        ({"wrong": "much"}, "not a cost table"),
        ({"worse": 1}, "not a cost table"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    table = yaml.safe_load(COSTS.read_text("utf-8"))
    table["costs"].update(change)
    file = tmp_path / "costs.yml"
    file.write_text(yaml.safe_dump(table), "utf-8")
    with pytest.raises(CostsRefused, match=reason):
        read_costs(file)


def test_what_the_service_uses_is_what_the_bench_compares_with() -> None:
    policy, temperature = in_use()
    parts = {part["name"]: part for part in pipeline_of()}
    assert parts["nlu.fallback.CostedFallback"]["thresholds"] == {"report_hazard": policy.accept_danger}
    assert policy.accept_danger < policy.accept == parts["nlu.fallback.CostedFallback"]["threshold"]
    assert parts["nlu.intents.IntentClassifier"]["temperature"] == temperature
