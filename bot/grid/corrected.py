"""A place with the part put right that somebody said again: 沿河路206号 and 不过是208号 make 沿河路208号.

What is read back is what was said, changed only where it was said anew."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load
from bot.grid.places.words import grammar
from bot.sound.numbers import in_digits, plain

#: numbers of a place, from the whole to the part
_KINDS = ("group", "building", "unit", "number", "room")


@dataclass(frozen=True)
class _File:
    """corrected.yml."""

    denied: tuple[str, ...]
    around: str
    counts_other: tuple[str, ...]


@cache
def _file() -> _File:
    return load(_File, Path(__file__).with_name("data") / "corrected.yml")


@dataclass(frozen=True)
class _Numbered:
    """A number with its mark; `kind` "" for one without."""

    kind: str
    value: str
    start: int
    end: int


@cache
def _marks() -> dict[str, str]:
    """What stands behind a number, and what the number counts."""
    found: dict[str, str] = {}
    for kind in _KINDS:
        for mark in grammar().parts[kind].after:
            if mark and mark not in _file().counts_other:
                found.setdefault(mark, kind)
    return found


@cache
def _marked() -> re.Pattern[str]:
    longest = sorted(map(re.escape, _marks()), key=len, reverse=True)
    return re.compile(f"(?P<value>(?<![0-9])[0-9]{{1,4}}(?![0-9]))(?P<mark>{'|'.join(longest)})?")


def _numbers(text: str) -> list[_Numbered]:
    return [
        _Numbered(_marks().get(one["mark"] or "", ""), one["value"], *one.span("value"))
        for one in _marked().finditer(text)
    ]


def corrected(place: str, said: str) -> str | None:
    """The place with what `said` puts right; None where it puts nothing right that the place has."""
    place, said = in_digits(plain(place)), in_digits(plain(said).replace(" ", ""))
    for pattern in _file().denied:
        for match in re.finditer(pattern, said):
            old, new = _part(match["old"]), _part(match["new"])
            if old and new and old != new and old in place:
                return place.replace(old, new)
            if changed := _numbers_put_right(place, new):
                return changed
    return _numbers_put_right(place, _part(said))


def _part(said: str) -> str:
    return re.sub(_file().around, "", said)


def _numbers_put_right(place: str, said: str) -> str | None:
    """Each number said anew in the place of the one that counts the same; one without a mark in that of the last."""
    # A number without a mark is a part of the place only when nothing stands beside it: 三天 is none.
    bare = re.fullmatch("[0-9-]+", said) is not None
    new, old = [one for one in _numbers(said) if one.kind or bare], _numbers(place)
    changed = place
    for number in reversed(new):
        same = [one for one in old if one.kind == number.kind] if number.kind else old[-1:]
        if same and not number.kind and same[0].kind in ("building", "unit", "group"):
            return place + number.value  # 9栋2单元, and then 501: the part that was left
        if not same and number.kind in ("number", "room"):
            same = old if len(old) == 1 else [one for one in old[-1:] if not one.kind]
        if len(same) != 1 or same[0].value == number.value:
            return None
        changed = changed[: same[0].start] + number.value + changed[same[0].end :]
    return changed if new and changed != place else None
