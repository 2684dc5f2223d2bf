"""Second readings: a Mandarin syllable as it is said in Chongyang, in the phones that the model has."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pypinyin.contrib.tone_convert import to_finals, to_initials

from bot.foundation.words import load

from .phones import NEUTRAL, syllables

STRENGTHS = ("accent", "dialect")


@dataclass(frozen=True)
class _Merged:
    """What is said at one strength: `hu` before a vowel, initials and finals."""

    hu: str
    initials: dict[str, str]
    finals: dict[str, str]


@cache
def _tables() -> dict[str, _Merged]:
    return load(dict[str, _Merged], Path(__file__).parent / "data" / "chongyang.yml")


@cache
def said_here(syllable: str, strength: str = "accent") -> str:
    """`said_here("zhang1") == "zang1"`, `said_here("huang2") == "fang2"`; the syllable itself where nothing changes, or
    what would come out is no syllable of the model's."""
    table = _tables()[strength]
    plain, tone = (syllable[:-1], syllable[-1]) if syllable[-1].isdigit() else (syllable, NEUTRAL)
    initial, final = to_initials(plain, strict=False), to_finals(plain, strict=False, v_to_u=False)
    if plain.startswith("hu") and len(plain) > 2:
        initial, final = table.hu, final.removeprefix("u")
        # ui and un are written short
        final = {"i": "ei", "n": "en"}.get(final, final)
    else:
        initial, final = table.initials.get(initial, initial), table.finals.get(final, final)
    known = frozenset(syllables())
    for one in (initial + final, initial + to_finals(plain, strict=False, v_to_u=False)):
        if one in known:
            return one + tone
    return syllable


def second_readings(reading: tuple[str, ...], strengths: tuple[str, ...] = ("accent",)) -> list[tuple[str, ...]]:
    """The other ways to say a word: `("huang2", "shan1")` → `[("fang2", "san1")]`."""
    found = [tuple(said_here(syllable, strength) for syllable in reading) for strength in strengths]
    return [one for one in dict.fromkeys(found) if one != reading]
