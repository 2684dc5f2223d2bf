"""What it takes to act on an intent: thresholds from what mistakes cost (costs.yml), on held-out folds."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.bench.folds import HEARD, HeldOut, Numbers, held_out, pipeline_of, probabilities
from bot.dialogue.frozen import HAZARD, calibration_error
from bot.foundation.errors import Refused
from bot.foundation.words import load

COSTS = Path(__file__).with_name("costs.yml")
_PARTS = 5


class CostsRefused(Refused):
    """The cost table cannot be used; the message says why."""


@dataclass(frozen=True)
class Costs:
    """costs.yml; one more question is 1."""

    question: float
    person: float
    wrong: float
    false_alarm: float
    danger_asked: float
    missed_danger: float


@dataclass(frozen=True)
class _Limits:
    false_alarms: float
    strength: float


@dataclass(frozen=True)
class _CostsFile:
    costs: Costs
    limits: _Limits


@dataclass(frozen=True)
class Policy:
    """How a ranking becomes a decision: danger counts `danger` times; it is acted on unasked from `accept_danger` on,
    other intents from `accept` on; below `hand_over` a person at once instead of a question."""

    danger: float
    accept: float
    accept_danger: float
    hand_over: float = 0.0


def read_costs(file: Path = COSTS) -> tuple[Costs, float, float]:
    """(costs, most false alarms, at which strength). Raises CostsRefused."""
    table = load(_CostsFile, file, fault=lambda line: CostsRefused(f"not a cost table: {line}"))
    costs, limits = table.costs, (table.limits.false_alarms, table.limits.strength)
    if min(asdict(costs).values()) < 0:
        raise CostsRefused(f"{file.name}: a cost below 0")
    if not costs.question <= costs.person <= costs.wrong <= costs.missed_danger:
        raise CostsRefused(f"{file.name}: question ≤ person ≤ wrong ≤ missed_danger does not hold")
    return costs, *limits


def in_use() -> tuple[Policy, float]:
    """What config.yml says now: (policy, temperature)."""
    parts = {part["name"]: part for part in pipeline_of()}
    classifier, fallback = parts["nlu.intents.IntentClassifier"], parts["nlu.fallback.CostedFallback"]
    danger = float(classifier.get("costs", {HAZARD: 4.0})[HAZARD])
    policy = Policy(danger, fallback["threshold"], fallback["thresholds"][HAZARD])
    return policy, float(classifier.get("temperature", 1.0))


def fitted_temperature(found: HeldOut) -> float:
    """The temperature under which the truth is likeliest (Guo et al. 2017)."""
    tried = np.geomspace(0.3, 3.0, 60)
    rows = np.arange(len(found.truth))
    losses = [-np.log(probabilities(found.scores, one)[rows, found.truth] + 1e-12).mean() for one in tried]
    return round(float(tried[int(np.argmin(losses))]), 2)


@dataclass(frozen=True)
class _Decided:
    """The best intent of each sentence and how sure it is, once and said once more."""

    best: Numbers
    confidence: Numbers
    best_again: Numbers
    confidence_again: Numbers


def decided(scores: Numbers, intents: list[str], danger: float, temperature: float) -> tuple[Numbers, Numbers]:
    """(best intent, its confidence) of each sentence, danger counting `danger` times."""
    biases = np.log([danger if intent == HAZARD else 1.0 for intent in intents])
    likely = probabilities(scores, temperature, biases)
    return likely.argmax(axis=1), likely.max(axis=1)


def _decided(found: HeldOut, danger: float, temperature: float) -> _Decided:
    first = decided(found.scores, found.intents, danger, temperature)
    return _Decided(*first, *decided(found.again, found.intents, danger, temperature))


def costs_of(
    found: HeldOut, policy: Policy, temperature: float, costs: Costs, ready: _Decided | None = None
) -> Numbers:
    """What each held-out sentence costs. Who is asked says it once more; who is not understood again gets a person."""
    ready = ready or _decided(found, policy.danger, temperature)
    hazard = found.intents.index(HAZARD)
    danger = found.truth == hazard

    def acted(best: Numbers) -> Numbers:
        wrong = np.where(danger, costs.missed_danger, np.where(best == hazard, costs.false_alarm, costs.wrong))
        return np.where(best == found.truth, 0.0, wrong)

    sure_then = _unasked(found, policy, ready.best_again, ready.confidence_again)
    then = np.where(sure_then, acted(ready.best_again), costs.person)
    asked = np.where(danger, costs.danger_asked, costs.question) + then
    person = np.where(danger, costs.danger_asked, 0.0) + costs.person
    unsure = np.where(ready.confidence < policy.hand_over, person, asked)
    return np.where(_unasked(found, policy, ready.best, ready.confidence), acted(ready.best), unsure)


def _unasked(found: HeldOut, policy: Policy, best: Numbers, confidence: Numbers) -> Numbers:
    """Which sentences are acted on: their best intents, and how sure of them we are."""
    return confidence >= np.where(best == found.intents.index(HAZARD), policy.accept_danger, policy.accept)


def false_alarms(found: HeldOut, policy: Policy, temperature: float, strength: float) -> float:
    """Share of harmless sentences of a strength that are taken for danger."""
    hazard = found.intents.index(HAZARD)
    harmless = (found.truth != hazard) & (found.strengths == strength)
    best, _ = decided(found.scores[harmless], found.intents, policy.danger, temperature)
    return float((best == hazard).mean())


def policies() -> list[Policy]:
    """What is tried."""
    steps = [round(step * 0.05, 2) for step in range(19)]
    return [
        Policy(danger, accept, accept_danger, hand_over)
        for danger, accept, accept_danger, hand_over in itertools.product(
            (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0), steps, steps[::2], (0.0, 0.2, 0.3)
        )
        if max(hand_over, accept_danger) <= accept
    ]


def best_policy(
    found: HeldOut, temperature: float, costs: Costs, most: float, strength: float, rows: Numbers
) -> Policy:
    """The policy that asks least of those whose cost on `rows` is within one standard error of the least cost, among
    those that keep the limit of false alarms (Breiman's rule: what is no better for certain is not worth a question)."""
    part = HeldOut([], found.strengths[rows], found.intents, found.truth[rows], found.scores[rows], found.again[rows])
    tried = policies()
    ready = {
        danger: _decided(part, danger, temperature)
        for danger in sorted({one.danger for one in tried})
        if false_alarms(found, Policy(danger, 0, 0), temperature, strength) <= most
    }
    allowed = [one for one in tried if one.danger in ready]
    if not allowed:
        raise CostsRefused(f"no policy stays below {most:.0%} false alarms at strength {strength}")

    def spent(one: Policy) -> Numbers:
        return costs_of(part, one, temperature, costs, ready[one.danger])

    means = [(float(spent(one).mean()), one) for one in allowed]
    least, cheapest = min(means, key=lambda pair: pair[0])
    lowest = spent(cheapest)
    as_good = []
    # Each sentence was heard four times: it counts once when the error is computed.
    independent = len(rows) / len(HEARD)
    for mean, one in means:
        error = float((spent(one) - lowest).std()) / independent**0.5 if mean < least * 1.2 else 0.0
        if mean - least <= error:
            as_good.append(one)

    def acted_unasked(one: Policy) -> float:
        once = ready[one.danger]
        return float(_unasked(part, one, once.best, once.confidence).mean())

    return max(as_good, key=acted_unasked)


def bench_thresholds(found: HeldOut | None = None, file: Path = COSTS) -> dict[str, Any]:
    """Temperature, thresholds and what they cost a sentence, beside those in use; nothing is changed."""
    found = found or held_out()
    costs, most, strength = read_costs(file)
    now, warmth = in_use()
    temperature = fitted_temperature(found)
    everything = np.arange(len(found.truth))
    chosen = best_policy(found, temperature, costs, most, strength, everything)
    honest = np.zeros(len(everything))
    for part in range(_PARTS):
        # Chosen on four fifths, measured on the fifth that did not choose.
        rows = everything % _PARTS != part
        one = best_policy(found, temperature, costs, most, strength, everything[rows])
        honest[~rows] = costs_of(found, one, temperature, costs)[~rows]
    return {
        "held_out_sentences": len(everything),
        "temperature": {"in_use": warmth, "fitted": temperature},
        "calibration_error": {
            "before": _error(found, 1.0),
            "in_use": _error(found, warmth),
            "fitted": _error(found, temperature),
        },
        "in_use": _described(found, now, warmth, costs, strength),
        "computed": _described(found, chosen, temperature, costs, strength),
        "computed_cross_validated_cost": round(float(honest.mean()), 3),
        "confused": confused(found, now, warmth),
    }


def confused(found: HeldOut, policy: Policy, temperature: float, most: int = 12) -> list[str]:
    """The pairs of intents that are taken for one another most, on clean held-out sentences."""
    best, _ = decided(found.scores, found.intents, policy.danger, temperature)
    wrong = (best != found.truth) & (found.strengths == 0)
    pairs, counts = np.unique(np.stack([found.truth[wrong], best[wrong]]), axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return [f"{counts[at]} × {found.intents[pairs[0, at]]} → {found.intents[pairs[1, at]]}" for at in order]


def _error(found: HeldOut, temperature: float) -> float:
    likely = probabilities(found.scores, temperature)
    right = likely.argmax(axis=1) == found.truth
    return calibration_error(list(zip(likely.max(axis=1).tolist(), right.tolist(), strict=True)))


def _described(found: HeldOut, policy: Policy, temperature: float, costs: Costs, strength: float) -> dict[str, Any]:
    hazard = found.intents.index(HAZARD)
    ready = _decided(found, policy.danger, temperature)
    best, sure = ready.best, _unasked(found, policy, ready.best, ready.confidence)
    danger = found.truth == hazard
    return {
        **asdict(policy),
        "temperature": temperature,
        "cost_a_sentence": round(float(costs_of(found, policy, temperature, costs, ready).mean()), 3),
        "acted_unasked": round(float(sure.mean()), 4),
        "wrong_of_those": round(float((best != found.truth)[sure].mean()), 4),
        "danger_found": round(float((best == hazard)[danger].mean()), 4),
        "false_alarms": round(false_alarms(found, policy, temperature, strength), 4),
    }
