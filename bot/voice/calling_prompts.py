"""The sentences of calling out, read from calling_prompts.yml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load


@dataclass(frozen=True)
class Words:
    """Sentences by what they are for."""

    danger: str
    danger_again: str
    danger_what: str
    danger_where: str
    danger_taken: str
    danger_passed: str
    danger_settled: str
    light_on: str
    rating: str
    again: str
    goodbye: str
    no_more: str
    call_back: str
    call_back_from: str
    call_back_master: str
    call_back_somebody: str
    call_back_told: dict[str, str]
    call_back_notes: dict[str, str]
    keys: dict[str, dict[str, str]]
    no_more_words: tuple[str, ...]


@cache
def words() -> Words:
    """Raises when calling_prompts.yml lacks a line: a fault of the release, not of a site."""
    return load(Words, Path(__file__).with_name("calling_prompts.yml"))
