"""How a written sentence is read aloud: numbers as people say them, then toned pinyin for the voice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from pypinyin import Style, lazy_pinyin, load_phrases_dict, load_single_dict

from bot.foundation.widths import both, plain
from bot.foundation.words import load
from bot.sound import numbers

# Fullwidth punctuation is folded to its ASCII twin first (NFKC), so that there is one of each.
_SENTENCE = re.compile(rf"[^{both('。!?;')}\n]*[{both('。!?;')}\n]+[{both('”』」)')}\"]*|[^{both('。!?;')}\n]+")
#: so many digits with hyphens are no door
_TELEPHONE = 9
#: punctuation -> what espeak understands: a short or a long pause
_PAUSES = {
    ",": ",",
    "、": ",",
    ":": ",",
    "—": ",",
    "·": ",",
    "。": ".",
    ".": ".",
    ";": ".",
    "!": "!",
    "?": "?",
}


@dataclass(frozen=True)
class _Reading:
    """reading.yml."""

    two_of: str
    minus: str
    point: str
    percent: str
    hour: str
    minute: str
    whole_hour: str
    year: str
    month: str
    day: str
    counted: tuple[str, ...]
    ordinal: str
    to: str
    dash: str
    short_numbers: frozenset[str]
    spelled_after: tuple[str, ...]
    spelled_before: tuple[str, ...]
    amounts: tuple[str, ...]
    doors: tuple[str, ...]
    symbols: dict[str, str]
    letters: dict[str, str]
    pinyin: dict[str, str]


@cache
def _words() -> _Reading:
    values = load(_Reading, Path(__file__).with_name("reading.yml"))
    for word, reading in values.pinyin.items():
        syllables = reading.split()
        if len(word) == 1:
            load_single_dict({ord(word): syllables[0]}, style="tone2")
        else:
            load_phrases_dict({word: [[each] for each in syllables]}, style="tone2")
    return values


def sentences(text: str) -> list[str]:
    """Cut at the ends of sentences, so that the first can be spoken while the next is made."""
    cut = [part.strip() for part in _SENTENCE.findall(plain(text))]
    return [part for part in cut if part]


def spoken(text: str) -> str:
    """Digits become the words that people say: 139… 幺三九…, 206号 二百零六号, 86.20元 八十六块两角."""
    words = _words()
    text = plain(text)
    for symbol, word in words.symbols.items():
        if symbol != "%":
            text = text.replace(symbol, word)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = re.sub(r"(\d{4})-(\d{1,2})-(\d{1,2})", _date, text)
    text = _ranges().sub(words.to, text)
    text = re.sub(r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)", _time, text)
    text = re.sub(r"(?<!\d)(\d{4})(?=年)", lambda m: numbers.one_by_one(m.group(1)), text)
    text = re.sub(r"(?<!\d)(-?\d+(?:\.\d+)?)\s*%", lambda m: words.percent + number(m.group(1)), text)
    text = re.sub(r"¥\s*(-?\d+(?:\.\d+)?)", lambda m: numbers.money(Decimal(m.group(1))), text)
    text = re.sub(
        r"(?<![\d.])(-?\d+(?:\.\d{1,2})?)\s*(?:元|块钱|块)(?!\d)", lambda m: numbers.money(Decimal(m.group(1))), text
    )
    return re.sub(r"(?<![\d.])(-?)(\d+(?:[-—]\d+)*(?:\.\d+)?)(.?)", _plain, text)


@cache
def _ranges() -> re.Pattern[str]:
    """What stands between the ends of a range: ~ always; a hyphen between times, behind a unit, before a count."""
    words = _words()
    units = "|".join((*words.counted, *words.amounts, "%"))
    behind = "|".join(f"(?<={each})" for each in units.split("|"))
    return re.compile(
        rf"(?<=[\d%])\s*[~〜]\s*(?=\d)|(?<=:\d\d)\s*[-–—]+\s*(?=\d?\d:\d)|(?:{behind})\s*[-–—~〜]+\s*(?=\d)"
        rf"|(?<=\d)[-–—]+(?=\d{{1,4}}\s*(?:{units}))"
    )


def _date(found: re.Match[str]) -> str:
    words = _words()
    year, month, day = found.groups()
    return f"{numbers.one_by_one(year)}{words.year}{number(month)}{words.month}{number(day)}{words.day}"


def _time(found: re.Match[str]) -> str:
    words = _words()
    hour, minute = int(found.group(1)), int(found.group(2))
    spoken_hour = words.two_of if hour == 2 else number(str(hour))
    if minute == 0:
        return f"{spoken_hour}{words.hour}{words.whole_hour}"
    zero = numbers.digit_sign("0") if minute < 10 else ""
    return f"{spoken_hour}{words.hour}{zero}{number(str(minute))}{words.minute}"


def _plain(found: re.Match[str]) -> str:
    words = _words()
    sign, value, after = found.groups()
    before = found.string[: found.start()]
    rest = after + found.string[found.end() :]
    parts = re.split("[-—]", value)
    counts = rest.removeprefix(words.to).lstrip("0123456789.") if rest.startswith(words.to) else rest
    amount = counts.startswith((*words.amounts, *words.doors, *words.counted))
    if len(parts) > 1 and sum(map(len, parts)) < _TELEPHONE:
        return words.dash.join(_door(part, rest) for part in parts) + after
    if len(parts) > 1 or not amount and (value in words.short_numbers or _is_spelled(value, before, rest)):
        return ("," if sign and before else "") + "、".join(_groups(part) for part in parts) + after
    counted = value == "2" and counts.startswith(words.counted) and not before.endswith(words.ordinal)
    said = words.two_of if counted else number(value)
    return (words.minus if sign and not before[-1:].isalnum() else "") + said + after


def _door(part: str, rest: str) -> str:
    """A part of 206-1号 or 6-1-502: a room is spelled."""
    return number(part) if len(part) < 3 or rest.startswith(_words().doors) else numbers.spelled(part)


def _is_spelled(value: str, before: str, rest: str) -> bool:
    words = _words()
    if "." in value:
        return False
    if len(value) >= 5 or value.startswith("00") or any(before.endswith(word) for word in words.spelled_after):
        return True
    return len(value) >= 3 and any(rest.startswith(word) for word in words.spelled_before)


def _groups(digits: str) -> str:
    """Eleven digits are read 3-4-4, seven 3-4, other long ones in fours, with a breath between: an old ear follows."""
    if len(digits) in (7, 11):
        cut = [digits[:3], *(digits[start : start + 4] for start in range(3, len(digits), 4))]
    elif len(digits) > 7:
        cut = [digits[start : start + 4] for start in range(0, len(digits), 4)]
    else:
        cut = [digits]
    return "、".join(numbers.spelled(part) for part in cut)


def number(value: str) -> str:
    """Digits -> Chinese words ("206" 二百零六, "1.5" 一点五)."""
    words = _words()
    sign = words.minus if value.startswith("-") else ""
    whole, _, part = value.lstrip("-").partition(".")
    said = numbers.spoken(int(whole or "0")) if len(whole) <= 8 else numbers.one_by_one(whole)
    return sign + said + (words.point + numbers.one_by_one(part) if part else "")


def letters(char: str) -> list[str]:
    """The toned syllables by which a Latin letter is called; none for another character."""
    return _words().letters[char.upper()].split() if char.isascii() and char.isalpha() else []


def pinyin(text: str) -> str:
    """A sentence -> toned syllables with pauses, as every voice takes them."""
    _words()
    out: list[str] = []

    def other(chars: str) -> list[str]:
        said: list[str] = []
        for char in chars:
            if char in _PAUSES:
                said.append(_PAUSES[char])
            else:
                said.extend(letters(char))
        return said

    # `errors` may return a list of syllables, which pypinyin's annotation does not say.
    syllables = lazy_pinyin(
        spoken(text),
        style=Style.TONE3,
        neutral_tone_with_five=True,
        tone_sandhi=True,
        errors=other,  # type: ignore[arg-type]
    )
    for piece in syllables:
        if piece in ",.!?":
            if out and out[-1][-1] not in ",.!?":
                out[-1] += piece
        else:
            out.append(piece)
    return " ".join(out)
