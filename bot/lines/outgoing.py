"""What a line still has to play: cut into frames as they are due, dropped when the caller speaks."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from bot.lines.line import Playback


class Outgoing:
    """Playbacks in their order; nothing of it knows a socket."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: deque[tuple[Playback, int]] = deque()
        self._closed = False

    def play(self, pcm: bytes) -> Playback:
        """Queue sound; on a closed line, and for no sound at all, it is over at once."""
        playback = Playback(pcm)
        if self._closed or not pcm:
            playback.complete = not self._closed
            playback.over.set()
        else:
            self._waiting.append((playback, 0))
        return playback

    @property
    def waiting(self) -> int:
        """Bytes that have not left."""
        return sum(len(playback.pcm) - at for playback, at in self._waiting)

    def drop(self) -> None:
        """Forget what has not left."""
        while self._waiting:
            playback, _ = self._waiting.popleft()
            playback.over.set()

    def close(self) -> None:
        """Drop, and take nothing more."""
        self._closed = True
        self.drop()

    def take(self, size: int) -> bytes:
        """The next bytes to send, at most `size`; fewer when there is no more sound."""
        pcm = b""
        while self._waiting and len(pcm) < size:
            playback, at = self._waiting.popleft()
            if playback.started_at is None:
                playback.started_at = self._clock()
            part = playback.pcm[at : at + size - len(pcm)]
            pcm += part
            at += len(part)
            playback.sent = at
            if at < len(playback.pcm):
                self._waiting.appendleft((playback, at))
            else:
                playback.complete = True
                playback.over.set()
        return pcm
