"""Addresses as registries write them: the name, and the numbers behind it by what they count.

`沿河路206号` is (沿河路, number 206), `3栋2单元301室` (, building 3, unit 2, room 301), `大塘村三组12号` in 大塘村 (, group 3,
number 12), `沿湖路20-1号` (沿湖路, number 20, sub 1). Values are digits, letters or heavenly stems, however they were
spelt; the registry's own spelling is only shown."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from bot.grid.places.words import grammar
from bot.sound.numbers import digits, plain, value


class Part(NamedTuple):
    """One number of an address: `kind` (group, building, unit, number, sub, room), `value` as digits, letter or stem."""

    kind: str
    value: str


class Address(NamedTuple):
    """`name` of the street, bay or compound ("" where the community itself is meant), and its numbers from the whole."""

    name: str
    parts: tuple[Part, ...]


_NUMERALS = "零一二三四五六七八九十百千万两幺〇"


#: more digits are no house number
_LONGEST = 6


@lru_cache(maxsize=1)
def _value() -> str:
    return rf"(?:\d+|[{_NUMERALS}]+|[A-Za-z]\d{{0,2}}|[{grammar().file.stems}])"


@lru_cache(maxsize=1)
def _behind() -> re.Pattern[str]:
    """The numbers at the end of an address: the longest stretch of them."""
    words = grammar()
    after = sorted({re.escape(one) for kind in words.parts.values() for one in kind.after}, key=len, reverse=True)
    lead = sorted({re.escape(one) for kind in words.parts.values() for one in kind.lead}, key=len, reverse=True)
    return re.compile(rf"(?P<lead>{'|'.join(lead)})?(?P<value>{_value()})(?P<after>{'|'.join(after)})?")


@lru_cache(maxsize=1)
def _whole() -> re.Pattern[str]:
    one = re.sub(r"\?P<\w+>", "?:", _behind().pattern)
    return re.compile(rf"(?P<name>.*?)(?P<numbers>(?:{one})+)$")


@lru_cache(maxsize=50_000)
def value_of(written: str) -> str:
    """A number as it is compared: `０２０６` → 206, 二百零六 → 206, 二〇六 → 206, a → A, 甲 → 甲."""
    written = plain(written)
    if not all(one.isdigit() or one in _NUMERALS for one in written):
        return written.upper()
    number = value(written)
    return str(number) if number is not None else digits(written) or written


@lru_cache(maxsize=200_000)
def _parse(address: str, inside: bool) -> Address:
    found = _whole().match(address)
    if not found:
        return Address(address, ())
    name, numbers = found["name"], found["numbers"]
    runs = [(one["lead"] or "", one["value"], one["after"] or "") for one in _behind().finditer(numbers)]
    if not name and not inside and not any(after for _, _, after in runs):
        return Address(address, ())  # 五一 is a name, 三组12号 is not
    runs = [one for one in runs if len(one[1]) <= _LONGEST]
    if len(runs) == 2 and runs[0] == runs[1]:
        runs.pop()  # written twice: 206号206号
    return Address(name, _kinds(runs, inside))


def parse_address(community: str, compound: str, address: str) -> Address:
    """What a registry's row names. Never fails: what has no numbers is a name as a whole."""
    written = plain(address).replace(" ", "").removeprefix(plain(community))
    if compound:
        written = written.removeprefix(plain(compound))
        found = _parse(written, True)
        return (
            Address(plain(compound), found.parts)
            if not found.name
            else Address(plain(compound) + found.name, found.parts)
        )
    inside = written != plain(address).replace(" ", "")
    return _parse(written, inside)


def _kinds(runs: list[tuple[str, str, str]], inside: bool) -> tuple[Part, ...]:
    """The numbers of one address by what they count: by their marks, bare ones by their place."""
    words = grammar().parts
    kinds: list[str] = []
    for at, (lead, _, after) in enumerate(runs):
        seen = set(kinds)
        if lead in words["sub"].lead and lead != "" and kinds and "building" not in seen:
            kinds.append("sub")
        elif lead == "-" and kinds and after not in words["unit"].after:
            kinds.append("unit" if "unit" not in seen and at + 1 < len(runs) else "room")
        elif after in words["group"].after:
            kinds.append("group")
        elif after in words["unit"].after and "unit" not in seen:
            kinds.append("unit")
        elif after in words["building"].after:
            kinds.append("building")
        elif after in ("室", "房", "号房", "户") or seen & {"building", "unit"}:
            kinds.append("room")
        elif after == "" and len(runs) >= 2 and inside and at == 0:
            kinds.append("building")
        elif "number" in seen:
            kinds.append("sub")
        else:
            kinds.append("number")
    return tuple(Part(kind, value_of(value)) for kind, (_, value, _) in zip(kinds, runs, strict=True))


def street_of(address: str) -> str:
    """The name before the numbers of an address; empty when there is none."""
    return _parse(plain(address).replace(" ", ""), False).name
