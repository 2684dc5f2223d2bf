"""Whether two places, as two people say them, may be one: the name, and the numbers behind it."""

from __future__ import annotations

from functools import lru_cache

from bot.grid.address import Address, parse_address

#: fewer characters name nothing
_SHORTEST = 2
#: house numbers of one street that lie no farther apart are about one fallen line
_NEIGHBOURS = 20
#: what a danger reaches as a whole: another floor of a burning house is no other fire
_OF_A_DANGER = ("group", "building", "number")


@lru_cache(maxsize=2_000)
def _read(place: str) -> Address:
    """The place's last numbers, and the name before them: what stands behind them (门口, 对面) only says which side."""
    place = "".join(place.split())
    for end in range(len(place), _SHORTEST, -1):
        found = parse_address("", "", place[:end])
        if found.parts:
            return found
    return Address(place, ())


def same_place(one: str, other: str) -> bool:
    """Whether two places that were said contradict each other nowhere. An empty one says nothing against any."""
    if not one.strip() or not other.strip():
        return True
    first, second = _read(one), _read(other)
    if not _one_name(first.name, second.name):
        return False
    theirs = dict(second.parts)
    return all(theirs.get(kind, value) == value for kind, value in first.parts)


def near(one: str, other: str) -> bool:
    """Whether two people who see danger at these places may see the same: one street and neighbouring houses."""
    if not one.strip() or not other.strip():
        return False
    first, second = _read(one), _read(other)
    if not _one_name(first.name, second.name):
        return False
    theirs = dict(second.parts)
    return all(_close(kind, value, theirs.get(kind, value)) for kind, value in first.parts if kind in _OF_A_DANGER)


def refines(new: str, old: str) -> bool:
    """Whether a place says more of the same place, and takes nothing back."""
    if not old.strip():
        return True
    first, second = _read(old), _read(new)
    known = dict(second.parts)
    return _one_name(first.name, second.name) and all(known.get(kind) == value for kind, value in first.parts)


def _one_name(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST and short in long


def _close(kind: str, one: str, other: str) -> bool:
    if one == other:
        return True
    return kind == "number" and one.isdigit() and other.isdigit() and abs(int(one) - int(other)) <= _NEIGHBOURS
