"""The measurements of `gege bench` that need the whole service: speech, understanding, turns, reports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.app.parts import open_site, running
from bot.bench.percentile import percentile
from bot.grid.sample import make_sample
from bot.settings import PROJECT, Settings
from bot.tickets.intake.heard import Heard

Progress = Callable[[str], None]


def scratch(settings: Settings, folder: str, households: int, progress: Progress) -> Settings:
    """Settings of a county of its own: a bench never touches a site's data."""
    mine = settings.model_copy(update={"home": Path(folder), "database": ""})
    database = open_site(mine)
    try:
        make_sample(database, Path(folder) / "sample", progress, households)
    finally:
        database.dispose()
    return mine


async def nlu(settings: Settings, stock: bool, progress: Progress) -> dict[str, Any]:
    """Intents on the frozen set, clean and simulated, beside stock Rasa (bot.bench.nlu)."""
    from bot.bench.nlu import bench_nlu

    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        async with running(scratch(settings, folder, 1_600, progress), relay=False) as service:
            return await bench_nlu(service.dialogue.parse, stock, progress)


async def guesses(settings: Settings, count: int, households: int, progress: Progress) -> dict[str, Any]:
    """What a stranger learns by guessing (bot.bench.guesses)."""
    from bot.bench.guesses import by_dialogue, run_guesses, verdict

    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        async with running(scratch(settings, folder, households, progress), relay=False) as service:
            return verdict(await run_guesses(service, by_dialogue(service), count, progress))


async def speech(settings: Settings, progress: Progress) -> dict[str, Any]:
    """Character errors of the model in use, on synthetic held-out voices, and the shares of intents, places and names
    that come out as they do of the text (tools.demo_model.measure)."""
    from bot.speech.models import in_use
    from tools.demo_model.measure import bench_speech

    model, loop = in_use(settings).path, asyncio.get_running_loop()
    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        async with running(scratch(settings, folder, 1_600, progress), relay=False) as service:

            def parse(text: str) -> dict[str, Any]:
                found = asyncio.run_coroutine_threadsafe(service.dialogue.parse(text), loop).result()
                return {"intent": found.intent, "entities": dict(found.entities)}

            return dict(await asyncio.to_thread(bench_speech, model, parse=parse, progress=progress))


async def call(settings: Settings, progress: Progress) -> dict[str, Any]:
    """Audio → intent → household → grid, by kind of speech (bot.bench.call)."""
    from bot.bench.call import bench_call
    from bot.dialogue.frozen import sets_of_sentences
    from bot.speech.recogniser_of import make_recogniser

    situations = [(row.text, row.intent) for row in sets_of_sentences()["clean"]]
    recogniser = make_recogniser(settings)
    try:
        with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
            async with running(scratch(settings, folder, 57_600, progress), relay=False) as service:
                return await bench_call(recogniser, service.dialogue.parse, service.registry, situations, progress)
    finally:
        await recogniser.close()


#: one round of a conversation: without a ticket, and the yes that logs one
_ROUND = ("停电了", "一度电几多钱", "沿河路二百零六号", "对")


