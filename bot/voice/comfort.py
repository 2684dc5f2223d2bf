"""The soft "let me look" that a caller hears whenever it is Gege's turn and nothing sounds: whatever it is that takes long."""

from __future__ import annotations

from collections.abc import Callable

from bot.lines.tones import looking

#: an answered call that stays silent is hung up at once: the first sound comes within so many seconds (docs/promises.md)
_FIRST_S = 0.25
#: and it is heard again after so many
_AGAIN_S = 2.5


class Comfort:
    """Told of every frame that leaves on a line, silence as well."""

    def __init__(
        self,
        rate: int,
        after_s: float,
        due: Callable[[], bool],
        play: Callable[[bytes], object],
        clock: Callable[[], float],
    ) -> None:
        """`due`: whether it is Gege's turn and nobody speaks; `play`: plays a sound; `after_s`: silence that is too long."""
        self._rate, self._after_s = rate, after_s
        self._due, self._play, self._clock = due, play, clock
        self._since: float | None = None
        self._patience = _FIRST_S
        self._over = False

    def sent(self, pcm: bytes) -> None:
        """A frame has left."""
        now = self._clock()
        if self._over or not self._due():
            self._since, self._patience = None, self._after_s
        elif self._since is None or pcm.count(0) < len(pcm):
            self._since = now
        elif now - self._since >= self._patience:
            self._since, self._patience = now, _AGAIN_S
            self._play(looking(self._rate))

    def stop(self) -> None:
        """The conversation is over."""
        self._over = True
