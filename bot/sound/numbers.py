"""Numbers as people say them, both ways: every way a number is said, and what was said to digits."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from bot.foundation.words import load


@dataclass(frozen=True)
class _Numerals:
    """numbers.yml."""

    digits: str
    also: dict[str, str]
    units: dict[str, int]
    written: dict[str, str]
    tens: dict[str, str]
    radio: dict[str, str]
    spelled_one: str
    two_of: str
    half: str
    point: str
    minus: str
    yuan: str
    jiao: str
    fen: str
    li: str
    month: str
    day: str
    repeated: str
    between: str
    pairs: tuple[str, ...]
    some: str
    about_one: str
    no_number: tuple[str, ...]
    misheard_ten: str


_WORDS = load(_Numerals, Path(__file__).with_name("numbers.yml"))
_SPOKEN = _WORDS.digits
_TEN, _HUNDRED, _THOUSAND, _MYRIAD = _WORDS.units
#: each sign of a digit as it is said; ASCII digits are none of these
NUMERALS = {one: value for value, one in enumerate(_SPOKEN)} | {
    one: _SPOKEN.index(same) for one, same in _WORDS.also.items()
}
HALF, SOME, ABOUT_ONE, BETWEEN = _WORDS.half, _WORDS.some, _WORDS.about_one, _WORDS.between
#: every sign that a spoken number is made of
SIGNS = frozenset(NUMERALS) | frozenset(_WORDS.units)
_ONE_SIGN = str.maketrans(_WORDS.written | _WORDS.tens)
_DIGIT = str.maketrans({one: str(value) for one, value in NUMERALS.items()})
_DASHES = re.compile("[‐‑‒–—―−﹣~～]+")
_LETTER_O = re.compile(f"(?<=[0-9{''.join(NUMERALS)}])[Oo](?=[0-9{''.join(NUMERALS)}])")
_RADIO = re.compile(f"(?<=[0-9{''.join(NUMERALS)}])[{''.join(_WORDS.radio)}](?=[0-9{''.join(NUMERALS)}])")
_EACH = f"0-9{''.join(SIGNS)}{''.join(_WORDS.written)}{''.join(_WORDS.tens)}"
#: numerals of cheques beside others only: 陆 alone is a name
_CHEQUE = re.compile(f"[{_EACH}]{{2,}}|[{''.join(_WORDS.tens)}○俩兩萬]")
_NO_NUMBER = re.compile("|".join(_WORDS.no_number))
_MISHEARD_TEN = re.compile(_WORDS.misheard_ten)
_REPEATED = re.compile(f"([2-9]){_WORDS.repeated}([0-9])(?!{_WORDS.repeated})")

#: a number by its units, all digits ASCII: 1千8, 百8十, 2百06; what stands behind the last unit is `rest`
_SECTION = (
    f"(?:(?P<thousand>\\d?){_THOUSAND})?(?:0*(?P<hundred>\\d?){_HUNDRED})?(?:0*(?P<ten>\\d?){_TEN})?(?P<rest>\\d*)"
)
_BY_UNITS = re.compile(f"(?:(?P<high>.+?){_MYRIAD})?(?P<low>{_SECTION})")
#: a floor and a room: 十二零三
_FLOOR_ROOM = re.compile(f"(\\d?){_TEN}([1-9])(0[1-9])")
_ASCII_REST = re.compile(f"[{''.join(_WORDS.units)}][0-9]{{2,}}$")
_PAIR = re.compile(f"(|.*[{_TEN}{_HUNDRED}])([{''.join(NUMERALS)}])([{''.join(NUMERALS)}])([{_TEN}{_HUNDRED}]?)")
_RUN = re.compile(f"[0-9{''.join(SIGNS)}{''.join(_WORDS.written)}{''.join(_WORDS.tens)}]+")


@lru_cache(maxsize=4_000)
def plain(text: str) -> str:
    """A text with widths, dashes and numerals written one way: `２Ｏ６—1` → `206-1`, 贰零陆 → 二零六, 卅六 → 三十六."""
    text = _DASHES.sub("-", unicodedata.normalize("NFKC", text))
    text = _CHEQUE.sub(lambda found: found.group().translate(_ONE_SIGN), text)
    text = _LETTER_O.sub("0", text)
    return _RADIO.sub(lambda found: _WORDS.radio[found.group()], text)


# -- what was said, to digits -----------------------------------------------------------------------------------------
def value(run: str) -> int | None:
    """The number that a run of numerals is, whichever way it is said; None for what is no number (四八三十七, 百).

    三百五十六, 三五六 and 3百56 are 356; 两百三 is 230, 一千八 1800, 百八十 180, 卅六 36, 贰零陆, 二○六, 2O6 and ２０６ are 206."""
    found = _written(run)
    return int(found) if found else None


def _written(run: str) -> str:
    """The same as the digits that are written, `零六` → "06"; "" for what is no number."""
    run = plain(run).strip()
    # 3千500 is 3,500; 三千五零零 is nothing, and 一百七八 is about as much
    whole, run = bool(_ASCII_REST.search(run)), run.translate(_DIGIT)
    if not run or not run.isascii():
        room = _FLOOR_ROOM.fullmatch(run)
        number = None if room else _by_units(run, whole)
        return "".join((room[1] or "1", room[2], room[3])) if room else "" if number is None else str(number)
    return run if run.isdecimal() else ""


def _by_units(run: str, whole: bool = False) -> int | None:
    """`whole`: the digits behind the last unit may be all that are below it, 2百36."""
    match = _BY_UNITS.fullmatch(run)
    if match is None or not run or len(run) == 1 and run != _TEN:
        return None
    high = 0
    if match["high"]:
        found = int(match["high"]) if match["high"].isdecimal() else _by_units(match["high"])
        if found is None:
            return None
        high = found * 10_000
    units = [(1000, match["thousand"]), (100, match["hundred"]), (10, match["ten"])]
    said = [(unit, int(count or 1)) for unit, count in units if count is not None]
    if any(count == 0 for _, count in said):
        return None
    last = said[-1][0] if said else 10_000
    rest = match["rest"]
    behind = rest.lstrip("0")
    if len(behind) > 1 and not (whole and len(rest) == len(str(last)) - 1) or len(rest) >= len(str(last)):
        return None
    if rest and not behind:
        return None
    # 两百三 is 230: one digit right behind a unit above ten counts tens of that unit
    counted = int(rest or 0) * (last // 10 if len(rest) == 1 else 1)
    return high + sum(unit * count for unit, count in said) + counted


def digits(run: str) -> str:
    """A number that is spelled, digit by digit: `幺三九 零` → "1390", 一三九三个零 → "139000"; all else is dropped."""
    run = _REPEATED.sub(lambda found: found[2] * int(found[1]), plain(run).translate(_DIGIT))
    return "".join(one for one in run if one.isascii() and one.isdigit())


def quantity(run: str) -> Decimal | None:
    """An amount, halves and decimals too: 半 → 0.5, 三点五 → 3.5, 两百三 → 230; None for what is none."""
    run = plain(run).strip()
    if run == _WORDS.half:
        return Decimal("0.5")
    whole, point, part = run.replace(_WORDS.point, ".").partition(".")
    behind = digits(part)
    found = value(whole) if whole else None
    if found is None or (point and len(behind) != len(part)):
        return None
    return Decimal(f"{found}.{behind}" if behind else found)


def about(run: str) -> tuple[Decimal, Decimal] | None:
    """How many a run says, at least and at most: 两三 and 2-3 are 2 to 3, 十七八 17 to 18, 十几 11 to 19, 半 is 0.5."""
    if run == ABOUT_ONE:
        return Decimal(1), Decimal(2)
    ends = re.split(BETWEEN, run)
    if len(ends) == 2:
        low, high = (about(one) for one in ends)
        return (low[0], high[1]) if low and high and low[0] <= high[1] else None
    if run.endswith(SOME):
        base = value(run[: -len(SOME)])
        return (Decimal(base + 1), Decimal(base + 9)) if base and base % 10 == 0 and base < 100 else None
    if pair := _PAIR.fullmatch(run):
        before, one, other, unit = pair.groups()
        if NUMERALS[one] and (NUMERALS[other] == NUMERALS[one] + 1 or one + other in _WORDS.pairs):
            least, most = (value(before + end + unit) for end in (one, other))
            return (Decimal(least), Decimal(most)) if least is not None and most is not None else None
    found = quantity(run)
    return (found, found) if found is not None else None


def in_digits(text: str) -> str:
    """Every spoken number of a text as ASCII digits: 沿河路三百五十六号 → 沿河路356号; 十字街, 百花路 and 一下 stay, and so
    does what is no numeral (四八三十七: something was lost or doubled)."""
    text = _MISHEARD_TEN.sub(_TEN, unicodedata.normalize("NFKC", text))
    kept = [match.span() for match in _NO_NUMBER.finditer(text)]

    def written(match: re.Match[str]) -> str:
        if any(match.start() < end and start < match.end() for start, end in kept):
            return match.group()
        # A single sign of those on cheques is a name: 陆师傅.
        return match.group() if match.group() in _WORDS.written else _written(match.group()) or match.group()

    return _RUN.sub(written, text)


# -- digits, to what is said ------------------------------------------------------------------------------------------
@lru_cache(maxsize=20_000)
def readings(number: int) -> tuple[str, ...]:
    """Every way a number from 0 to 9,999 is said, the usual one first: 206 → 二百零六, 两百零六, 二零六.

    Signs are Chinese; ASCII digits stand for the same ones in an alignment (bot/sound/heard.py). Larger numbers: as
    they are counted and as they are spelled."""
    usual = spoken(number)
    ways = [usual, _two(usual)]
    if 10 <= number <= 19:
        ways.append(_SPOKEN[1] + usual)
    if 100 <= number < 10_000:
        ways += [one.replace(_HUNDRED + _SPOKEN[1] + _TEN, _HUNDRED + _TEN) for one in ways]
        if usual.endswith((_HUNDRED, _TEN)) and usual.count(_SPOKEN[0]) == 0:
            short = usual[:-1] if len(usual) > 2 else usual  # 两百三, 一千八
            ways += [short, _two(short)]
        if 100 < number < 200 and number % 10 == 0:
            ways.append(usual.removeprefix(_SPOKEN[1]))  # 百八十
    if number >= 10:
        each = "".join(_SPOKEN[int(one)] for one in str(number))
        ways += [each, each.replace(_SPOKEN[1], _WORDS.spelled_one)]
    elif number == 1:
        ways.append(_WORDS.spelled_one)
    if 1_100 <= number < 10_000 and 0 < number % 100 < 10 and number // 100 % 10:
        ways.append(spoken(number // 100) + _SPOKEN[0] + _SPOKEN[number % 10])  # 十二零三
    return tuple(dict.fromkeys(ways))


def _two(said: str) -> str:
    """二百 as 两百; 二 alone as 两; 二十 and 十二 stay."""
    two = _SPOKEN[2]
    if said == two:
        return _WORDS.two_of
    return re.sub(f"{two}(?=[{_HUNDRED}{_THOUSAND}{_MYRIAD}])", _WORDS.two_of, said)


def spoken(number: int) -> str:
    """206 → 二百零六; negative numbers with 负. Up to 99,999,999."""
    if number < 0:
        return _WORDS.minus + spoken(-number)
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        between = _SPOKEN[0] if 0 < low < 1000 else ""
        return spoken(high) + _MYRIAD + (between + _under_ten_thousand(low) if low else "")
    said = _under_ten_thousand(number) or _SPOKEN[0]
    return said.removeprefix(_SPOKEN[1]) if 10 <= number <= 19 else said


def _under_ten_thousand(number: int) -> str:
    """Digits with their units, one 零 for each gap between."""
    named = [(one, unit) for one, unit in zip(f"{number:04d}", (_THOUSAND, _HUNDRED, _TEN, ""), strict=True)]
    parts = ""
    for gap, group in groupby(named, key=lambda one: one[0] == "0"):
        if not gap:
            parts += "".join(_SPOKEN[int(one)] + unit for one, unit in group)
        elif parts:
            parts += _SPOKEN[0]
    return parts.rstrip(_SPOKEN[0])


def digit_sign(digit: str) -> str:
    """How one ASCII digit is said: 6 → 六."""
    return _SPOKEN[int(digit)]


def one_by_one(run: str) -> str:
    """2026 → 二零二六, as years are read; what is no digit stays."""
    return "".join(_SPOKEN[int(c)] if c.isdecimal() else c for c in run)


def spelled(run: str) -> str:
    """13907 → 幺三九零七, as telephone numbers are read; what is no digit stays."""
    return one_by_one(run).replace(_SPOKEN[1], _WORDS.spelled_one)


def money(amount: Decimal) -> str:
    """86.20 → 八十六块两角; 0.558 → 五角五分八; 3 → 三块."""
    fine = (Decimal(amount) * 1000).quantize(Decimal(1), ROUND_HALF_UP)
    if fine < 0:
        return _WORDS.minus + money(-amount)
    yuan, rest = divmod(int(fine), 1000)
    jiao, rest = divmod(rest, 100)
    fen, li = divmod(rest, 10)
    said = (_WORDS.two_of if yuan == 2 else spoken(yuan)) + _WORDS.yuan if yuan or not (jiao or fen or li) else ""
    if jiao or (said and (fen or li)):
        said += _SPOKEN[0] if not jiao else (_WORDS.two_of if jiao == 2 else _SPOKEN[jiao]) + _WORDS.jiao
    if fen:
        said += _SPOKEN[fen] + _WORDS.fen
    if li:
        said += (_SPOKEN[0] if not fen and said else "") + _SPOKEN[li] + ("" if fen else _WORDS.li)
    return said


def date(day: dt.date) -> str:
    """2026-04-20 → 四月二十号."""
    return f"{spoken(day.month)}{_WORDS.month}{spoken(day.day)}{_WORDS.day}"
