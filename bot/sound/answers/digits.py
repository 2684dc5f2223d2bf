"""Numbers that are spelled in a sentence: 户号, telephone numbers, report numbers, in whatever way they are said or typed.

A symbol among digits that is none is the digit that it sounds like: 要三九零七 is 13907."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from bot.foundation.phone_numbers import number_in, phone_digits
from bot.foundation.widths import narrow
from bot.foundation.words import load
from bot.sound.channel import Channel
from bot.sound.heard import Characters, Heard
from bot.sound.numbers import NUMERALS, digits
from bot.sound.site import channel as site_channel


class Kind(enum.StrEnum):
    """What a spelled number is of."""

    phone = "phone"
    account = "household_no"
    ticket = "ticket_no"
    other = "digits"


@dataclass(frozen=True)
class Spelled:
    """A number as digits, and where it stands in the text as it came."""

    kind: Kind
    value: str
    start: int
    end: int


@dataclass(frozen=True)
class _File:
    """digits.yml."""

    account: tuple[str, ...]
    account_digits: tuple[int, int]
    ticket: str
    no_digit: str


@cache
def _file() -> _File:
    return load(_File, Path(__file__).with_name("digits.yml"))


_SIGN = f"[0-9{''.join(sorted(NUMERALS))}]"
_URI = re.compile(r"(?:tel|sips?):[^\s,，。]+", re.IGNORECASE)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{9,11}|[2-8]\d{6,7}")
#: a symbol that stands for a digit must tell this much for it (nats), between two that are digits as they stand
_SOUNDS = 2.5
_FEWEST = 3
_SEVERAL = re.compile(f"{_SIGN}{{2}}")
#: a mobile number without the 1 that it begins with
_WITHOUT_ONE = re.compile(f"(?<!{_SIGN})(?![12幺一两二])({_SIGN}){{10}}(?!{_SIGN})")


@cache
def _run() -> re.Pattern[str]:
    ticket = _file().ticket
    marks = r"[\s.()\u2010-\u2015-]"
    return re.compile(rf"(?:{ticket}|\+)?\(?{_SIGN}(?:{marks}*(?:{_SIGN}个?)){{2,24}}", re.IGNORECASE)


def spelled(text: str) -> list[Spelled]:
    """Every number of three digits and more that is spelled in a text, as what it most likely is of."""
    text = mended(narrow(text))
    found = [_uri(match) for match in _URI.finditer(text)]
    taken = [(one.start, one.end) for one in found if one is not None]
    runs = [
        match for match in _run().finditer(text) if not any(match.start() < e and s < match.end() for s, e in taken)
    ]
    return sorted(
        [*filter(None, found), *filter(None, (_of(text, match) for match in runs))], key=lambda one: one.start
    )


def _uri(match: re.Match[str]) -> Spelled | None:
    number = phone_digits(number_in(match.group()))
    return Spelled(Kind.phone, number, match.start(), match.end()) if number else None


def _of(text: str, match: re.Match[str]) -> Spelled | None:
    run, file = match.group(), _file()
    number = digits(run)
    if len(number) < _FEWEST:
        return None
    said = text[max(0, match.start() - 12) : match.start()]
    least, most = file.account_digits
    account = any(word in said for word in file.account)
    if run[: len(file.ticket)].upper() == file.ticket:
        return Spelled(Kind.ticket, file.ticket + number, match.start(), match.end())
    phone = phone_digits(("+" if run.startswith("+") else "") + number)
    if not account and (_MOBILE.fullmatch(phone) or run.startswith("+")):
        return Spelled(Kind.phone, phone, match.start(), match.end())
    if account and len(number) >= least:
        return Spelled(Kind.account, number, match.start(), match.end())
    # an account looks like a landline that has lost its 0
    if _LANDLINE.fullmatch(phone) and (number.startswith("0") or not 9 <= len(number) <= 11):
        return Spelled(Kind.phone, phone, match.start(), match.end())
    if 9 <= len(number) <= most:
        return Spelled(Kind.account, number, match.start(), match.end())
    return Spelled(Kind.other, number, match.start(), match.end())


@cache
def _digit_characters() -> tuple[Characters, list[str]]:
    signs = list(NUMERALS)
    return Characters(signs), [str(NUMERALS[one]) for one in signs]


def mended(text: str, channel: Channel | None = None) -> str:
    """A text in which what sounds like a digit between digits is one: 幺三九铃七 → 幺三九0七. Every character keeps its place."""
    if not _SEVERAL.search(text):
        return text
    heard = Heard(text)
    if heard.text != text:
        return text
    characters, values = _digit_characters()
    gains = heard.emissions(characters, channel or site_channel())
    best = gains.argmax(0)
    shown = list(text)
    for place in _between_digits(heard):
        if gains[best[place], place] >= _SOUNDS and heard.symbols[place] not in _file().no_digit:
            shown[int(heard.at[place])] = values[int(best[place])]
    return "".join(shown)


def _between_digits(heard: Heard) -> Iterator[int]:
    """Symbols that are none of the digits but have them on both sides, at least three in all; and what stands for the 1 of
    a mobile number."""
    plainly = np.array([one in NUMERALS or one.isdigit() for one in heard.symbols])
    for place in range(1, heard.n - 1):
        near = plainly[max(0, place - 3) : place + 4]
        if not plainly[place] and plainly[place - 1] and plainly[place + 1] and near.sum() >= _FEWEST:
            yield place
    for run in _WITHOUT_ONE.finditer(heard.symbols):
        if run.start() and not plainly[run.start() - 1]:
            yield run.start() - 1
