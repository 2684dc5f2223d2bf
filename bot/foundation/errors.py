"""The tree of errors: whoever catches one knows whose fault it is, and the message says what to do."""

from __future__ import annotations


class GegeError(Exception):
    """What Gege raises knowingly. The message is a sentence for a person; raise one of the three below."""


class Refused(GegeError):
    """What was asked for, given or configured does not go; asking again changes nothing, doing what the message says does."""


class Unavailable(GegeError):
    """Something that is needed is busy, away or too slow just now; the same may go well later.

    `retry_after`: seconds of patience that the other side asks for, where it says so."""

    def __init__(self, message: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Broken(GegeError):
    """The installation is damaged, or Gege itself is at fault; the message says what to repair."""