async def turn(settings: Settings, turns: int, stock: bool, progress: Progress) -> dict[str, Any]:
    """Milliseconds of text turns without and with a ticket, start to first answer, resident memory; with `stock`
    the same turns, taking turns with ours, through a stock Rasa set-up."""
    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder, contextlib.ExitStack() as stack:
        mine = scratch(settings, folder, 57_600, progress)
        progress("starting a service in a process of its own …")
        found: dict[str, Any] = {"service_start_to_first_answer_s": _start_to_first_answer(mine)}
        async with running(mine, relay=False) as service, contextlib.AsyncExitStack() as others:
            theirs = None
            if stock:
                from bot.bench.stock_rasa import classifier, stock_rasa, train_stock

                there = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gege-stock-")))
                progress(f"training stock Rasa ({classifier()}), some minutes …")
                train_stock(there)
                theirs = await others.enter_async_context(stock_rasa(mine, there))
                found["stock"] = f"JiebaTokenizer, {classifier()}, rasa run, action server over HTTP"
            times: dict[str, list[float]] = {name: [] for name in ("without", "with", "stock without", "stock with")}
            for number in range(max(2, turns // len(_ROUND))):
                for text in _ROUND:
                    began = time.perf_counter()
                    await service.dialogue.turn(Heard(uuid.uuid4().hex, f"bench-{number}", text))
                    took = time.perf_counter() - began
                    ticket = text == _ROUND[-1]
                    # The first round warms both.
                    if number:
                        times["with" if ticket else "without"].append(took * 1000)
                    if theirs:
                        began = time.perf_counter()
                        await theirs.turn(f"bench-{number}", text)
                        took = time.perf_counter() - began
                        if number:
                            times["stock with" if ticket else "stock without"].append(took * 1000)
    found["without_ticket_ms"], found["with_ticket_ms"] = _percentiles(times["without"]), _percentiles(times["with"])
    if stock:
        for kind in ("without", "with"):
            theirs_ms = _percentiles(times[f"stock {kind}"])
            found[f"stock_{kind}_ticket_ms"] = theirs_ms
            found[f"stock_{kind}_ratio_p50"] = round(theirs_ms["p50"] / found[f"{kind}_ticket_ms"]["p50"], 1)
    return found


_FIRST_ANSWER = """\
import time
began = time.perf_counter()
import asyncio, resource, sys
from bot.app.parts import running
from bot.dialogue.port import Heard
from bot.settings import load_settings
async def first():
    async with running(load_settings(), relay=False) as service:
        await service.dialogue.turn(Heard("first", "first", "您好"))
        print(round(time.perf_counter() - began, 2), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
asyncio.run(first())
"""


def _start_to_first_answer(settings: Settings) -> dict[str, float]:
    """Seconds from the interpreter to the first answer, and GB at most, of a process that does nothing else."""
    environment = {**os.environ, "GEGE_HOME": str(settings.home), "PYTHONPATH": str(PROJECT)}
    environment.pop("GEGE_DATABASE_URL", None)
    best: tuple[float, int] | None = None
    # The first start may still compile bytecode and read from the disk.
    for _ in range(3):
        said = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _FIRST_ANSWER],
            env=environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        seconds, kilobytes = float(said[-2]), int(said[-1])
        best = min(best, (seconds, kilobytes)) if best else (seconds, kilobytes)
    assert best is not None
    return {"best_of_3_s": best[0], "resident_memory_gb": round(best[1] / 1024 / 1024, 3)}


async def notify(settings: Settings, progress: Progress) -> dict[str, Any]:
    """How soon danger is sent, and whether a storm floods anybody (bot.bench.notify)."""
    from bot.bench.notify import bench_notify

    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        database = open_site(scratch(settings, folder, 57_600, progress))
        try:
            return await bench_notify(database, progress)
        finally:
            database.dispose()


async def desk(
    settings: Settings,
    tickets: int,
    households: int,
    storm: int,
    desks: int,
    times: int,
    browser: bool,
    progress: Progress,
) -> dict[str, Any]:
    """What the desk's pages cost (bot.bench.desk)."""
    from bot.bench.desk import bench_desk

    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        mine = scratch(settings, folder, households, progress)
        return await bench_desk(mine, tickets, storm, desks, times, browser, progress)


def reports(settings: Settings, count: int, progress: Progress) -> dict[str, Any]:
    """Full reports stored a second (utterance, ticket, activity, outbox, timer), on SQLite with real fsync."""
    from bot.bench.reports import bench_reports

    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        found = bench_reports(settings.database or f"sqlite:///{folder}/reports.sqlite", count)
    progress(str(found))
    return found if isinstance(found, dict) else {"result": str(found)}


def _percentiles(times: list[float]) -> dict[str, float]:
    times = times or [0.0]
    return {"p50": round(percentile(times, 0.5), 2), "p95": round(percentile(times, 0.95), 2)}
