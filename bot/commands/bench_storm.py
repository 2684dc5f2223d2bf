"""`gege bench storm` and `gege bench soak`: whether the service stands what a night of thunder brings, and a festival."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import note
from bot.settings import load_settings


def register(bench: typer.Typer) -> None:
    """Add the commands to `gege bench`."""
    bench.command("storm")(bench_storm)


def bench_storm(
    households: Annotated[int, typer.Option(min=1, help="that report by text")] = 12_000,
    seconds: Annotated[float, typer.Option(min=5, help="within which all of them do")] = 600.0,
    calls: Annotated[float, typer.Option(min=0, help="calls a second beside them")] = 20.0,
    share: Annotated[
        float, typer.Option(min=0.001, max=1, help="a smaller storm: so much of households and calls")
    ] = 1.0,
    county: Annotated[int, typer.Option(min=1_600, help="households of the invented county")] = 57_600,
    seed: Annotated[int, typer.Option(help="the same seed has the same arrivals")] = 1,
    speech: Annotated[bool, typer.Option(help="callers are heard; without it they leave messages")] = True,
    as_json: Annotated[Path | None, typer.Option("--json", help="write the figures here, too")] = None,
) -> None:
    """Open loop at a real `gege serve`: answered, kept, refused and lost, by text and by telephone; messages; memory."""
    from bot.bench.storm.run import Storm, rows_of, storm

    found = storm(
        load_settings(), Storm(households, seconds, calls, county=county, seed=seed, speech=speech).share(share), note
    )
    if as_json is not None:
        as_json.write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")
    for row in rows_of(found):
        typer.echo(row)
    if found["texts"]["lost"] or found["texts"]["second_tickets"]:
        raise typer.Exit(1)
