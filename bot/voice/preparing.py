"""What Gege says to everybody, spoken beforehand by an engine that is too slow to be waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

from bot.foundation.background import Background
from bot.foundation.backoff import Backoff
from bot.foundation.errors import Unavailable
from bot.speech import breaths
from bot.speech.breaths import Breath
from bot.speech.engine import Engine, VoiceFailed
from bot.speech.sentence_plan import Planner
from bot.speech.speak import GegeVoice
from bot.voice.repertoire import Repertoire, Saying

log = logging.getLogger(__name__)

#: what every call begins with comes first, then what saves lives, then what is asked
_FIRST = ("greeting", "safety", "questions", "answers", "matters")
#: looked at again so often (s): the site's words change with an import
_EVERY_S = 900.0
#: on a small machine that has much else to do, all of it takes hours
_STUCK_S = 24 * 3600.0
#: an engine that says so many sentences in a row wrongly says none
_FAILURES = 5

Progress = Callable[[int, int], None]


def beforehand(sayings: Iterable[Saying], planner: Planner) -> list[Breath]:
    """Everything that is said to everybody, as a slow engine says it: whole sentences, and the parts of those with
    variables; in the order in which it is needed."""
    found: dict[Breath, None] = {}
    rank = {group: number for number, group in enumerate(_FIRST)}
    ordered = sorted(sayings, key=lambda each: (not each.whole, rank.get(each.group, len(rank))))
    for saying in ordered:
        for breath in _breaths(saying, planner):
            if planner.everybodys(breath.text):
                found[breath] = None
    return list(found)


def _breaths(saying: Saying, planner: Planner) -> Iterator[Breath]:
    if saying.whole:
        yield Breath(saying.text)
    elif saying.sample:
        parts = [(part, None) for part in planner.plan(saying.sample)]
        pieces = breaths.short(parts, breaths.end_of(saying.sample))
        yield from (piece for piece in pieces if isinstance(piece, Breath))
    elif saying.group == "matters":
        # In the middle of a sentence, and at the end of one that reads back.
        yield Breath(saying.text, True)
        yield Breath(saying.text + "。")


def missing(voice: GegeVoice, repertoire: Repertoire) -> list[Breath]:
    """What is not ready, the most needed first; nothing for a quick engine. Blocks."""
    if voice.engine.quick:
        return []
    return [one for one in beforehand(repertoire.sentences(), repertoire.planner()) if not voice.is_ready(one)]


async def prepare(
    voice: GegeVoice, wanted: Sequence[Breath], engines: Sequence[Engine], progress: Progress = lambda _done, _all: None
) -> int:
    """Speak what is wanted, by several engines of the voice's kind side by side, which are closed afterwards; → how many were
    made. Raises VoiceFailed when the engine fails again and again; one sentence that it cannot say is left out."""
    waiting, made, failed = iter(wanted), 0, 0

    async def work(engine: Engine) -> None:
        nonlocal made, failed
        for breath in waiting:
            try:
                made += await voice.prepare(breath, engine)
                failed = 0
            except VoiceFailed:
                failed += 1
                if failed >= _FAILURES:
                    raise
                log.warning("the voice %s cannot say one of its sentences beforehand", engine.name)
            progress(made, len(wanted))

    try:
        async with asyncio.TaskGroup() as group:
            for engine in engines:
                group.create_task(work(engine))
    except BaseExceptionGroup as problems:
        raise problems.exceptions[0] from None
    finally:
        for engine in engines:
            await engine.close()
    return made


def preparing(voice: GegeVoice, repertoire: Repertoire, make_engine: Callable[[], Engine]) -> Background:
    """Beside the service, by an engine of its own: a caller's sentence must not wait behind these."""

    async def work() -> None:
        if wanted := await asyncio.to_thread(missing, voice, repertoire):
            try:
                made = await prepare(voice, wanted, [make_engine()])
            except VoiceFailed as problem:
                raise Unavailable(str(problem)) from problem
            log.info("%d sentences are spoken beforehand", made)

    return Background(
        "sentences spoken beforehand", _EVERY_S, work, stuck_after_s=_STUCK_S, again=Backoff(60.0, _EVERY_S)
    )
