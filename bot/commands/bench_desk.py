"""`gege bench desk`: what the desk's pages cost in a county of 57,600 households and 10,000 tickets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import note, out
from bot.settings import load_settings


def register(bench: typer.Typer) -> None:
    """Add the command to `gege bench`."""
    bench.command("desk")(bench_desk)


def bench_desk(
    tickets: Annotated[int, typer.Option(min=500, help="of three months, those of two days still going on")] = 10_000,
    households: Annotated[int, typer.Option(min=1_600, help="of the invented county")] = 57_600,
    storm: Annotated[int, typer.Option(min=1, help="open reports of one hour, for the wall")] = 12_000,
    desks: Annotated[int, typer.Option(min=1, max=500, help="that are open and told of changes")] = 100,
    times: Annotated[int, typer.Option(min=3, help="that each page is asked for")] = 40,
    browser: Annotated[bool, typer.Option("--browser", help="first paint in Chromium, 400 kbit/s, slow CPU")] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="write the figures here, too")] = None,
) -> None:
    """Milliseconds of every page and press, the wall in a storm, changes told to open desks, bytes of a first view."""
    from bot.bench.service import desk

    found = asyncio.run(desk(load_settings(), tickets, households, storm, desks, times, browser, note))
    if as_json is not None:
        as_json.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    out(found)
