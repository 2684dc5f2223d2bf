"""What a speaker takes back: 不是停电,是空开烧了 is about the breaker, for whatever decides the intent."""

from __future__ import annotations

import re

#: 不是X,是Y: X is short, and Y begins a clause of its own
_TAKEN_BACK = re.compile(
    r"(?:[讲说报]错了?[,。,、!! ]*)*(?<![是要])不是(?P<not>[^,。,;;!!??是]{1,12})[,。,;; ]+(?:而|我|倒|那|就|这|,)?是(?P<is>.{2,})"
)
_MISSPOKEN = re.compile(r"^.{1,16}?[,。, ](?:哦|啊|哎呀?|不|等下)?[,。, ]?(?:我)?[讲说]错了[,。,! ]+(?P<is>.{3,})$")


def corrected(text: str) -> str:
    """`corrected("不是停电,是空开烧了") == "空开烧了"`; a sentence that takes nothing back stays as it is."""
    if match := _TAKEN_BACK.search(text):
        return text[: match.start()] + match["is"]
    if match := _MISSPOKEN.match(text):
        return match["is"]
    return text
