"""Whether a house number was heard badly: what is left of it may be another house's number, so it is asked for."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.grid.address import place_words
from bot.sound.classes import sound_class

#: characters that numerals may have become
_DROWNED = 3
#: words that sound like numerals and stand behind numbers: 601室, 206是我家
_NO_NUMERALS = "号栋幢座单元楼层室房是"


def garbled(behind: str) -> bool:
    """Whether a numeral was misheard in the number behind a name: 沿河路似百16号, 4百山16号, 41留号.

    Between the name and the first digit only known joining words are trusted."""
    words = place_words()
    first = re.search(r"\d", behind)
    if first and not re.fullmatch(words.joining, behind[: first.start()]):
        return True
    lost = re.search(words.garbled_number, behind) or re.search(words.unread_number, behind)
    return bool(lost) or any(_drowned(behind[run.end() :]) for run in re.finditer(r"\d+", behind))


def _drowned(rest: str) -> bool:
    """Whether a number goes on as words that sound like numerals: 4摆镏11号 (百六), 5思琳号 (四零), 50娄蒿 (六号)."""
    for length in range(1, _DROWNED + 1):
        middle, last = rest[:length], rest[length : length + 1]
        if not last or not all("\u3400" <= one <= "\u9fff" and one not in _NO_NUMERALS for one in middle):
            return False
        heard = all(sound_class(one, "accent") in _numeral_sounds() for one in middle)
        number = sound_class("号", "accent")
        if heard and (last.isdigit() or "\u3400" <= last <= "\u9fff" and sound_class(last, "accent") == number):
            return True
        # A word that only sounds like 号, and is no 好, stands there for it.
        if length == 1 and last not in "号好" and last >= "\u3400" and sound_class(last, "accent") == number:
            return True
    return False


@lru_cache(maxsize=1)
def _numeral_sounds() -> frozenset[str]:
    return frozenset(sound_class(one, "accent") for one in "零一二三四五六七八九十百千两幺")
