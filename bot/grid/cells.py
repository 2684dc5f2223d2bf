"""The cells of a county's files: taken as they were meant before a spreadsheet spoiled them, or refused with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from bot.foundation.phone_numbers import phone_digits
from bot.foundation.widths import HAN, both, plain, seen
from bot.foundation.words import load
from bot.grid.models import Role
from bot.grid.role_names import role_names

#: raises ValueError with the reason
Check = Callable[[str], Any]

_TAGS = ("vulnerable", "shop", "large")
_ERROR = re.compile(r"#(?:#+|[A-Z]+(?:/?[A-Z0]+)?[!?]?)|Err:\d{3}")
#: the column was too narrow, the last digits are gone
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d+)?E[+-]?\d{1,3}", re.IGNORECASE)
#: ="4211000007", and the apostrophe that makes a number text
_AS_TEXT = re.compile(r"=?\"([^\"]*)\"|['`‘’]([^'`‘’]+)['’]?")
_DECIMAL = re.compile(r"(\d+)\.(\d+)")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SEPARATORS = re.compile(rf"[{both(';,/|')}、\s]+")
_NAME = re.compile(r"\w(?:[\w.@-]*\w)?")
_RANGE = re.compile(r"(\d{1,9})([-–—−~])(\d{1,9})")
_AMOUNT = re.compile(r"[+-]?\d{1,9}(?:\.\d+)?")
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{9,11}|[2-8]\d{6,7}|[48]00\d{7}|\d{3,6}|\+\d{8,15}")
_LOST = re.compile(r"[?\x00-\x1f]")
_MOST_GRIDS = 500
_BETWEEN_HAN = re.compile(rf"(?<=[{HAN}])\s+(?=[{HAN}])")


@dataclass(frozen=True)
class _Words:
    """cells.yml."""

    nothing: frozenset[str]
    range: tuple[str, ...]
    also: tuple[str, ...]
    money: tuple[str, ...]
    month: str
    day: tuple[str, ...]


@cache
def _words() -> _Words:
    return load(_Words, Path(__file__).resolve().parent / "data" / "cells.yml")


@cache
def _date() -> re.Pattern[str]:
    """2026-3-1, 3月1日, Mar-1."""
    words = _words()
    year = r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?: 0?0:00(?::00)?)?"
    day = rf"\d{{1,2}}{words.month}\d{{1,2}}(?:{_any(words.day)})"
    return re.compile(rf"{year}|{day}|[A-Z][a-z]{{2}}-\d{{1,2}}|\d{{1,2}}-[A-Z][a-z]{{2}}")


@cache
def _any(words: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, words))


def visible(cell: str) -> str:
    """A cell as it came, without what nobody sees: byte order marks, zero widths, blanks around it, a text's apostrophe."""
    cell = " ".join(seen(cell).split())
    found = _AS_TEXT.fullmatch(cell)
    return (found[1] or found[2] or "").strip() if found else cell


@lru_cache(maxsize=10_000)
def _value(cell: str) -> str:
    """What a cell holds, in half width; refused when it is not what was typed."""
    cell = visible(plain(cell))
    if _ERROR.fullmatch(cell) or cell.startswith("="):
        raise ValueError("is a spreadsheet's error or formula")
    if _SCIENTIFIC.fullmatch(cell):
        raise ValueError("was shortened by a spreadsheet, its last digits are gone: give the column the format of text")
    if _date().fullmatch(cell):
        raise ValueError("is a date, as a spreadsheet makes it of numbers with hyphens")
    if _LOST.search(cell):
        raise ValueError("holds a question mark or a control character, as something that was lost leaves it")
    found = _DECIMAL.fullmatch(cell)
    return found[1] if found and not int(found[2]) else cell


def _sized(cell: str, most: int, needed: bool) -> str:
    if needed and not cell:
        raise ValueError("is empty")
    if len(cell) > most:
        raise ValueError(f"is longer than {most} characters")
    return cell


def text(most: int, needed: bool = True) -> Check:
    """A name or an address, shown as it came."""

    def check(cell: str) -> str:
        empty = _value(cell) in _words().nothing and not needed
        return _sized("" if empty else _BETWEEN_HAN.sub("", visible(cell)), most, needed)

    return check


