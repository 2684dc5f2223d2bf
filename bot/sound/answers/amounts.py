"""How many (两三户, 好几家, 就我一家, 整栋) and how much money (半块, 一千八, 百八十, 三块五), as they are said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from bot.foundation.words import load
from bot.sound import numbers
from bot.sound.answers.grammar import Answer
from bot.sound.numbers import ABOUT_ONE, BETWEEN, HALF, SIGNS, SOME, plain

#: a number that stands there as a number is; one of the recogniser's other readings is less sure
_SURE, _LESS = 0.95, 0.7


@dataclass(frozen=True)
class Count:
    """At least and at most so many; `most` None: nobody knows how many (整栋). `unit`: what was counted, "" when not said."""

    least: int
    most: int | None
    unit: str = ""


@dataclass(frozen=True)
class _Vague:
    said: str
    least: int
    most: int | None = None


@dataclass(frozen=True)
class _Money:
    yuan: str
    jiao: str
    fen: str


@dataclass(frozen=True)
class _File:
    """amounts.yml."""

    counted: tuple[str, ...]
    vague: tuple[_Vague, ...]
    whole: tuple[_Vague, ...]
    money: _Money


@cache
def _file() -> _File:
    return load(_File, Path(__file__).with_name("amounts.yml"))


_ONE = f"(?:[0-9{''.join(sorted(SIGNS))}]+{SOME}?|{ABOUT_ONE})"
#: a number, or a range
NUMBER = f"(?<![0-9.-]){_ONE}(?:(?:{BETWEEN}){_ONE})?"


def count(text: str, alternatives: Sequence[str] = ()) -> Answer[Count] | None:
    """How many were said; None when no number was. The first reading that has one counts."""
    for place, reading in enumerate((text, *alternatives)):
        said = plain(reading)
        for find in (_whole, _number, _vague):
            if (found := find(said)) is not None:
                value, start, end = found
                return Answer(value, _LESS if place else _SURE, 0.0, said, ((start, end),))
    return None


def _whole(said: str) -> tuple[Count, int, int] | None:
    for one in _file().whole:
        if match := re.search(one.said, said):
            return Count(one.least, one.most), match.start(), match.end()
    return None


def _number(said: str) -> tuple[Count, int, int] | None:
    units = "|".join(_file().counted)
    # A number with what it counts, else one that stands alone: 3 in 沿河路3号 counts nothing.
    for pattern in (f"(?P<number>{NUMBER})(?:多|来)?(?P<unit>{units})", f"^\\W*(?P<number>{NUMBER})(?P<unit>)\\W*$"):
        for match in re.finditer(pattern, said):
            found = numbers.about(match["number"])
            if found is not None and found[0] % 1 == 0 and found[1] % 1 == 0:
                return Count(int(found[0]), int(found[1]), match["unit"]), match.start(), match.end()
    return None


def _vague(said: str) -> tuple[Count, int, int] | None:
    units = "|".join(_file().counted)
    for one in _file().vague:
        if match := re.search(f"(?:{one.said})(?P<unit>{units})", said):
            return Count(one.least, one.most, match["unit"]), match.start(), match.end()
    return None


def money(text: str, alternatives: Sequence[str] = ()) -> Answer[Decimal] | None:
    """How much money was said, in yuan: 八十六块二, 三块五毛, 半块, 1800元; a bare number when it is all that was said."""
    for place, reading in enumerate((text, *alternatives)):
        said = plain(reading)
        if match := _priced().search(said):
            value = _yuan(match)
        elif match := re.fullmatch(f"\\W*(?P<bare>[0-9.{''.join(sorted(SIGNS))}]+|{HALF})\\W*", said):
            value = numbers.quantity(match["bare"].strip("."))
        else:
            continue
        if value is not None:
            return Answer(value, _LESS if place else _SURE, 0.0, said, (match.span(),))
    return None


@cache
def _priced() -> re.Pattern[str]:
    words = _file().money
    number = f"(?:[0-9{''.join(sorted(SIGNS))}]+(?:[.点][0-9{''.join(sorted(SIGNS))}]+)?|{HALF})"
    digit = f"[0-9{''.join(sorted(numbers.NUMERALS))}]"
    small = f"(?P<jiao>{digit})(?:{words.jiao})(?:(?P<fen>{digit})(?:{words.fen})?)?"
    behind = f"(?:零(?P<odd>{digit})(?:{words.fen})?|{small}|(?P<tenth>{digit})(?![0-9{''.join(sorted(SIGNS))}个户]))"
    return re.compile(
        f"(?P<yuan>{number})(?:{words.yuan}){behind}?|{small.replace('jiao', 'dime').replace('fen', 'cent')}"
    )


def _yuan(match: re.Match[str]) -> Decimal | None:
    whole = numbers.quantity(match["yuan"]) if match["yuan"] else Decimal(0)
    if whole is None:
        return None
    for tenths in ("jiao", "tenth", "dime"):
        whole += Decimal(numbers.digits(match[tenths] or "") or 0) / 10
    for hundredths in ("odd", "fen", "cent"):
        whole += Decimal(numbers.digits(match[hundredths] or "") or 0) / 100
    return whole
