"""`gege bench`: the measurements of the whole service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import note, out
from bot.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands to `gege bench`."""
    app.command("locate")(bench_locate)
    app.command("speech")(bench_speech)
    app.command("call")(bench_call)
    app.command("nlu")(bench_nlu)
    app.command("turn")(bench_turn)
    app.command("notify")(bench_notify)
    app.command("reports")(bench_reports)
    app.command("guesses")(bench_guesses)


def bench_guesses(count: int = 10_000, households: int = 57_600) -> None:
    """What a stranger learns by guessing 户号, names, numbers and last digits: words, fields, time of hit and miss."""
    from bot.bench.service import guesses

    out(asyncio.run(guesses(load_settings(), count, households, note)))


def bench_locate(
    count: Annotated[int, typer.Option(help="sentences of each kind")] = 500,
    households: Annotated[int, typer.Option(help="of the sample county")] = 57_600,
    only: Annotated[
        list[str] | None, typer.Option(help="rows whose name holds this: sample, other, clean, near 1.5")
    ] = None,
    baseline: Annotated[Path | None, typer.Option(help="another checkout to ask the same sentences")] = None,
    seeds: Annotated[str, typer.Option(help="development, calibration or test (only to report)")] = "development",
    picture: Annotated[bool, typer.Option(help="draw the reliability diagram (docs/pictures/places.png)")] = False,
) -> None:
    """Right household, right grid, wrong ones unasked, turns until certain, whether the belief keeps its word."""
    from bot.bench.calibration_picture import PLACES
    from bot.bench.locate import run_bench

    out(
        run_bench(
            count=count,
            households=households,
            only=only or (),
            baseline=baseline,
            seeds=seeds,
            picture=PLACES if picture else None,
            progress=note,
        )
    )


def bench_speech() -> None:
    """Character errors of the model in use, clean and over a noisy line."""
    from bot.bench.service import speech

    out(asyncio.run(speech(load_settings(), note)))


def bench_call() -> None:
    """Audio → intent → household → grid, in one table by kind of speech (synthetic voices)."""
    from bot.bench.service import call

    out(asyncio.run(call(load_settings(), note)))


def bench_nlu(
    stock: Annotated[bool, typer.Option(help="compare with stock Rasa (trains it: minutes)")] = True,
) -> None:
    """Intents on the frozen set, clean and as simulated Chongyang speech, beside stock Rasa."""
    from bot.bench.service import nlu

    out(asyncio.run(nlu(load_settings(), stock, note)))


def bench_turn(
    turns: int = 300,
    stock: Annotated[bool, typer.Option(help="compare with a stock Rasa set-up (trains it: minutes)")] = True,
) -> None:
    """Milliseconds of a text turn without and with a ticket; start-up; memory; ratio to stock Rasa."""
    from bot.bench.service import turn

    out(asyncio.run(turn(load_settings(), turns, stock, note)))


def bench_notify() -> None:
    """Commit to first message at 20 danger reports a second; 12,000 reports of 40 sections in ten minutes."""
    from bot.bench.service import notify

    out(asyncio.run(notify(load_settings(), note)))


def bench_reports(count: int = 500) -> None:
    """Full reports stored a second."""
    from bot.bench.service import reports

    out(reports(load_settings(), count, note))
