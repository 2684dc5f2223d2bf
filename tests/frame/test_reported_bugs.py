"""Inputs made from public bug reports, for the doors that the command line does not have: numbers, masking, reading aloud."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.learning.private import Private
from bot.lines.sip.facts import number_of
from bot.notify.masking import mask
from bot.speech.reading import spoken
from tests.reported import holds, reported

DOORS: dict[str, Callable[[dict[str, Any]], str]] = {
    "number": lambda given: number_of(given["header"]),
    "mask": lambda given: (mask if given["how"] == "mask" else Private(()).strip)(given["text"]),
    "read": lambda given: spoken(given["text"]),
}


@pytest.mark.parametrize("door", DOORS)
def test_no_bug_that_others_have_reported_is_ours(door: str) -> None:
    seen = [(case["id"], DOORS[door](case["input"]), case["expect"]) for case in reported(door)]
    assert not [one for one in seen if not holds(one[2], one[1])]