def identifier(most: int, needed: bool = True) -> Check:
    """What is compared: the number of a household or a grid, somebody's account."""

    def check(cell: str) -> str:
        cell = _value(cell)
        if not needed and cell in _words().nothing:
            return ""
        if _THOUSANDS.fullmatch(cell) or re.fullmatch(r"\d+(?: \d+)+", cell):
            cell = re.sub("[, ]", "", cell)
        if cell and (_DECIMAL.fullmatch(cell) or not _NAME.fullmatch(cell)):
            raise ValueError("is not one number: it holds a blank or another mark")
        return _sized(cell, most, needed)

    return check


def phone(cell: str) -> str:
    """A telephone number in its one form; empty when there is none."""
    cell = _value(cell)
    digits = "" if cell in _words().nothing else phone_digits(cell)
    if digits and not _PHONE.fullmatch(digits):
        raise ValueError("not a telephone number")
    return digits


def count(cell: str) -> int:
    """A whole number; nothing is 0."""
    value = money(cell)
    if value < 0 or value % 1:
        raise ValueError("not a whole number of 0 or more")
    return int(value)


def money(cell: str) -> Decimal:
    """An amount in CNY; nothing is 0."""
    words = _words()
    cell = re.sub(rf"\s|{_any(words.money)}", "", _value(cell)).replace("−", "-")
    if cell in words.nothing:
        return Decimal(0)
    if _THOUSANDS.fullmatch(cell):
        cell = cell.replace(",", "")
    if not _AMOUNT.fullmatch(cell or "0"):
        raise ValueError("not an amount in CNY")
    return Decimal(cell or 0).quantize(Decimal("0.01"))


def tags(cell: str) -> list[str]:
    """What is said of a household."""
    found = [] if _value(cell) in _words().nothing else _list(_value(cell))
    if wrong := [tag for tag in found if tag not in _TAGS]:
        raise ValueError(f"unknown tag {wrong[0]} ({', '.join(_TAGS)})")
    return found


def role(cell: str) -> str:
    """A role by its own name or the Chinese one."""
    cell = _value(cell)
    found = {name: role for role, name in role_names().items()}.get(cell, cell.lower())
    if found not in set(Role):
        raise ValueError(f"unknown role {cell}")
    return str(found)


def grids(known: Set[str]) -> Check:
    """Numbers of grids, with any mark between them. 24-26 is one where a household's grid is called so, else three."""
    one = identifier(40)

    def check(cell: str) -> list[str]:
        cell = _value(cell)
        if cell in _words().nothing:
            return []
        for words, mark in ((_words().range, "~"), (_words().also, ";")):
            cell = re.sub(rf"(?<=\d)\s*(?:{_any(words)})\s*(?=\d)", mark, cell)
        return [number for part in _list(cell) for number in series(part)]

    def series(part: str) -> list[str]:
        found = _RANGE.fullmatch(part)
        first, last = (int(found[1]), int(found[3])) if found else (0, 0)
        hyphen = not found or found[2] != "~"
        if not found or hyphen and (part in known or last <= first):
            return [one(part)]
        numbers = [str(number).zfill(len(found[1])) for number in range(first, min(last, first + _MOST_GRIDS) + 1)]
        if not first < last < first + _MOST_GRIDS or hyphen and not known >= set(numbers):
            raise ValueError(
                f"{part} may be several grids or one: write each with ; between, or import households first"
            )
        return numbers

    return check


def _list(cell: str) -> list[str]:
    return [part for part in _SEPARATORS.split(cell) if part]


def checks(kind: str, known_grids: Set[str]) -> dict[str, Check]:
    """How each column of a file is read."""
    if kind == "households":
        return {
            "household_no": identifier(40), "householder": text(80), "phone": phone, "community": text(80),
            "compound": text(120, needed=False), "address": text(200), "transformer": text(80), "feeder": text(80),
            "grid_no": identifier(40), "tags": tags, "balance": money, "months_owed": count, "ytd_kwh": count,
        }  # fmt: skip
    return {
        "staff_no": identifier(40), "name": text(80), "role": role, "phone": phone, "grid_nos": grids(known_grids),
        "telegram_id": identifier(40, False), "wecom": identifier(80, False), "dingtalk": identifier(80, False),
    }  # fmt: skip
