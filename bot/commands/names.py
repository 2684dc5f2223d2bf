"""Names of kinds, states and roles, and the words of the commands' own files, in the language of whoever types."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TypeVar

from bot.foundation.language import language
from bot.foundation.words import load
from bot.tickets.labels import Labels, labels

_HERE = Path(__file__).parent

W = TypeVar("W")


def names() -> Labels:
    """The table of names that messages and pages have, or its English."""
    return labels() if language() == "zh" else _english()


@cache
def _english() -> Labels:
    return load(Labels, _HERE / "names.en.yml")


def role(name: str) -> str:
    """What somebody is in the grid."""
    return labels().role(name) if language() == "zh" else name


def words(kind: type[W], name: str) -> W:
    """NAME.yml beside this file, or NAME.en.yml."""
    return load(kind, _HERE / (f"{name}.yml" if language() == "zh" else f"{name}.en.yml"))
