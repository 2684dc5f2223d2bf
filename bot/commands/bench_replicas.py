"""`gege bench replicas`: what a second dialogue process brings."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from bot.commands.line import note, out
from bot.settings import load_settings


def register(bench: typer.Typer) -> None:
    """Add the command to `gege bench`."""
    bench.command("replicas")(bench_replicas)


def bench_replicas(
    processes: Annotated[int, typer.Option(min=2, help="against one")] = 2,
    seconds: Annotated[float, typer.Option(help="of each measurement")] = 10.0,
    times: Annotated[int, typer.Option(min=1, help="that each way is measured, in alternation")] = 6,
    clients: Annotated[int, typer.Option(min=1, help="conversations at the same time")] = 8,
    database: Annotated[str, typer.Option(help="URL of an empty PostgreSQL database; without it: SQLite")] = "",
) -> None:
    """Turns a second and processor milliseconds a turn, of one dialogue process and of several."""
    from bot.bench.replicas import replicas

    out(asyncio.run(replicas(load_settings(), processes, seconds, times, clients, database, note)))
