"""Inputs made from public bug reports, for the doors that the command line does not have: numbers, masking, reading aloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.learning.private import Private
from bot.lines.sip.facts import number_of
from bot.notify.masking import mask
from bot.settings import PROJECT
from bot.speech.reading import spoken

CASES = PROJECT.parent / "shared" / "cases" / "bugs.jsonl"
DOORS: dict[str, Callable[[dict[str, Any]], str]] = {
    "number": lambda given: number_of(given["header"]),
    "mask": lambda given: (mask if given["how"] == "mask" else Private(()).strip)(given["text"]),
    "read": lambda given: spoken(given["text"]),
}


def holds(expected: dict[str, Any], seen: str) -> bool:
    """Whether an answer is what a case expects."""
    return (
        seen in expected.get("number_in", [seen])
        and all(word in seen for word in expected.get("has", []))
        and not any(word in seen for word in expected.get("has_not", []))
    )


@pytest.mark.parametrize("door", DOORS)
def test_no_bug_that_others_have_reported_is_ours(door: str) -> None:
    if not CASES.exists():
        pytest.skip(f"NOT RUN: there is no {CASES.name} beside the repository")
    cases = [case for case in map(json.loads, CASES.read_text("utf-8").splitlines()) if case["door"] == door]
    seen = [(case["id"], DOORS[door](case["input"]), case["expect"]) for case in cases]
    assert seen and not [one for one in seen if not holds(one[2], one[1])]
