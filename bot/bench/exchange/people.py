"""Whoever holds a telephone: what he hears, when it was silent, what he says. Transport is others' work: frames of 20 ms."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.bench.exchange.coded import Codebook, Reader
from bot.lines.incoming import FRAME_S

RATE = 8000
FRAME = int(RATE * FRAME_S) * 2
SILENCE = bytes(FRAME)
#: China's ring-back is silent for so long between two rings (s)
_CADENCE_S = 4.1
#: frames after which a sentence is heard at all
_HEARD_FRAMES = 6
#: the same sentence, heard again after so long (s), is said again
_AGAIN_S = 1.0
#: nobody who waits for something looks more often (s)
_LOOK_S = 0.01


@dataclass
class Piece:
    """One sentence as it was heard; times are monotonic (s)."""

    sentence: str
    began: float
    last: float
    frames: int = 1


@dataclass(frozen=True)
class Gap:
    """Silence where there should have been sound (s, on the wall), and where in the call."""

    seconds: float
    stage: str


@dataclass
class Person:
    """One end of a telephone line."""

    book: Codebook
    #: how much faster than real time this line runs
    pace: float = 1.0
    clock: Callable[[], float] = time.monotonic
    #: where in the call he is, for whoever reads the gaps
    stage: str = ""
    #: he has hung up; the line was taken down by others
    left: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._reader = Reader(self.book, RATE)
        self._out = bytearray()
        self._mark = self.clock()
        #: nobody owes him sound now
        self.excused = True
        self.pieces: list[Piece] = []
        self.gaps: list[Gap] = []
        #: times of the first sound, and of the last
        self.first_at: float | None = None
        self.loud_at: float | None = None
        self.left_at: float | None = None
        #: when each stage began
        self.entered: dict[str, float] = {}
        #: keys that he has pressed and that have not left
        self.keys: list[str] = []

    # ---- the line's side ------------------------------------------------------------------------

    def hear(self, frame: bytes) -> None:
        """20 ms come out of his telephone."""
        sound, sentence = self._reader.read(frame)
        if not sound:
            return
        now = self.clock()
        self._silent_until(now)
        self.excused = False
        self.loud_at = now
        self.first_at = self.first_at or now
        # Between two rings it is silent, and nobody minds.
        self._mark = now if sentence is not None else now + _CADENCE_S / self.pace
        if sentence:
            self._note(sentence, now)

    def frame(self) -> bytes:
        """The next 20 ms that he says; silence when he is silent."""
        frame = bytes(self._out[:FRAME])
        del self._out[:FRAME]
        return frame.ljust(FRAME, b"\x00")

    def down(self) -> None:
        """The line is taken down by others."""
        if not self.gone.is_set():
            self._silent_until(self.clock())
            self.gone.set()

    def _note(self, sentence: str, now: float) -> None:
        last = self.pieces[-1] if self.pieces else None
        if last is not None and last.sentence == sentence and now - last.last < _AGAIN_S:
            last.frames, last.last = last.frames + 1, now
        else:
            self.pieces.append(Piece(sentence, now, now))

    def _silent_until(self, now: float) -> None:
        if not self.excused and now - self._mark > 0.1:
            self.gaps.append(Gap(now - self._mark, self.stage))
            self._mark = now

    # ---- his own side ---------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """The line is down, whoever has hung up."""
        return self.left.is_set() or self.gone.is_set()

    def expect(self, stage: str, after_s: float = 0.0) -> None:
        """From now on (and `after_s`) he is owed sound."""
        self.enter(stage)
        self.excused = False
        self._mark = self.clock() + after_s

    def enter(self, stage: str) -> None:
        """The call goes on; silence up to now belongs to what was before."""
        self._silent_until(self.clock())
        self.stage = stage
        self.entered.setdefault(stage, self.clock())

    async def say(self, pcm: bytes) -> None:
        """Speak; returns when the last frame has left, or the line is down."""
        self.excused = True
        self._out += pcm
        while self._out and not self.over:
            await asyncio.sleep(FRAME_S / self.pace)
        self._out.clear()

    def hang_up(self) -> None:
        """End the call."""
        if not self.over:
            self._silent_until(self.clock())
            self.left_at = self.clock()
            self.left.set()

    async def until(self, condition: Callable[[], object], seconds: float = 60.0) -> bool:
        """Wait for something on this line; False when the line is down or the time is over first."""
        limit = self.clock() + seconds
        while not condition():
            if self.over or self.clock() > limit:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    async def pause(self, seconds: float) -> None:
        """So long in the line's own time, or until it is down."""
        await self.until(lambda: False, seconds / self.pace)

    def quiet(self, seconds: float) -> bool:
        """Whether nothing was heard for so long (the line's own time)."""
        return self.loud_at is not None and self.clock() - self.loud_at >= seconds / self.pace

    def heard(self, words: str, since: int = 0, share: float = 0.0) -> Piece | None:
        """The first sentence with these words, from the `since`-th on; `share` of it must have come through (0 to 1)."""
        for piece in self.pieces[since:]:
            if words in piece.sentence and piece.frames >= max(_HEARD_FRAMES, share * self.length_of(piece.sentence)):
                return piece
        return None

    def length_of(self, sentence: str) -> int:
        """Frames of a sentence as it was spoken last; 0 when nobody has."""
        return self.book.lengths.get(sentence, 0)

    def span(self, words: str) -> float:
        """How long these words were heard at a stretch (s, on the wall)."""
        return max((piece.last - piece.began for piece in self.pieces if words in piece.sentence), default=0.0)


async def bridge(one: Person, other: Person) -> None:
    """Both hear each other until one of them has gone; the line's own work."""
    began, frames = one.clock(), 0
    while not (one.over or other.over):
        other.hear(one.frame())
        one.hear(other.frame())
        frames += 1
        await asyncio.sleep(max(0.0, began + frames * FRAME_S / one.pace - one.clock()))
