"""The measurements of `gege bench` that need the whole service: speech, understanding, turns, reports."""

from __future__ import annotations

import json
import resource
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.app import open_site, running
from bot.dialogue.port import Heard
from bot.grid.sample import make_sample
from bot.settings import PROJECT, Settings

Progress = Callable[[str], None]
FROZEN = PROJECT / "tests" / "data" / "nlu" / "situations.jsonl"


def _scratch(settings: Settings, folder: str, households: int, progress: Progress) -> Settings:
    """Settings of a county of its own: a bench never touches a site's data."""
    mine = settings.model_copy(update={"home": Path(folder), "database": ""})
    database = open_site(mine)
    try:
        make_sample(database, Path(folder) / "sample", progress, households)
    finally:
        database.dispose()
    return mine


async def nlu(settings: Settings, progress: Progress) -> dict[str, Any]:
    """Intent accuracy, hazard recall and false alarms on the frozen set; sentences that training holds are told apart."""
    rows = [json.loads(line) for line in FROZEN.read_text("utf-8").splitlines()]
    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        async with running(_scratch(settings, folder, 1_600, progress), relay=False) as service:
            right = hazards = found = false_alarms = fallbacks = 0
            times = []
            wrong: dict[str, int] = {}
            for row in rows:
                began = time.perf_counter()
                meaning = await service.dialogue.parse(row["text"])
                times.append((time.perf_counter() - began) * 1000)
                right += meaning.intent == row["intent"]
                fallbacks += meaning.fallback
                hazards += row["intent"] == "report_hazard"
                found += row["intent"] == meaning.intent == "report_hazard"
                false_alarms += meaning.intent == "report_hazard" != row["intent"]
                if meaning.intent != row["intent"]:
                    pair = f"{row['intent']} → {meaning.intent}"
                    wrong[pair] = wrong.get(pair, 0) + 1
            for pair, count in sorted(wrong.items(), key=lambda item: -item[1]):
                progress(f"{count} × {pair}")
    times.sort()
    return {
        "sentences": len(rows),
        "intent_accuracy": round(right / len(rows), 4),
        "hazard_recall": round(found / hazards, 4),
        "hazard_false_alarms": round(false_alarms / (len(rows) - hazards), 4),
        "fallback_share": round(fallbacks / len(rows), 4),
        "ms_p50": round(times[len(times) // 2], 2),
        "ms_p95": round(times[int(len(times) * 0.95)], 2),
    }


async def speech(settings: Settings, progress: Progress) -> dict[str, Any]:
    """Character errors of the model in use, on synthetic held-out voices (bot.speech.bench)."""
    from bot.speech.bench import bench_speech
    from bot.speech.models import in_use

    return dict(bench_speech(in_use(settings).path, progress=progress))


async def turn(settings: Settings, turns: int, progress: Progress) -> dict[str, Any]:
    """Milliseconds of text turns without and with a ticket, start to first answer, resident memory."""
    plain = ("停电了", "一度电几多钱", "沿河路二百零六号")
    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        mine = _scratch(settings, folder, 57_600, progress)
        began = time.perf_counter()
        async with running(mine, relay=False) as service:
            await service.dialogue.turn(Heard(uuid.uuid4().hex, "first", "您好"))
            start = time.perf_counter() - began
            without: list[float] = []
            with_ticket: list[float] = []
            for number in range(max(1, turns // 4)):
                for text in (*plain, "对"):
                    heard = Heard(uuid.uuid4().hex, f"bench-{number}", text)
                    began = time.perf_counter()
                    reply = await service.dialogue.turn(heard)
                    took = (time.perf_counter() - began) * 1000
                    (with_ticket if reply.ticket_no else without).append(took)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    return {
        "without_ticket_ms": _percentiles(without),
        "with_ticket_ms": _percentiles(with_ticket),
        "service_start_to_first_answer_s": round(start, 2),
        "resident_memory_gb": round(memory, 3),
    }


def reports(settings: Settings, count: int, progress: Progress) -> dict[str, Any]:
    """Full reports stored a second (utterance, ticket, activity, outbox, timer), on SQLite with real fsync."""
    from bot.tickets.bench import bench_reports

    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        found = bench_reports(settings.database or f"sqlite:///{folder}/reports.sqlite", count)
    progress(str(found))
    return found if isinstance(found, dict) else {"result": str(found)}


def _percentiles(times: list[float]) -> dict[str, float]:
    times = sorted(times) or [0.0]
    return {"p50": round(times[len(times) // 2], 2), "p95": round(times[int(len(times) * 0.95)], 2)}
