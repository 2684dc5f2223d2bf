"""`gege bench storm` and `gege bench soak`: whether the service stands what a night of thunder brings, and a festival."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.line import note
from bot.settings import load_settings


def register(bench: typer.Typer) -> None:
    """Add the commands to `gege bench`."""
    bench.command("storm")(bench_storm)
    bench.command("soak")(bench_soak)


def bench_storm(
    households: Annotated[int, typer.Option(min=1, help="that report by text")] = 12_000,
    seconds: Annotated[float, typer.Option(min=5, help="within which all of them do")] = 600.0,
    calls: Annotated[float, typer.Option(min=0, help="calls a second beside them")] = 20.0,
    share: Annotated[
        float, typer.Option(min=0.001, max=1, help="a smaller storm: so much of households and calls")
    ] = 1.0,
    county: Annotated[int, typer.Option(min=1_600, help="households of the invented county")] = 57_600,
    processes: Annotated[int, typer.Option(min=1, max=64, help="[dialogue] processes of the service")] = 1,
    seed: Annotated[int, typer.Option(help="the same seed has the same arrivals")] = 1,
    speech: Annotated[bool, typer.Option(help="callers are heard; without it they leave messages")] = True,
    as_json: Annotated[Path | None, typer.Option("--json", help="write the figures here, too")] = None,
) -> None:
    """Open loop at a real `gege serve`: answered, kept, refused and lost, by text and by telephone; messages; memory."""
    from bot.bench.storm.run import Storm, storm

    wanted = Storm(households, seconds, calls, county=county, seed=seed, speech=speech).share(share)
    found = storm(load_settings(), wanted, note, f"[dialogue]\nprocesses = {processes}\n")
    _tell(found, as_json)


def bench_soak(
    minutes: Annotated[float, typer.Option(min=1, help="so long")] = 60.0,
    reports: Annotated[float, typer.Option(min=0.01, help="by text, a second")] = 3.0,
    calls: Annotated[float, typer.Option(min=0, help="a second")] = 0.3,
    county: Annotated[int, typer.Option(min=1_600, help="households of the invented county")] = 57_600,
    as_json: Annotated[Path | None, typer.Option("--json", help="write the figures here, too")] = None,
) -> None:
    """Festival traffic at a real `gege serve`: memory, descriptors, threads and WAL of every minute; fails when memory grows."""
    from bot.bench.storm.soak import FLAT, festival, soak

    found = soak(load_settings(), festival(minutes, reports, calls, county), note)
    _tell(found, as_json)
    if found["growth"]["rss_mb"] >= FLAT:
        note(f"memory has grown by {found['growth']['rss_mb']:.1%}")
        raise typer.Exit(1)


def _tell(found: dict[str, Any], as_json: Path | None) -> None:
    from bot.bench.storm.run import rows_of

    if as_json is not None:
        as_json.write_text(json.dumps(found, ensure_ascii=False, indent=1), "utf-8")
    for row in rows_of(found):
        typer.echo(row)
    if found["texts"]["lost"] or found["texts"]["second_tickets"]:
        raise typer.Exit(1)
