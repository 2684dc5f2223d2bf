"""`gege bench voice`: how soon the caller hears an answer, with how many calls, and how evenly sound leaves.

Servers run in this process as in the service; callers in another, over loopback, in real time."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import sys
import tempfile
import time
import uuid as uuids
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.app.parts import Parts, ears_and_mouth, running
from bot.bench.latency import Latency
from bot.bench.percentile import percentile
from bot.bench.plain_loop import PlainLoop
from bot.bench.service import scratch
from bot.lines.audiosocket import AudioSocketLine, AudioSocketServer
from bot.lines.line import CallFacts
from bot.settings import PROJECT, Settings
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, Recogniser
from bot.speech.recognise import give_way
from bot.speech.speak import Voice
from bot.tickets.intake.unclear import intake_of
from bot.voice.call import PhoneCall

Progress = Callable[[str], None]
SENTENCES = ("我屋里停电了", "沿河路二百零六号", "一度电几多钱", "电费几多", "我要找网格员", "开关坏了推不上去")
GOAL_S = 0.8
#: a caller calls again when Gege hangs up
_CALLS_EACH = 20
#: seconds of work for a second of sound that a real model needs
STAND_IN_FACTOR = 0.2


class StandIn:
    """Works as long as a real model would, without holding the interpreter, and hears one and the same sentence."""

    def __init__(self, factor: float = STAND_IN_FACTOR, threads: int = 2) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="stand-in", initializer=give_way)
        began = time.thread_time()
        hashlib.pbkdf2_hmac("sha256", b"gege", b"gege", 200_000)
        #: rounds for one second of sound
        self._rounds = int(200_000 / (time.thread_time() - began) * factor)

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> _StandInSession:
        return _StandInSession(self, sample_rate)

    async def work(self, seconds: float) -> None:
        rounds = max(1, int(self._rounds * seconds))
        await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: hashlib.pbkdf2_hmac("sha256", b"gege", b"gege", rounds)
        )

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class _StandInSession:
    def __init__(self, owner: StandIn, rate: int) -> None:
        self._owner, self._rate = owner, rate
        self._waiting = self._samples = 0

    async def feed(self, pcm: bytes) -> str:
        self._samples += len(pcm) // 2
        self._waiting += len(pcm) // 2
        if self._waiting >= self._rate // 10:
            waiting, self._waiting = self._waiting, 0
            await self._owner.work(waiting / self._rate)
        return ""

    async def finish(self) -> HeardSpeech:
        await self._owner.work(self._waiting / self._rate)
        return HeardSpeech("一度电几多钱", (), 0.0, self._samples / self._rate)


class Brief:
    """Gege's voice, cut off after a moment: how soon it begins is measured, not how long it speaks."""

    _SECONDS = 0.8

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    async def start(self) -> None:
        """It runs already."""

    async def say(self, text: str, rate: int = 8000) -> bytes:
        return await self._voice.say(text, rate)

    async def stream(self, text: str, rate: int = 8000) -> AsyncIterator[bytes]:
        async for pcm in self._voice.stream(text, rate):
            yield pcm[: int(self._SECONDS * rate) * 2]
            return

    async def close(self) -> None:
        """It is another's."""


