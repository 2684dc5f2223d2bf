"""How many calls can be understood at the same time, and whether in time; the others leave a message."""

from __future__ import annotations

import os

from bot.foundation.lateness import Lateness
from bot.settings import Settings

#: simultaneous calls that one core recognises well within 0.8 s (`gege bench voice`)
_FOR_EACH_CORE = 12


class Seats:
    """Counted seats; a call holds one from its first word to its end. None is given while the service is late."""

    def __init__(self, most: int, lateness: Lateness | None = None) -> None:
        self.most = most
        self.lateness = lateness or Lateness()
        self.taken = 0

    @classmethod
    def of(cls, settings: Settings, lateness: Lateness | None = None) -> Seats:
        """As many as the site sets, else as this machine can serve."""
        return cls(settings.capacity.recognised_calls or _FOR_EACH_CORE * (os.cpu_count() or 1), lateness)

    @property
    def scarce(self) -> bool:
        """More than half of them are taken, or the service is late: whoever can be served without one is."""
        return self.taken * 2 >= self.most or self.lateness.for_calls

    def take(self) -> bool:
        """False when all are taken, or whoever sat there would wait too long for each answer."""
        if self.taken >= self.most or self.lateness.for_calls:
            return False
        self.taken += 1
        return True

    def give_back(self) -> None:
        self.taken = max(0, self.taken - 1)
