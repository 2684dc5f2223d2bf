"""What an ear elsewhere answered, looked at before anybody believes it: its size, its form, and whether it can be speech."""

from __future__ import annotations

import unicodedata
from typing import Any

from bot.foundation.untrusted import Unreadable, json_of
from bot.speech.port import Likely
from bot.speech.remote.failed import RemoteFailed, Way

#: of one answer (bytes); a turn of half a minute has a few hundred
LARGEST = 64 * 1024
#: nobody says more characters in a second; short sound may come with a few more
_A_SECOND, _AND = 12.0, 8
#: what stands between likely words, and how many characters of them are sent
_BETWEEN, _LONGEST = "、", 200
#: an answer of so many characters that all stand together in the list of likely words was read from it, not heard
_COPIED = 12


def object_of(answer: str | bytes) -> dict[str, Any]:
    """The JSON object of an answer. Raises RemoteFailed."""
    raw = answer.encode() if isinstance(answer, str) else answer
    if raw.lstrip()[:1] == b"<":
        raise RemoteFailed(Way.html)
    try:
        found = json_of(raw, LARGEST)
    except Unreadable as problem:
        raise RemoteFailed(Way.size if problem.reason == "size" else Way.form, problem.reason) from None
    if not isinstance(found, dict):
        raise RemoteFailed(Way.form, "no object")
    return found


def text_of(found: dict[str, Any], key: str = "text") -> str:
    """One text of it, lines joined. Raises RemoteFailed, also for what no text holds."""
    text = found.get(key)
    if not isinstance(text, str):
        raise RemoteFailed(Way.form, f"no {key}")
    text = " ".join(text.split())
    if any(unicodedata.category(one).startswith("C") for one in text):
        raise RemoteFailed(Way.characters)
    return text


def believed(text: str, seconds: float, likely: Likely) -> str:
    """A text that may be what was said in so many `seconds`. Raises RemoteFailed."""
    if sum(one.isalnum() for one in text) > _A_SECOND * seconds + _AND:
        raise RemoteFailed(Way.too_much)
    said = _bare(text)
    if len(said) >= _COPIED and said in _bare(hint(likely)):
        raise RemoteFailed(Way.context)
    return text


def hint(likely: Likely) -> str:
    """What may be said now in one line, for ears that take a context: answers first, then names; "" when nothing is likely."""
    line = ""
    for word in dict.fromkeys((*likely.phrases, *likely.names)):
        longer = f"{line}{_BETWEEN}{word}" if line else word
        if len(longer) > _LONGEST:
            break
        line = longer
    return line


def _bare(text: str) -> str:
    return "".join(one for one in text if one.isalnum())