class _Pacing:
    """Gaps between frames that leave, over all calls."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._last: dict[str, float] = {}

    def sent(self, call_id: str) -> None:
        now = time.monotonic()
        if (last := self._last.get(call_id)) is not None:
            self.gaps.append(now - last)
        self._last[call_id] = now

    def summary(self) -> dict[str, Any]:
        gaps = sorted(self.gaps)
        return {
            "frames": len(gaps),
            "p50_ms": _at(gaps, 0.5, 1000),
            "p99_ms": _at(gaps, 0.99, 1000),
            "p99.9_ms": _at(gaps, 0.999, 1000),
            "max_ms": _at(gaps, 1.0, 1000),
        }


class _Site:
    """The calls of one run."""

    def __init__(self, service: Parts, recogniser: Recogniser, voice: Voice, settings: Settings) -> None:
        self._parts: dict[str, Any] = {
            "dialogue": service.dialogue, "voice": Brief(voice), "desk": service.desk,
            "intake": intake_of(service.desk, service.registry), "settings": settings,
        }  # fmt: skip
        self.recogniser = recogniser
        self.latency, self.pacing = Latency(), _Pacing()
        self.server = AudioSocketServer("127.0.0.1", 0, self._answer, announced_s=36_000)

    async def _answer(self, line: AudioSocketLine, facts: CallFacts) -> None:
        call = PhoneCall(line, facts, recogniser=self.recogniser, watcher=self.latency, **self._parts)
        keep, pacing = call.parts.recording.gege, self.pacing

        def sent(pcm: bytes) -> None:
            pacing.sent(facts.call_id)
            keep(pcm)

        call.parts.recording.gege = sent  # type: ignore[method-assign]
        await call.run()

    async def prepare(self, wavs: list[str]) -> None:
        """Every answer has been spoken once, as a service that runs has done it: a neural voice takes seconds for it."""
        for wav in wavs:
            await self.run(1, 1, [wav], 3.0)

    async def run(self, open_calls: int, talking: int, wavs: list[str], seconds: float) -> dict[str, Any]:
        """`open_calls` calls of which `talking` talk; → the turns' latencies and the pacing."""
        self.latency, self.pacing = Latency(), _Pacing()
        calls = []
        for number in range(open_calls):
            names = [str(uuids.uuid4()) for _ in range(_CALLS_EACH)]
            for name in names:
                self.server.announce(name, f"139{number:08d}")
            calls.append({"uuids": names, "talks": number < talking})
        told = await _callers({"port": self.server.port, "calls": calls, "wavs": wavs, "seconds": seconds})
        await asyncio.sleep(0.5)
        first = [turn["first_audio"] for turn in self.latency.turns if "first_audio" in turn]
        recognised = [turn["recognise"] for turn in self.latency.turns if "recognise" in turn]
        return {
            "open": open_calls,
            "talking": talking,
            "turns": len(first),
            "spoken": told["spoken"],
            "callers_failed": told["failed"],
            "first_audio_p50_ms": _at(first, 0.5, 1000),
            "first_audio_p95_ms": _at(first, 0.95, 1000),
            "first_audio_max_ms": _at(first, 1.0, 1000),
            "recognise_p95_ms": _at(recognised, 0.95, 1000),
            "pacing": self.pacing.summary(),
        }


def _at(values: list[float], share: float, times: float = 1.0) -> float | None:
    """The value below which that share lies; None of nothing."""
    return round(percentile(values, share) * times, 1) if values else None


