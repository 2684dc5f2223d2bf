"""Chongyang's sounds for a Mandarin voice, by chongyang_sounds.yml: counted readings and guesses. An experiment: no native speaker
has heard it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load
from bot.speech import kokoro_voice
from bot.speech.engine import Sentence
from bot.speech.kokoro import parts
from bot.speech.reading import letters, spoken

_SOUNDS = "/"
"""Before a reading that is given as sounds: /na2 is not the na2 of Mandarin."""
_ELSE, _NO_INITIAL = "else", "0"


@dataclass(frozen=True)
class _Tables:
    """chongyang_sounds.yml."""

    initials: dict[str, dict[str, str]]
    finals: dict[str, dict[str, str]]
    words: dict[str, str]
    characters: dict[str, str]
    half_recorded: dict[str, str]
    guessed: dict[str, str]
    classes: dict[str, str]
    contours: dict[str, str]
    written_initials: dict[str, str]
    written_finals: dict[str, str]

    def __post_init__(self) -> None:
        """Raises ValueError for a sound that nothing can write."""
        for table, known in ((self.initials, self.written_initials), (self.finals, self.written_finals)):
            for mandarin, row in table.items():
                if _ELSE not in row or any(sound and sound not in known for sound in row.values()):
                    raise ValueError(f"{mandarin}: {_ELSE} is missing, or a sound that is not written below: {row}")


@cache
def _tables() -> _Tables:
    return load(_Tables, Path(__file__).with_name("chongyang_sounds.yml"))


def said_so(syllable: str) -> str:
    """A syllable of Mandarin as it sounds in Chongyang, in IPA with the tone's class: `said_so("dian4") == "tiɛ5"`.

    Raises ValueError for what is no syllable of Mandarin."""
    initial, final, tone = parts(syllable)
    tables = _tables()
    begun = _of(tables.initials[initial or _NO_INITIAL], final)
    return begun + _of(tables.finals[final], initial or _NO_INITIAL) + tables.classes[tone]


def written_here(syllable: str) -> tuple[str, str]:
    """Writing (bot.speech.kokoro) of Chongyang: `written_here("dian4") == ("t", "je↗")`. Takes Mandarin's syllables, and what
    words_here() makes."""
    tables = _tables()
    reading = syllable[1:] if syllable.startswith(_SOUNDS) else said_so(syllable)
    sounds, tone = reading[:-1], reading[-1]
    for initial in ("", *tables.written_initials):
        final = sounds.removeprefix(initial)
        if sounds.startswith(initial) and final in tables.written_finals and tone in tables.contours:
            contour = tables.contours[tone]
            return tables.written_initials.get(initial, ""), tables.written_finals[final].replace("0", contour)
    raise ValueError(f"no reading of Chongyang: {reading!r}")


def words_here(text: str) -> list[list[str]]:
    """What Kokoro is told to say with written_here(): syllables of Mandarin, recorded readings in their place where there are any,
    and marks."""
    words = kokoro_voice.words(Sentence.of(text))
    said = [
        part for char in spoken(text) for part in ([char] if not char.isascii() else letters(char)) if part.isalnum()
    ]
    if len(said) != sum(word[0][0].isalnum() for word in words for _ in word):
        return words
    readings = _recorded(said, [syllable for word in words for syllable in word if syllable[0].isalnum()])
    return [[next(readings) if syllable[0].isalnum() else syllable for syllable in word] for word in words]


def _recorded(said: list[str], syllables: list[str]) -> Iterator[str]:
    """A reading for each of the characters `said`, whose Mandarin is `syllables`."""
    tables = _tables()
    toneless = _toneless()
    whole = tables.words | tables.guessed
    longest = max(map(len, whole))
    at = 0
    while at < len(said):
        for length in range(longest, 0, -1):
            if found := whole.get("".join(said[at : at + length])):
                yield from (_SOUNDS + one for one in found.split())
                at += length
                break
        else:
            sounds = toneless.get(said[at])
            yield _SOUNDS + sounds + tables.classes[parts(syllables[at])[2]] if sounds else syllables[at]
            at += 1


@cache
def _toneless() -> dict[str, str]:
    tables = (_tables().half_recorded, _tables().characters)
    return {char: sounds for table in tables for sounds, chars in table.items() for char in chars}


def _of(row: dict[str, str], beside: str) -> str:
    return next((sound for some, sound in row.items() if beside in some.split()), row[_ELSE])
