"""Which recorded parts a sentence with variables is made of: pure, from text to a list of parts."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.widths import both, plain
from bot.foundation.words import load
from bot.speech.reading import spoken

_SLOT = re.compile(r"\{(\w+)\}")
#: what stands at the ends of a part and is a pause, not a word
_MARKS = both(",、:;.。!?“”‘’()…—") + " \"'\n"
_CLAUSE = re.compile(f"[{both(',、:;')}]")
_PAUSE_S = {",": 0.18, "、": 0.14, ":": 0.18, ";": 0.25}


class Kind(enum.Enum):
    """Where a part comes from."""

    fixed = "words of the sentence itself"
    phrase = "a name, a community, a matter"
    number = "one word of a number, or what is counted"
    pause = "a pause"
    other = "something that nobody can record beforehand"


@dataclass(frozen=True)
class Part:
    """One piece of a sentence, in the order in which it is spoken."""

    text: str
    kind: Kind

    @property
    def seconds(self) -> float:
        """Of a pause."""
        return _PAUSE_S.get(self.text[:1], 0.0)


@dataclass(frozen=True)
class Counting:
    """counting.yml: words of numbers that can be recorded one by one, and what is counted."""

    numerals: tuple[str, ...]
    units: tuple[str, ...]


@cache
def counting() -> Counting:
    return load(Counting, Path(__file__).with_name("counting.yml"))


def fixed_parts(template: str) -> list[str]:
    """What of a sentence with {slots} can be recorded: the words between them, without marks at their ends."""
    return [text for piece in _SLOT.split(plain(template))[::2] if (text := piece.strip(_MARKS))]


def has_slots(template: str) -> bool:
    return _SLOT.search(template) is not None


class Planner:
    """Knows the sentences with variables, and the phrases that fill them."""

    def __init__(self, templates: Iterable[str], phrases: Iterable[str] = (), everybodys: Iterable[str] = ()) -> None:
        """`everybodys`: those of the phrases that tell nothing of a person, a place or an account."""
        templates = list(templates)
        self._templates = sorted(
            {plain(each).strip() for each in templates if has_slots(each) and fixed_parts(each)},
            key=lambda each: -len("".join(fixed_parts(each))),
        )
        #: what is said to everybody: sentences without variables, the words between variables, words of numbers
        self._everybodys = {
            *(words for each in templates for words in _everybodys(each)),
            *counting().numerals,
            *counting().units,
            *(plain(each).strip(_MARKS) for each in everybodys),
        }
        self._patterns = [re.compile(_pattern(each)) for each in self._templates]
        self._phrases: dict[str, list[str]] = {}
        for phrase in sorted({plain(each).strip() for each in phrases}, key=len, reverse=True):
            if len(phrase) > 1:
                self._phrases.setdefault(phrase[0], []).append(phrase)

    def plan(self, sentence: str) -> tuple[Part, ...]:
        """The parts of a finished sentence; empty when it is none that Gege knows with variables."""
        said = spoken(plain(sentence).strip())
        # The template with the most words of its own comes first.
        for template, pattern in zip(self._templates, self._patterns, strict=True):
            if found := pattern.fullmatch(said):
                return self._parts(template, found.groups())
        return ()

    def everybodys(self, text: str) -> bool:
        """Whether this is said to everybody alike: nothing of a person, a place or an account is in it."""
        return plain(text).strip(_MARKS) in self._everybodys

    def fill(self, template: str, values: Mapping[str, str]) -> tuple[Part, ...]:
        """The parts of a template with these values."""
        template = plain(template).strip()
        return self._parts(template, [spoken(plain(values[name])) for name in _SLOT.findall(template)])

    def _parts(self, template: str, values: Iterable[str]) -> tuple[Part, ...]:
        given = iter(values)
        parts: list[Part] = []
        for number, piece in enumerate(_SLOT.split(template)):
            parts.extend(self._of_value(next(given)) if number % 2 else _of_words(piece))
        while parts and parts[-1].kind is Kind.pause:
            parts.pop()
        return tuple(parts)

    def _of_value(self, value: str) -> list[Part]:
        numerals, units = counting().numerals, counting().units
        parts: list[Part] = []
        other = ""

        def flush() -> None:
            nonlocal other
            if other:
                parts.append(Part(other, Kind.other))
                other = ""

        at = 0
        while at < len(value):
            mark = value[at]
            if mark in _MARKS:
                flush()
                parts.append(Part(mark, Kind.pause))
                at += 1
                continue
            phrase = next((each for each in self._phrases.get(mark, ()) if value.startswith(each, at)), "")
            if phrase:
                flush()
                parts.append(Part(phrase, Kind.phrase))
                at += len(phrase)
                continue
            end = at
            while end < len(value) and value[end] in numerals:
                end += 1
            unit = next((each for each in units if value.startswith(each, end)), "")
            # 十 of 十字街 is no number: a number stands alone or before what it counts.
            if end > at and (unit or end == len(value) or value[end] in _MARKS):
                flush()
                parts.extend(Part(each, Kind.number) for each in value[at:end])
                if unit:
                    parts.append(Part(unit, Kind.number))
                at = end + len(unit)
                continue
            other += value[at : max(end, at + 1)]
            at = max(end, at + 1)
        flush()
        return parts


def _everybodys(template: str) -> list[str]:
    if not has_slots(template):
        return [plain(template).strip(_MARKS)]
    # A part with marks in it may be spoken clause by clause.
    return [
        words
        for part in fixed_parts(template)
        for words in (part, *(each.strip(_MARKS) for each in _CLAUSE.split(part)))
    ]


def _of_words(piece: str) -> list[Part]:
    words = piece.strip(_MARKS)
    if not words:
        return [Part(mark, Kind.pause) for mark in piece if mark in _PAUSE_S]
    before, _, after = piece.partition(words)
    pauses = [[Part(mark, Kind.pause) for mark in marks if mark in _PAUSE_S] for marks in (before, after)]
    return [*pauses[0], Part(words, Kind.fixed), *pauses[1]]


def _pattern(template: str) -> str:
    pieces = _SLOT.split(template)
    return "".join("(.+?)" if number % 2 else re.escape(spoken(piece)) for number, piece in enumerate(pieces))