async def _callers(wanted: dict[str, Any]) -> dict[str, Any]:
    """Run the callers' process. A thread waits: asyncio's own subprocesses need a child watcher that Sanic takes away."""

    def run() -> dict[str, Any]:
        import subprocess

        done = subprocess.run(
            [sys.executable, "-m", "bot.bench.callers"], input=json.dumps(wanted), capture_output=True, text=True,
            cwd=PROJECT, check=False, timeout=wanted["seconds"] + 120,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"the callers broke: {done.stderr[-400:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return await asyncio.to_thread(run)


@asynccontextmanager
async def _site(
    settings: Settings, progress: Progress
) -> AsyncIterator[tuple[Parts, Recogniser, Voice, Settings, list[str]]]:
    from tools.demo_model.speaker import demo_wav

    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        wavs = []
        for number, sentence in enumerate(SENTENCES):
            file = Path(folder) / f"{number}.wav"
            demo_wav(sentence, file)
            wavs.append(str(file))
        mine = scratch(settings, folder, 1_600, progress)
        async with running(mine, relay=False) as service, ears_and_mouth(service) as (recogniser, voice):
            gc.collect()
            gc.freeze()  # as the service does
            yield service, recogniser, voice, mine, wavs


async def voice(settings: Settings, seconds: float, largest: int, progress: Progress) -> dict[str, Any]:
    """Everything; `seconds` for what is paced, at most a minute of it for what is timed; `largest`: where the search for
    the most calls ends."""
    found: dict[str, Any] = {"cores": os.cpu_count(), "seconds": seconds}
    timed, tried = min(seconds, 60.0), min(seconds, 30.0)
    async with _site(settings, progress) as (service, recogniser, mouth, mine, wavs):
        site = _Site(service, recogniser, mouth, mine)
        await site.server.start()
        try:
            await site.prepare(wavs)
            before = _memory()
            for name, calls in (("one", 1), ("eight", 8)):
                found[name] = await site.run(calls, calls, wavs, timed)
                progress(f"{calls} talking: {_told(found[name])}")
            found["open_30"] = await site.run(30, 6, wavs, seconds)
            found["memory_per_call_mb"] = round(max(0.0, _memory(peak=True) - before) / 30, 2)
            progress(f"30 open, 6 talking: {_told(found['open_30'])} {found['open_30']['pacing']}")
            own, site.recogniser = site.recogniser, StandIn()
            found["stand_in_30"] = await site.run(30, 6, wavs, seconds)
            progress(f"30 open, 6 talking, stand-in: {_told(found['stand_in_30'])} {found['stand_in_30']['pacing']}")
            await site.recogniser.close()
            site.recogniser = own
            found["most"] = await _most(site, wavs, tried, largest, progress)
        finally:
            await site.server.close()
        found["plain_loop_most"] = await _most_plain(mine, wavs, tried, largest, progress)
    return found


async def _most(site: _Site, wavs: list[str], seconds: float, largest: int, progress: Progress) -> dict[str, Any]:
    """The most talking calls whose p95 stays within the goal, in steps of a third."""
    best: dict[str, Any] = {"talking": 0}
    calls = 8
    while calls <= largest:
        found = await site.run(calls, calls, wavs, seconds)
        progress(f"{calls} talking: {_told(found)}")
        # A caller who got no answer in time counts as a late one.
        answered = found["turns"] >= 0.8 * found["spoken"]
        if found["first_audio_p95_ms"] is None or found["first_audio_p95_ms"] > GOAL_S * 1000 or not answered:
            break
        best = found
        calls = calls * 4 // 3
    return {
        "talking": best["talking"],
        "first_audio_p95_ms": best.get("first_audio_p95_ms"),
        "next": found if calls <= largest else None,
    }


async def _most_plain(
    settings: Settings, wavs: list[str], seconds: float, largest: int, progress: Progress
) -> dict[str, Any]:
    """The same for the plain loop; it only recognises: no dialogue, no voice, no recording."""
    loop = PlainLoop(settings)
    await loop.start()
    best, p95, calls = 0, None, 8
    try:
        while calls <= largest:
            told = await _callers({"port": loop.port, "plain": calls, "wavs": wavs, "seconds": seconds})
            waits = told["waits"]
            found = _at(waits, 0.95, 1000)
            progress(f"plain loop, {calls} talking: p95 {found} ms to the text, {len(waits)} turns")
            if found is None or found > GOAL_S * 1000 or told["failed"]:
                break
            best, p95, calls = calls, found, calls * 4 // 3
    finally:
        await loop.close()
    return {"talking": best, "text_p95_ms": p95}


def _told(found: dict[str, Any]) -> str:
    return (
        f"first audio p50 {found['first_audio_p50_ms']} p95 {found['first_audio_p95_ms']} ms"
        f" ({found['turns']} turns of {found['spoken']} sentences)"
    )


def _memory(peak: bool = False) -> float:
    """Resident memory of this process, MB."""
    name = "VmHWM" if peak else "VmRSS"
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0.0
