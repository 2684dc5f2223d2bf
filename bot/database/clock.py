"""The service's clock: the machine's, put forward where hours are to pass in no time (`gege converse`)."""

from __future__ import annotations

import datetime as dt


class Clock:
    """Tells the present instant; `advance` makes it later for everybody who asks."""

    def __init__(self) -> None:
        self._ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        """The present instant, in UTC."""
        return dt.datetime.now(dt.UTC) + self._ahead

    def advance(self, by: dt.timedelta) -> None:
        """Put the clock forward. Raises ValueError for a span that goes back."""
        if by < dt.timedelta():
            raise ValueError("the clock goes forward only")
        self._ahead += by

    def set_right(self) -> None:
        """Tell the machine's time again."""
        self._ahead = dt.timedelta()


clock = Clock()


def now() -> dt.datetime:
    """The present instant, in UTC."""
    return clock.now()
