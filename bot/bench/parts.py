"""What each part of the pipeline adds: the same sentences with the part left out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from bot.bench.folds import pipeline_of, training_messages, understander
from bot.bench.nlu import measured_sets
from bot.dialogue.frozen import Sentence, shares

Parts = list[dict[str, Any]]


def variants(parts: Parts | None = None) -> dict[str, Parts]:
    """The pipeline in use, and the same without each of its parts."""
    parts = parts or pipeline_of()

    def without(component: str) -> Parts:
        left = [part for part in parts if not part["name"].endswith(f".{component}")]
        if len(left) == len(parts):
            raise ValueError(f"config.yml has no {component}")
        return left

    unchanged = copy.deepcopy(parts)
    for part in unchanged:
        if part["name"].endswith("Featurizer"):
            part["lexicon"] = False
    return {
        "everything": parts,
        "without the lexicon": unchanged,
        "without accent-folded sounds": without("SoundFeaturizer"),
        "without classes of dialect sound": without("DialectFeaturizer"),
        "without soft phrases": without("SoftPhrases"),
        "without n-grams of characters": without("CharacterFeaturizer"),
        "without simulated speech in training": without("SimulatedSpeech"),
    }


def bench_parts(progress: Callable[[str], None]) -> dict[str, dict[str, dict[str, float]]]:
    """Accuracy and danger of every variant on the frozen set, clean and simulated; each variant is trained here."""
    sets, messages, found = measured_sets(), training_messages(), {}
    for name, parts in variants().items():
        with understander(parts, messages) as understand:
            found[name] = {which: _measured(understand, rows) for which, rows in sets.items()}
        progress(f"{name}: {found[name]}")
    return found


def _measured(understand: Any, rows: list[Sentence]) -> dict[str, float]:
    names, scores = understand([row.text for row in rows])
    classifier = next(part for part in pipeline_of() if part["name"] == "nlu.intents.IntentClassifier")
    scores = scores + np.log([float(classifier["costs"].get(name, 1.0)) for name in names])
    best = [names[column] for column in scores.argmax(axis=1)]
    return shares([(row.intent, intent) for row, intent in zip(rows, best, strict=True)])
