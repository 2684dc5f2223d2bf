"""Inputs made from public bug reports: they stand beside the repository, and where they are missing no test of them is run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.settings import PROJECT

CASES = PROJECT.parent / "shared" / "cases" / "bugs.jsonl"


def reported(door: str) -> list[dict[str, Any]]:
    """The cases of one door, one at least."""
    if not CASES.exists():
        pytest.skip(f"NOT RUN: there is no {CASES.name} beside the repository")
    cases = [case for case in map(json.loads, CASES.read_text("utf-8").splitlines()) if case["door"] == door]
    assert cases, f"{CASES.name} has no case of {door}"
    return cases


def holds(expected: dict[str, Any], seen: str) -> bool:
    """Whether an answer is what a case expects."""
    return (
        seen in expected.get("number_in", [seen])
        and all(word in seen for word in expected.get("has", []))
        and not any(word in seen for word in expected.get("has_not", []))
    )
