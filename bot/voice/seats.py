"""How many calls can be understood at the same time; the others leave a message."""

from __future__ import annotations

import os

from bot.settings import Settings

#: simultaneous calls that one core recognises well within 0.8 s (`gege bench voice`)
_FOR_EACH_CORE = 12


class Seats:
    """Counted seats; a call holds one from its first word to its end."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    @classmethod
    def of(cls, settings: Settings) -> Seats:
        """As many as the site sets, else as this machine can serve."""
        return cls(settings.capacity.recognised_calls or _FOR_EACH_CORE * (os.cpu_count() or 1))

    def take(self) -> bool:
        """False when all are taken."""
        if self.taken >= self.most:
            return False
        self.taken += 1
        return True

    def give_back(self) -> None:
        self.taken = max(0, self.taken - 1)
