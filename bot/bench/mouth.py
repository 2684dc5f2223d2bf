"""`gege bench mouth`: how soon a voice begins with an ordinary call's sentences, and whether it has to stop in the middle."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.app.parts import make_voice
from bot.bench.percentile import percentile
from bot.foundation.words import load
from bot.settings import Settings
from bot.speech.speak import GegeVoice
from bot.speech.voice_of import make_engine
from bot.voice.preparing import beforehand, prepare
from bot.voice.repertoire import Names, Repertoire

Progress = Callable[[str], None]
_RATE = 8000


@dataclass(frozen=True)
class Sayings:
    """mouth.yml."""

    everybodys: tuple[str, ...]
    callers: tuple[str, ...]


@dataclass(frozen=True)
class Begun:
    """How one reply came."""

    #: until its first sound (s)
    first: float
    #: the longest silence in the middle, beyond the pauses that are meant (s)
    stall: float
    #: of sound (s)
    seconds: float


class _County(Repertoire):
    """The sentences' own people and places."""

    def _names(self) -> Names:
        return Names(("桃溪社区",), ("归程师傅", "归师傅"))


async def bench_mouth(settings: Settings, progress: Progress) -> dict[str, Any]:
    """Cold (nothing was ever said), prepared (what is said to everybody is ready), and the same once more."""
    said = load(Sayings, Path(__file__).with_suffix(".yml"))
    repertoire = _County(settings.site)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        mine = settings.model_copy(update={"home": Path(folder) / "cold"})
        cold = make_voice(mine, repertoire)
        found["voice"] = cold.engine.name
        await cold.start()
        found["cold"] = await _measured(cold, said, progress, "cold")
        await cold.close()
        mine = settings.model_copy(update={"home": Path(folder) / "prepared"})
        ready = make_voice(mine, repertoire)
        await ready.start()
        if not ready.engine.quick:
            began = time.monotonic()
            wanted = _of(said, beforehand(repertoire.sentences(), repertoire.planner()))
            made = await prepare(ready, wanted, [make_engine(settings)])
            found["prepared_sentences"], found["preparing_s"] = made, round(time.monotonic() - began, 1)
            progress(f"{made} prepared in {found['preparing_s']} s")
        found["prepared"] = await _measured(ready, said, progress, "prepared")
        found["again"] = await _measured(ready, said, progress, "again")
        await ready.close()
    return found


def _of(said: Sayings, wanted: Iterable[Any]) -> list[Any]:
    """Of all that can be prepared, what these sentences need."""
    text = "".join((*said.everybodys, *said.callers)).replace("，", ",").replace("？", "?").replace("；", ";")
    return [one for one in wanted if one.text.rstrip("。") in text]


async def _measured(voice: GegeVoice, said: Sayings, progress: Progress, name: str) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for kind in ("everybodys", "callers"):
        begun = [await _begun(voice, text) for text in getattr(said, kind)]
        table[kind] = _figures(begun)
        progress(f"{name}, {kind}: {table[kind]}")
    return table


def _figures(begun: Sequence[Begun]) -> dict[str, Any]:
    first = [one.first for one in begun]
    return {
        "replies": len(begun),
        "first_p50_ms": round(percentile(first, 0.5) * 1000),
        "first_p95_ms": round(percentile(first, 0.95) * 1000),
        "longest_stall_ms": round(max(one.stall for one in begun) * 1000),
        "seconds": round(sum(one.seconds for one in begun), 1),
    }


async def _begun(voice: GegeVoice, text: str) -> Begun:
    """One reply, as a line would play it."""
    began = time.monotonic()
    first = over = stall = seconds = 0.0
    async for pcm in voice.stream(text, _RATE):
        now, length = time.monotonic() - began, len(pcm) / 2 / _RATE
        if not first:
            first = over = now
        stall = max(stall, now - over)
        over = max(now, over) + length
        seconds += length
    return Begun(first, stall, seconds)
