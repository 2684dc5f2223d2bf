"""`gege bench residents`: a simulated county of residents calls, and a judge who knows what they wanted."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.line import note
from bot.settings import load_settings

if TYPE_CHECKING:
    from bot.bench.residents.run import Measured


def register(app: typer.Typer) -> None:
    """Add the command to `gege bench`."""
    app.command("residents")(bench_residents)


def bench_residents(
    count: Annotated[
        int, typer.Option(min=1, help="messy conversations; a quarter as many cooperative ones besides")
    ] = 1_000,
    seed: Annotated[int, typer.Option(help="the same seed has the same residents")] = 1,
    noise: Annotated[float, typer.Option(min=0, max=1, help="how badly the messy ones are heard")] = 0.3,
    persona: Annotated[str, typer.Option(help="only this one (bot/bench/residents/personas.yml)")] = "",
    processes: Annotated[int, typer.Option(min=1, help="gege converse side by side")] = 2,
    voice: Annotated[int, typer.Option(min=0, help="so many by telephone instead, heard by the site's ear")] = 0,
    report: Annotated[Path | None, typer.Option(help="write the page with the worst twenty here (Markdown)")] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="write figures and every conversation here")] = None,
    gege: Annotated[Path | None, typer.Option(help="the program of another checkout, to measure that one")] = None,
) -> None:
    """Whole conversations: ended as they should, lost, unsafe, loops, turns to the ticket; by persona."""
    from bot.bench.residents.report import page, rows, table
    from bot.bench.residents.run import figures, measure
    from bot.bench.residents.words import personas

    if persona and persona not in personas():
        raise typer.BadParameter(f"one of {', '.join(personas())}", param_hint="--persona")
    if voice:
        found = _by_voice(voice, seed)
    else:
        found = measure(
            count=count, seed=seed, noise=noise, persona=persona, workers=processes, program=gege, progress=note
        )
    if report:
        report.write_text(page(found, f"gege bench residents {' '.join(sys.argv[3:])}"), "utf-8")
    if as_json:
        told = {"figures": figures(found), "conversations": list(rows(found))}
        as_json.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    typer.echo(table(found))


def _by_voice(count: int, seed: int) -> Measured:
    import time

    from bot.bench.residents.run import Measured
    from bot.bench.residents.voice import by_voice

    began = time.perf_counter()
    with TemporaryDirectory(prefix="gege-residents-") as folder:
        held = by_voice(load_settings(), Path(folder), count, seed, note)
    return Measured(voice=held, seconds=time.perf_counter() - began)
