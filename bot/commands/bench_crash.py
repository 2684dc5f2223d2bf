"""`gege bench crash`: a service that dies at every commit point and at moments of chance, and what it owes afterwards."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.bench.crash.kinds import Kind
from bot.commands.line import Failure, note, out
from bot.settings import load_settings


class DatabaseKind(StrEnum):
    """Where the rows lie; PostgreSQL is a private one, started for the run."""

    sqlite = "sqlite"
    postgresql = "postgresql"


class Spoiler(StrEnum):
    """A way to break one's word, to see that it is found."""

    none = "none"
    ack_before_commit = "ack-before-commit"
    lose_message = "lose-message"
    lose_ticket = "lose-ticket"
    lose_timer = "lose-timer"
    double = "double"


def register(bench: typer.Typer) -> None:
    """Add the command to `gege bench`."""
    bench.command("crash")(bench_crash)


def bench_crash(
    kills: Annotated[int, typer.Option(min=1, help="SIGKILLs of the service")] = 60,
    database: Annotated[DatabaseKind, typer.Option(help="where the rows lie")] = DatabaseKind.sqlite,
    seed: Annotated[int, typer.Option(help="of everything that is left to chance")] = 1,
    minutes: Annotated[float, typer.Option(help="end earlier")] = 1e9,
    only: Annotated[list[str] | None, typer.Option(help="commit points whose name holds this, in place of all")] = None,
    speaking: Annotated[
        bool, typer.Option("--speaking", help="a caller speaks: each start takes the ear along")
    ] = False,
    at_random: Annotated[bool, typer.Option("--at-random", help="no chosen places, only moments of chance")] = False,
    trouble: Annotated[list[Kind] | None, typer.Option(help="what fails around it, too: several may be given")] = None,
    spoil: Annotated[
        Spoiler, typer.Option("--break", help="break the service's word: it must be found")
    ] = Spoiler.none,
    as_json: Annotated[Path | None, typer.Option("--json", help="write the figures here, too")] = None,
) -> None:
    """Acknowledged reports lost, second tickets, open calls, copies, by door; status 1 when anything was found."""
    from bot.bench.crash.points import points
    from bot.bench.crash.report import bench, chosen
    from bot.bench.crash.run import Wanted
    from bot.speech.models import in_use

    names = chosen(points(), only or ())
    if only and not names:
        raise Failure(f"no commit point's name holds {' or '.join(only)}: bot/bench/crash/points.yml has them all")
    wanted = Wanted(
        kills=kills, seed=seed, minutes=minutes, fault="" if spoil is Spoiler.none else spoil.value, only=names,
        at_random=at_random, model=in_use(load_settings()).path if speaking else None,
    )  # fmt: skip
    found = bench(wanted, database.value, note, trouble or ())
    if as_json is not None:
        as_json.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    out(found)
    if not found["clean"]:
        raise typer.Exit(1)
