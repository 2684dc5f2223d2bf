"""Masking: names, numbers and doors leave a sentence; what happened, and at which landmark, stays."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.foundation.widths import HAN, both, narrow, seen
from bot.foundation.words import load

DATA = Path(__file__).with_name("masking.yml")
_HAN = f"[{HAN}]"
#: inside 阿依古丽·买买提: the mark has many shapes
_DOTS = "·・•‧∙⋅．･"
_DOT = rf"\s*[{_DOTS}]\s*"
#: what ends a word: any mark, in every width, but what is masked already
_END = rf"[^\w〔{_DOTS}]|[_0-9A-Za-z]|$"
#: between the digits of one number
_BETWEEN = rf"[\s{both(',.·、/')}\-－—–]?"


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
    said_names: tuple[str, ...]
    not_before_said: str
    no_first: str
    i_am: tuple[str, ...]
    particles: str
    labels: tuple[str, ...]
    titles: tuple[str, ...]
    not_in_names: str
    called: str
    behind_called: str
    compound_surnames: tuple[str, ...]
    surnames: str
    expected_surnames: str
    given: str
    no_names: tuple[str, ...]
    no_part: str
    not_after: str
    place_words: tuple[str, ...]


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
    numbers = [
        # so long that no unit makes it an amount; an identity number ends with an X
        rf"(?<![A-Za-z0-9])(?!GD\d)[A-Za-z]{{0,3}}{digit}(?:{_BETWEEN}{digit}){{6,}}[Xx]?",
        # an account number may carry letters; a ticket's own number (GD…) is no secret
        rf"(?<![A-Za-z0-9])(?!GD\d)[A-Za-z]{{0,3}}{digit}(?:[\s-]?{digit}){{3,}}(?![A-Za-z]|{unit})",
    ]
    return _Rules(
        # 6-502, 6-1-502; the parts of a telephone number are longer
        dashed=re.compile(r"(?<![\d-])\d{1,3}(?:[-—－]\d{1,4}){1,3}(?![\d-])"),
        house=re.compile("|".join(f"(?:{pattern})" for pattern in houses)),
        number=re.compile("|".join(f"(?:{pattern})" for pattern in numbers)),
        name=re.compile("|".join(f"(?:{pattern})" for pattern in _names(data))),
        public=data.public_numbers,
        tokens=tokens,
        repeated=re.compile(rf"({re.escape(tokens['house'])}\s*){{2,}}"),
        surname=re.compile(rf"({_surnames(data, data.expected_surnames)}){_HAN}{{1,2}}"),
    )


def _surnames(data: _Words, more: str = "") -> str:
    return f"(?:{_any(data.compound_surnames)}|[{data.surnames}{more}])"


def _names(data: _Words) -> Iterator[str]:
    """Ways in which a name shows itself; the first that fits."""
    surname = _surnames(data)
    given = f"(?:(?![{data.not_in_names}]){_HAN}){{0,2}}"
    no_place = rf"(?!{_HAN}?(?:{_any(data.place_words)}))"
    no_word = rf"(?!{_any(data.no_names)})"
    usual = f"[{data.given}]"
    expected = rf"{no_word}{_surnames(data, data.expected_surnames)}{given}"
    colon = f"[{both(':')}]"
    part = f"(?:(?![{data.no_part}]){_HAN}){{1,8}}"
    # with a middle dot: 阿依古丽·买买提
    yield rf"{part}(?:{_DOT}{part})+"
    any_name = rf"{part}(?:{_DOT}{part})*"
    yield rf"(?P<label>{_any(data.labels)})\s*{colon}\s*(?:{any_name}(?={_END})|{expected})"
    said = rf"(?<![{data.not_before_said}])(?P<said>{_any(data.said_names)})"
    yield rf"{said}\s*{colon}?\s*(?![{data.no_first}]){any_name}(?={_END})"
    yield rf"(?P<cue>{_any((*data.name_cues, *data.said_names))})\s*{colon}?\s*{expected}"
    titles = _any(data.titles)
    yield rf"(?<![{data.not_after}]){no_word}(?P<surname>{surname})(?={titles})"
    yield rf"(?<![{data.not_after}]){no_word}{surname}{given}(?={titles})"
    i_am = "|".join(f"(?<={word})" for word in data.i_am)
    yield rf"(?:{i_am}){expected}(?=[{data.particles}]?(?:{_END}))"
    yield rf"(?<=[{data.called}])(?P<called>{surname})(?=[{data.behind_called}]|{_END})"
    # without a cue: a surname of two characters is hardly ever anything else
    compound = rf"{no_word}(?:{_any(data.compound_surnames)})(?!{_HAN}{{0,2}}(?:{_any(data.place_words)}))"
    yield rf"{compound}(?:(?![{data.no_part}]){_HAN}){{1,3}}?(?=[家屋隔的住他她在说讲打停没]|{_END})"
    yield rf"{compound}(?:(?![{data.no_part}]){_HAN}){{1,2}}"
    # a surname and what people are called by; whose house, telephone or neighbour it is
    yield rf"{no_word}[{data.surnames}]{usual}{{2}}{no_place}"
    yield rf"{no_word}[{data.surnames}]{usual}(?=家|屋里|隔壁|的?电话|的?手机|{_END})"
    yield rf"{no_word}[{data.surnames}]{given}(?=家(?:里|隔壁|屋|门口|的|停|没|{_END})|屋里|隔壁|的?电话|的?手机)"


def surname(name: str) -> str:
    """The surname of a person's full name; empty for what is no name."""
    found = _rules().surname.fullmatch(name)
    return found.group(1) if found else ""


def mask(words: str, known: Iterable[str] = ()) -> str:
    """`words` without names, telephone and account numbers, and doors.

    `known` are names and numbers of the case itself (householder, reporter, account), or of the registry: they go
    wherever they stand. Digits and letters of full width come out plain."""
    rules = _rules()
    words = narrow(seen(words))
    for secret in sorted({narrow(one.strip()) for one in known if len(one.strip()) > 1}, key=len, reverse=True):
        words = words.replace(secret, rules.tokens["number" if secret[-1].isdecimal() else "name"])

    def hide(kind: str, match: re.Match[str]) -> str:
        found = match.group()
        if found in rules.public:
            return found
        if found in (match.groupdict().get("surname"), match.groupdict().get("called")):
            return rules.tokens["surname"]
        return next(filter(None, match.groupdict().values()), "") + rules.tokens[kind]

    words = rules.dashed.sub(lambda match: hide("house", match), words)
    words = rules.number.sub(lambda match: hide("number", match), words)
    words = rules.house.sub(lambda match: hide("house", match), words)
    words = rules.name.sub(lambda match: hide("name", match), words)
    return rules.repeated.sub(rules.tokens["house"], words)
