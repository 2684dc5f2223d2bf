"""`gege bench voice`, `bench mouth`, `bench activity` and `bench line`: the telephone, measured."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import note, out


def register(bench: typer.Typer) -> None:
    bench.command("voice")(bench_voice)
    bench.command("mouth")(bench_mouth)
    bench.command("activity")(bench_activity)
    bench.command("line")(bench_line)


def bench_voice(
    seconds: Annotated[float, typer.Option(help="Length of the pacing; 300 for the record.")] = 30.0,
    largest: Annotated[int, typer.Option(help="Where the search for the most calls ends.")] = 100,
) -> None:
    """First audio with 1 and 8 calls, the most calls beside a plain loop, pacing with 30 open, memory a call."""
    from bot.bench.voice import voice
    from bot.settings import load_settings

    out(asyncio.run(voice(load_settings(), seconds, largest, note)))


def bench_mouth(voice: Annotated[str, typer.Option(help="Another voice than the settings'.")] = "") -> None:
    """How soon a voice begins an ordinary call's sentences, and how long it stops inside: cold, prepared, said before."""
    from bot.bench.mouth import bench_mouth as run
    from bot.settings import load_settings

    settings = load_settings()
    if voice:
        settings = settings.model_copy(update={"speech": settings.speech.model_copy(update={"voice": voice})})
    out(asyncio.run(run(settings, note)))


def bench_activity(utterances: int = 100) -> None:
    """The two voice-activity detectors against each other (docs/decisions/0016)."""
    from bot.bench.activity import bench_activity as run

    out(run(utterances, progress=note))


def bench_line(
    baseline: Annotated[Path | None, typer.Option(help="another checkout that carries the same calls")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="calls whose name holds this: alone, echo, slow, music")
    ] = None,
) -> None:
    """What is taken for the caller on lines with music, a television, a dog, echo; and how long Gege waits for him."""
    from bot.bench.line import bench_line as run

    out(run(baseline, only or (), note))
