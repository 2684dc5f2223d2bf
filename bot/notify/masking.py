"""Masking: names, numbers and doors leave a sentence; what happened, and at which landmark, stays."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.foundation.words import load

DATA = Path(__file__).with_name("masking.yml")
_HAN = r"[\u4e00-\u9fff]"


def _any(words: Iterable[str]) -> str:
    """An alternation, longest first, so that 号楼 wins over 号."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@dataclass(frozen=True)
class _Rules:
    dashed: re.Pattern[str]
    house: re.Pattern[str]
    number: re.Pattern[str]
    name: re.Pattern[str]
    public: frozenset[str]
    tokens: dict[str, str]
    repeated: re.Pattern[str]
    surname: re.Pattern[str]


@dataclass(frozen=True)
class _Words:
    """masking.yml."""

    tokens: dict[str, str]
    public_numbers: frozenset[str]
    units: tuple[str, ...]
    digits: str
    places: str
    house_words: tuple[str, ...]
    not_doors: tuple[str, ...]
    street_words: tuple[str, ...]
    name_cues: tuple[str, ...]
    titles: tuple[str, ...]
    not_in_names: str
    compound_surnames: tuple[str, ...]
    surnames: str


@functools.cache
def _rules() -> _Rules:
    data = load(_Words, DATA)
    tokens = data.tokens
    digit = f"[{data.digits}]"
    counted = f"[{data.digits}{data.places}]"
    unit = f"(?:{_any(data.units)})"
    door = f"(?:{_any(data.house_words)})"
    before = rf"(?<![月{data.digits}{data.places}])(?!两{door})"
    after = rf"(?!{_any(data.not_doors)})"
    streets = "|".join(f"(?<={word})" for word in data.street_words)
    houses = [
        # a door, also "A栋"; 两栋 is a count, 四月二十号 a date, 三号杆 a pole
        rf"{before}(?:{counted}+|[A-Za-z甲乙丙丁])\s*{door}{after}",
        # 沿河路86
        rf"(?:{streets})\s*[0-9]{{1,3}}(?!\d|\s*{unit})",
        # 二零六, 502: too short for a telephone, long enough for a door
        rf"(?<!{digit}){digit}{{3}}(?!{digit}|{counted}|\s*{unit})",
    ]
    surname = f"(?:{_any(data.compound_surnames)}|[{data.surnames}])"
    given = f"(?:(?![{data.not_in_names}]){_HAN}){{0,2}}"
    names = [
        rf"(?P<cue>{_any(data.name_cues)})\s*[::]?\s*{surname}{given}",
        rf"{surname}{given}(?={_any(data.titles)})",
        rf"(?<=我是){surname}{given}(?=[,。,.!!\s]|$)",
        rf"(?<=[老小]){surname}(?=[家屋他她,。,.\s]|$)",
    ]
    return _Rules(
        # 6-502, 6-1-502; the parts of a telephone number are longer
        dashed=re.compile(r"(?<![\d-])\d{1,3}(?:[-—－]\d{1,4}){1,3}(?![\d-])"),
        house=re.compile("|".join(f"(?:{pattern})" for pattern in houses)),
        # an account number may carry letters; a ticket's own number (GD…) is no secret
        number=re.compile(rf"(?<![A-Za-z0-9])(?!GD\d)[A-Za-z]{{0,3}}{digit}(?:[\s-]?{digit}){{3,}}(?![A-Za-z]|{unit})"),
        name=re.compile("|".join(f"(?:{pattern})" for pattern in names)),
        public=data.public_numbers,
        tokens=tokens,
        repeated=re.compile(rf"({re.escape(tokens['house'])}\s*){{2,}}"),
        surname=re.compile(rf"({surname}){_HAN}{{1,2}}"),
    )


def surname(name: str) -> str:
    """The surname of a person's full name; empty for what is no name."""
    found = _rules().surname.fullmatch(name)
    return found.group(1) if found else ""


def mask(words: str, known: Iterable[str] = ()) -> str:
    """`words` without names, telephone and account numbers, and doors.

    `known` are names and numbers of the case itself (householder, reporter, account): they go wherever they stand."""
    rules = _rules()
    for secret in sorted({one.strip() for one in known if len(one.strip()) > 1}, key=len, reverse=True):
        words = words.replace(secret, rules.tokens["number" if secret[-1].isdigit() else "name"])

    def hide(kind: str, match: re.Match[str]) -> str:
        found = match.group()
        if found in rules.public:
            return found
        return (match.groupdict().get("cue") or "") + rules.tokens[kind]

    words = rules.dashed.sub(lambda match: hide("house", match), words)
    words = rules.number.sub(lambda match: hide("number", match), words)
    words = rules.house.sub(lambda match: hide("house", match), words)
    words = rules.name.sub(lambda match: hide("name", match), words)
    return rules.repeated.sub(rules.tokens["house"], words)
