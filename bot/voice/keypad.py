"""The keys of a caller's telephone as answers: one key at once, several as the number that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.sound.answers.asked import key_says, takes_number

#: a number is complete after such a pause (s), or at the # key
_PAUSE_S = 2.0
#: who presses a key twice in so short a time (s) has meant it once
_TWICE_S = 1.0
#: more keys than these are no number
_MOST = 24
_DONE, _CLEAR, _DANGER = "#", "*", "9"
_KEYS = frozenset("0123456789*#")


@dataclass(frozen=True)
class Keyed:
    """Keys that are complete: `text` is what they say, as if the caller had said it, `others` what they may say too."""

    digits: str
    text: str
    others: tuple[str, ...] = ()


class Keypad:
    """Told of each key and of the time that passes, in audio time."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        """`own`: what keys say in this call, before all else (a question that Gege calls to ask)."""
        self._own = dict(own or {})
        self._digits = ""
        self._question = ""
        self._quiet = 0.0
        self._last, self._since_last = "", _TWICE_S

    @property
    def pending(self) -> bool:
        """A number has been begun."""
        return bool(self._digits)

    def press(self, key: str, question: str) -> Keyed | None:
        """A key, and what is asked now; what is complete with it."""
        if key not in _KEYS:
            return None
        if self._digits:
            return self._further(key)
        if key == _DONE or (key == self._last and self._since_last < _TWICE_S):
            return None
        self._question = question
        says = self._own.get(key)
        if says is None:
            says = key_says(question, key)
        if says is None:
            self._digits, self._quiet = key, 0.0
            return None
        self._last, self._since_last = key, 0.0
        return Keyed(key, says)

    def _further(self, key: str) -> Keyed | None:
        self._quiet = 0.0
        if key == _DONE:
            return self.finish(sure=True)
        self._digits = "" if key == _CLEAR else self._digits + key
        return self.finish() if len(self._digits) >= _MOST else None

    def passed(self, seconds: float) -> Keyed | None:
        """Time went by; a number that nobody adds to is complete."""
        self._since_last += seconds
        self._quiet += seconds
        return self.finish() if self._digits and self._quiet >= _PAUSE_S - 1e-9 else None

    def finish(self, sure: bool = False) -> Keyed | None:
        """What was begun is all; `sure`: the caller said so."""
        digits, self._digits = self._digits, ""
        if not digits:
            return None
        # 9 alone may be a door, or the key for danger: Gege asks which, as with two readings of a sound.
        danger = key_says("", _DANGER) if digits == _DANGER and takes_number(self._question) and not sure else None
        return Keyed(digits, digits, (danger,) if danger else ())
