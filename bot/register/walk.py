"""The order in which somebody walks: street by street, up the odd side and back down the even one."""

from __future__ import annotations

from bot.grid.address import Address, parse_address

Key = tuple[object, ...]


def walking(community: str, compound: str, address: str) -> Key:
    """A key to sort places by; a place without a number comes before the numbers of its street."""
    found = parse_address(community, compound, address)
    return (community, found.name, *_side(found))


def _side(found: Address) -> Key:
    """Odd numbers upwards, even ones downwards; then building, unit, room and the like upwards."""
    numbers = [one.value for one in found.parts if one.kind == "number"]
    street = int(numbers[0]) if numbers and numbers[0].isdigit() else None
    side: Key = (0, 0) if street is None else (1 + (street % 2 == 0), -street if street % 2 == 0 else street)
    rest = [_rank(one.value) for one in found.parts if one.kind != "number"]
    return (*side, tuple(rest))


def _rank(value: str) -> tuple[int, int, str]:
    return (0, int(value), "") if value.isdigit() else (1, 0, value)
