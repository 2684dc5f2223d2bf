"""Reading what anybody may send: secrets, numbers and JSON, without a way to break whoever reads them."""

from __future__ import annotations

import hmac
import json
import math
import unicodedata
from typing import Any

from bot.foundation.errors import Refused

#: digits of a number that somebody sends: telephone numbers, times, ids
DIGITS = 18
#: how deep lists and objects of a body may lie in each other
DEPTH = 32
_UNSEEN = ("Cc", "Cs")
#: Unicode's explicit directional characters (UAX #9)
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Unreadable(Refused):
    """A body that cannot be taken; `reason` is one word for the counter, never what was in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"what was sent cannot be read: {reason}")
        self.reason = reason


def same(given: str | bytes, expected: str | bytes) -> bool:
    """Whether a secret fits, in constant time, whatever characters were sent."""
    return hmac.compare_digest(_bytes(given), _bytes(expected))


def typed(text: str) -> str:
    """Text without what nobody types and screens cannot show: control characters but tab and new line (PostgreSQL takes
    no NUL), signs that turn the direction of writing, halves of characters."""
    return "".join(
        one for one in text if one in "\n\t" or unicodedata.category(one) not in _UNSEEN and one not in _TURNS
    )


def number(text: str, digits: int = DIGITS) -> int | None:
    """A whole number written in at most so many plain digits; None for everything else ("²", "１", 5,000 digits)."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def json_of(body: bytes, most: int) -> Any:
    """The value of a JSON body of at most `most` bytes. Raises Unreadable."""
    if len(body) > most:
        raise Unreadable("size")
    try:
        value = json.loads(body.decode("utf-8"), parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except UnicodeDecodeError:
        raise Unreadable("encoding") from None
    except RecursionError:
        raise Unreadable("depth") from None
    except ValueError:
        raise Unreadable("json") from None
    if _deeper(value, DEPTH):
        raise Unreadable("depth")
    return value


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def _whole(digits: str) -> int:
    found = number(digits.removeprefix("-"))
    if found is None:
        raise Unreadable("number")
    return -found if digits.startswith("-") else found


def _finite(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise Unreadable("number")
    return found


def _deeper(value: Any, depth: int) -> bool:
    """Level by level, so that the look itself needs no depth."""
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True
