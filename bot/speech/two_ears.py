"""Two ears on one turn: a fast first one that streams, and a better second one that has so long after the turn's end.

One mechanism for two uses. A stronger model beside the first (`[speech] second`) is *compared*: its words come first, the
first's are another reading, and how alike they sound is how sure both are. An ear elsewhere (`engine = "remote"`) is not:
the ear on this machine is there for the turns that the other one fails, and says nothing of those that it heard. Whatever
the second does (late, wrong, gone), the first's words stand, and no caller waits longer than `patience_s`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from bot.foundation.backoff import Backoff
from bot.sound.alike import likeness
from bot.speech import ear_metrics
from bot.speech.gathered import gathered
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, Recogniser, RecogniserFailed, RecognitionSession
from bot.speech.resting import AGAIN, Resting

log = logging.getLogger(__name__)

#: what the counter calls a failure of an ear that does not say how it failed
_BROKE, _LATE, _RESTING, _HEARD = "broke", "late", "resting", "heard"
#: whoever feeds no sound for so long (s) has gone away without a word
_FORGOTTEN_S = 300.0
#: readings of a turn that are kept
_MOST = 5


@dataclass(frozen=True)
class Second:
    """The better ear."""

    ear: Recogniser
    #: its name in the log and in metrics
    name: str
    #: after the turn's end it may take so long (s)
    patience_s: float
    #: whether the first's words are told beside its own
    compared: bool


class TwoEars:
    """Behind the port of the ears like each of the two."""

    def __init__(self, first: Recogniser, second: Second, again: Backoff = AGAIN) -> None:
        self.first, self.second = first, second
        self.resting = Resting(second.ear, second.name, second.patience_s, again)
        self.at_work: set[asyncio.Task[Any]] = set()

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> TwoEarsSession:
        return TwoEarsSession(self, sample_rate, likely)

    async def close(self) -> None:
        self.resting.close()
        for task in self.at_work:
            task.cancel()
        await self.second.ear.close()
        await self.first.close()

    def start(self, work: Coroutine[Any, Any, HeardSpeech]) -> asyncio.Task[HeardSpeech]:
        """A task that ends with the ears at the latest."""
        task = asyncio.create_task(work)
        self.at_work.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[HeardSpeech]) -> None:
        self.at_work.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, also where nobody waits for it

    def count(self, fate: str) -> None:
        """One turn of the second ear."""
        ear_metrics.turns.labels(self.second.name, fate).inc()


class _Listening:
    """One ear on one turn, in a task of its own: it holds up nobody."""

    def __init__(self, owner: TwoEars, begin: Callable[[], RecognitionSession]) -> None:
        self.partial = ""
        self._begin = begin
        self._sound: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.task = owner.start(self._hear())

    def feed(self, pcm: bytes | None) -> None:
        """Sound, or None: the turn is over."""
        self._sound.put_nowait(pcm)

    async def _hear(self) -> HeardSpeech:
        session = self._begin()
        async for sound in gathered(self._sound, _FORGOTTEN_S):
            self.partial = await session.feed(sound)
        return await session.finish()


class TwoEarsSession:
    """One utterance."""

    def __init__(self, owner: TwoEars, sample_rate: int, likely: Likely) -> None:
        self._owner = owner
        self._first = owner.first.begin(sample_rate, likely)
        self._hearing: asyncio.Task[HeardSpeech] | None = None
        self._problem: RecogniserFailed | None = None
        second = owner.second.ear
        self._second = _Listening(owner, lambda: second.begin(sample_rate, likely)) if owner.resting.awake else None

    async def feed(self, pcm: bytes) -> str:
        """As the port says; the better ear's text so far where it tells one. A first ear that breaks leaves the turn to it."""
        if self._second is not None:
            self._second.feed(pcm)
        partial = ""
        if self._problem is None:
            try:
                partial = await self._first.feed(pcm)
            except RecogniserFailed as problem:
                self._broke(problem)
        return (self._second.partial if self._second else "") or partial

    async def finish(self) -> HeardSpeech:
        """The better ear's words, or the first's. Raises RecogniserFailed when neither heard."""
        ended = time.monotonic()
        self._hearing = self._owner.start(self._finish_first())
        try:
            better = await self._better(ended)
            if better is None:
                return await self._hearing
            return await self._with_first(better, ended)
        finally:
            self._hearing.cancel()
            if self._second is not None:
                self._second.task.cancel()

    def in_hand(self) -> HeardSpeech | None:
        """What the first heard, when nobody can wait for the second any more."""
        hearing = self._hearing
        if hearing is None or not hearing.done() or hearing.cancelled() or hearing.exception() is not None:
            return None
        return hearing.result()

    def _broke(self, problem: RecogniserFailed) -> None:
        if self._second is None:
            raise problem
        log.warning("the first ear broke on a turn (%s); %s hears alone", problem, self._owner.second.name)
        self._problem = problem

    async def _finish_first(self) -> HeardSpeech:
        if self._problem is not None:
            raise self._problem
        return await self._first.finish()

    async def _better(self, ended: float) -> HeardSpeech | None:
        """What the second heard, None when it did not; the turn is counted."""
        owner, second = self._owner, self._owner.second
        if self._second is None:
            owner.count(_RESTING)
            return None
        self._second.feed(None)
        task = self._second.task
        await asyncio.wait({task}, timeout=second.patience_s)
        if task.done() and not task.cancelled() and task.exception() is None:
            owner.resting.heard()
            owner.count(_HEARD)
            ear_metrics.seconds.labels(second.name).observe(time.monotonic() - ended)
            return task.result()
        problem = task.exception() if task.done() and not task.cancelled() else None
        fate = str(getattr(problem, "way", _BROKE)) if task.done() else _LATE
        owner.count(fate)
        owner.resting.failed()
        # Its message may hold what a stranger sent: only how it failed is told.
        log.warning("%s failed on a turn (%s); the first ear's words stand", second.name, fate)
        return None

    async def _with_first(self, better: HeardSpeech, ended: float) -> HeardSpeech:
        """The better ear's words beside the first's, where the first has them in time."""
        if not self._owner.second.compared:
            return better
        assert self._hearing is not None
        left = max(0.0, self._owner.second.patience_s - (time.monotonic() - ended))
        await asyncio.wait({self._hearing}, timeout=left)
        first = self.in_hand()
        if first is None:
            return better
        found = together(first, better)
        ear_metrics.likeness.labels(self._owner.second.name).observe(likeness(first.text, better.text))
        return found


def together(first: HeardSpeech, better: HeardSpeech) -> HeardSpeech:
    """Two ears' readings of one turn. The better one's words come first, and where it heard none, the first's.

    Both are wrong together as often as each is wrong alone; of that certainty remains what sounds the same in both. What the
    first does not know counts as far as the two differ: an ear that knows no unknown words makes words of a dog's bark too."""
    alike = likeness(first.text, better.text)
    readings = dict.fromkeys((better.text, first.text, *_in_turn(better.alternatives, first.alternatives)))
    texts = [one for one in readings if one][:_MOST]
    chosen = better if better.text else first
    return replace(
        chosen,
        text=texts[0] if texts else "",
        alternatives=tuple(texts[1:]),
        unknown_share=max(better.unknown_share, first.unknown_share * (1.0 - alike))
        if better.text
        else first.unknown_share,
        confidence=(1.0 - (1.0 - first.confidence) * (1.0 - better.confidence)) * alike,
    )


def _in_turn(one: tuple[str, ...], other: tuple[str, ...]) -> list[str]:
    longest = max(len(one), len(other))
    return [row[at] for at in range(longest) for row in (one, other) if at < len(row)]
