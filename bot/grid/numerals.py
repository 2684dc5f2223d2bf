"""Numbers in what was said of a place, as digits; a number that may have been cut short stays as it was heard."""

from __future__ import annotations

import re

from bot.sound.numbers import NUMERALS, in_digits

_DIGIT = "".join(NUMERALS)
#: what may have lost a digit: 幺七号, 零六号 (17 is 十七, 6 is 六), 百一十号
_CUT = re.compile(
    f"(?<![{_DIGIT}十百千万])(?:[零〇][{_DIGIT}]*|[{_DIGIT}]{{2}}|[百千][{_DIGIT}十百千]*)(?![{_DIGIT}十百千万])"
)


def normalise_numbers(text: str, *, wary: bool = False) -> str:
    """Every spoken number as ASCII digits; `wary`, what a recogniser may have cut short stays (幺七号, 零六号)."""
    if not wary:
        return in_digits(text)
    parts, last = [], 0
    for cut in _CUT.finditer(text):
        parts += [in_digits(text[last : cut.start()]), cut.group()]
        last = cut.end()
    return "".join([*parts, in_digits(text[last:])])
