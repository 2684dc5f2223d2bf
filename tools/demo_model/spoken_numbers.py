"""Digits in a text as they are spoken: house numbers as numbers, long strings digit by digit with 幺 for
one."""

import random
import re

from bot.sound import numbers
from bot.sound.numbers import SIGNS

NUMBER_CHARACTERS = SIGNS - {"〇"} | {"点"}
_READ_AS_NUMBER = 4
"""Strings of at least this many digits are read digit by digit."""


def spoken_number(value: int) -> str:
    """0..9999 as read aloud: 206 -> 二百零六, 12 -> 十二, 110 -> 一百一十."""
    if not 0 <= value <= 9999:
        raise ValueError(f"{value} is outside 0..9999")
    return numbers.spoken(value)


def spoken_digits(digits: str, *, telephone: bool = True) -> str:
    """Digit by digit; `telephone` says 幺 for 1."""
    return numbers.spelled(digits) if telephone else numbers.one_by_one(digits)


def without_digits(text: str) -> str:
    """Replaces every run of ASCII digits by its spoken form."""

    def spoken(match: re.Match[str]) -> str:
        whole, fraction = match.group(1), match.group(2)
        if len(whole) >= _READ_AS_NUMBER or (whole.startswith("0") and len(whole) > 1):
            read = spoken_digits(whole)
        else:
            read = spoken_number(int(whole))
        return read + ("点" + spoken_digits(fraction, telephone=False) if fraction else "")

    return re.sub(r"([0-9]+)(?:\.([0-9]+))?", spoken, text)


def drawn_number(draw: random.Random, highest: int) -> str:
    """A random number up to `highest`, in one of the ways people read it: 二百零六, 二零六, 两百零六."""
    value = draw.randint(1, highest)
    if value >= 100 and draw.random() < 0.3:
        return spoken_digits(str(value), telephone=draw.random() < 0.5)
    text = spoken_number(value)
    return text.replace("二百", "两百") if draw.random() < 0.2 else text
