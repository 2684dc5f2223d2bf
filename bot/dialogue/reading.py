"""Text on its way into Rasa: what a keyboard or a recogniser may add is taken away."""

from __future__ import annotations

import re
import unicodedata

#: characters of one turn that are understood; the whole is kept with the utterance
UNDERSTOOD = 1_000

_SPACE_IN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_SOMETHING = re.compile(r"[\u3400-\u9fffA-Za-z0-9]")


def readable(text: str) -> str:
    """NFKC, without control characters, spaces between Chinese characters and a leading slash.

    A leading slash would be Rasa's own way to name an intent: no resident may do that."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    text = _SPACE_IN_CHINESE.sub("", " ".join(text.split()))
    return text.lstrip("/\\ ").strip()[:UNDERSTOOD]


def says_something(text: str) -> bool:
    """Whether there is a letter, digit or Chinese character in it at all."""
    return bool(_SOMETHING.search(text))
