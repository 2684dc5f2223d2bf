"""How often the finer act is right, on sentences that were written apart (tests/data/nlu/acts.yml)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from bot.dialogue.frozen import Parse, calibration_error
from bot.foundation.words import load
from bot.settings import PROJECT

HELD_OUT = PROJECT / "tests" / "data" / "nlu" / "acts.yml"


def held_out_acts(file: Path = HELD_OUT) -> dict[str, tuple[str, ...]]:
    """Act → sentences."""
    return load(dict[str, tuple[str, ...]], file)


async def measure_acts(parse: Parse, sentences: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Shares of 1: sentences whose intent is right, whose act is, and whose act is where the intent is; the acts that are
    mistaken most."""
    rows = [(act, await parse(text)) for act, some in sentences.items() for text in some]
    intent = [act.partition("/")[0] == found.intent for act, found in rows]
    right = [act == found.act for act, found in rows]
    wrong = Counter(f"{act} → {found.act}" for act, found in rows if act != found.act)
    return {
        "sentences": len(rows),
        "intent_accuracy": round(sum(intent) / len(rows), 4),
        "act_accuracy": round(sum(right) / len(rows), 4),
        "act_accuracy_of_right_intents": round(sum(right) / max(sum(intent), 1), 4),
        "calibration_error": calibration_error(
            [(found.confidence, known) for (_, found), known in zip(rows, intent, strict=True)]
        ),
        "mistaken": [f"{count} × {pair}" for pair, count in wrong.most_common(12)],
    }
