"""Numbers as people say them, to digits and back."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "幺": 1, "两": 2, "俩": 2}
_UNIT = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_SPOKEN = "零一二三四五六七八九"
_RUN = re.compile("[零一二三四五六七八九〇幺两十百千万廿]+")
#: words in which a numeral counts nothing
_NO_NUMBER = re.compile(
    "十字|一下|一样|一起|一直|一个人|一点|万一|一家|一片|一定|一闪|一般|统一|第一次|一栋楼|三合一|一推|百货|千万"
)

#: what recognisers write for 十 between other numerals: 三百一石九
_MISHEARD_TEN = re.compile("(?<=[零一二三四五六七八九两百])[石实时拾](?=[一二三四五六七八九号栋楼])")

#: one numeral as it is said: every unit once, in falling order, one digit before each
_SECTION = "(?:D千)?(?:零?D百)?(?:零?D?十)?(?:零?D)?".replace("D", "[一二三四五六七八九幺两]")
_WHOLE = re.compile(f"(?:{_SECTION}万)?{_SECTION}")
#: what is said digit by digit and may have lost one: 幺七号, 零六号 (17 is 十七, 6 is 六)
_CUT = re.compile("[零〇].*|[一二三四五六七八九〇幺两]{2}")


def chinese_to_int(run: str) -> int | None:
    """`三百五十六` → 356, `二百零六` → 206, `两百三` → 230; None for a bare digit string."""
    run = run.replace("廿", "二十").replace("〇", "零")
    if not any(c in _UNIT for c in run):
        return None
    total = section = digit = 0
    last_unit = 1
    for c in run:
        if c in _DIGIT:
            digit = _DIGIT[c]
            if c == "零":
                last_unit = 1
        else:
            unit = _UNIT[c]
            if unit == 10_000:
                total = (total + section + digit) * unit
                section = digit = 0
            else:
                section += (digit or (1 if unit == 10 and section == 0 or unit == 10 else 0)) * unit
                digit = 0
            last_unit = unit
    # 两百三 is 230: a last digit right after a unit above ten counts tens of that unit
    return total + section + (digit * last_unit // 10 if last_unit >= 100 else digit)


def _as_digits(run: str) -> str:
    if any(c in _UNIT for c in run) and not _WHOLE.fullmatch(run.replace("廿", "二十").replace("〇", "零")):
        return run
    value = chinese_to_int(run)
    return str(value) if value is not None else "".join(str(_DIGIT[c]) for c in run)


def normalise_numbers(text: str, *, wary: bool = False) -> str:
    """Every spoken number as ASCII digits: 沿河路三百五十六号 → 沿河路356号; 十字街 and 一下 stay.

    What is no numeral stays as it was heard (四八三十七, 百一十: something was lost or doubled); `wary`, so does what a
    recogniser may have cut short (幺七号, 零六号)."""
    text = unicodedata.normalize("NFKC", text)
    text = _MISHEARD_TEN.sub("十", text)
    kept = [match.span() for match in _NO_NUMBER.finditer(text)]

    def digits(match: re.Match[str]) -> str:
        if any(match.start() < end and start < match.end() for start, end in kept):
            return match.group()
        if wary and _CUT.fullmatch(match.group()):
            return match.group()
        return _as_digits(match.group())

    return _RUN.sub(digits, text)


def speak_number(number: int) -> str:
    """206 → 二百零六; negative numbers with 负. Up to 99,999,999."""
    if number < 0:
        return "负" + speak_number(-number)
    if number >= 10_000:
        high, low = divmod(number, 10_000)
        between = "零" if 0 < low < 1000 else ""
        return speak_number(high) + "万" + (between + _under_ten_thousand(low) if low else "")
    spoken = _under_ten_thousand(number) or "零"
    return spoken.removeprefix("一") if 10 <= number <= 19 else spoken


def _under_ten_thousand(number: int) -> str:
    parts, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            parts += ("零" if gap and parts else "") + _SPOKEN[digit] + name
            gap = False
        else:
            gap = True
    return parts


def speak_digits(digits: str) -> str:
    """13907 → 幺三九零七, as telephone numbers are read."""
    return "".join("幺" if c == "1" else _SPOKEN[int(c)] if c.isdecimal() else c for c in digits)


def speak_money(amount: Decimal) -> str:
    """86.20 → 八十六块两角; 0.558 → 五角五分八; 3 → 三块."""
    amount = Decimal(amount)
    fine = (amount * 1000).quantize(Decimal(1), ROUND_HALF_UP)
    yuan, rest = divmod(int(fine), 1000)
    jiao, rest = divmod(rest, 100)
    fen, li = divmod(rest, 10)
    spoken = speak_number(yuan) + "块" if yuan or not (jiao or fen or li) else ""
    if jiao or (spoken and (fen or li)):
        spoken += "零" if not jiao else ("两" if jiao == 2 else _SPOKEN[jiao]) + "角"
    if fen:
        spoken += _SPOKEN[fen] + "分"
    if li:
        spoken += ("零" if not fen and spoken else "") + _SPOKEN[li] + ("" if fen else "厘")
    return spoken


def speak_date(day: dt.date) -> str:
    """2026-04-20 → 四月二十号."""
    return f"{speak_number(day.month)}月{speak_number(day.day)}号"
