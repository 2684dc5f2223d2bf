"""`gege bench calls`: whole calls by every way, ended in every way, against what the database then says."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import note
from bot.settings import load_settings


def register(bench: typer.Typer) -> None:
    """Add the command to `gege bench`."""
    bench.command("calls")(bench_calls)


def bench_calls(
    calls: Annotated[int, typer.Option(min=1)] = 200,
    at_once: Annotated[int, typer.Option(min=1, help="open calls at the same time")] = 16,
    seed: Annotated[int, typer.Option(help="the same seed has the same calls")] = 1,
    only: Annotated[int | None, typer.Option(min=0, help="play this one of them again")] = None,
    pace: Annotated[float, typer.Option(min=1, help="AudioSocket so much faster than real time")] = 4.0,
    way: Annotated[
        list[str] | None, typer.Option(help="asterisk, trunk, refer, installed; all that there are when none is named")
    ] = None,
    heard: Annotated[
        bool, typer.Option("--heard", help="synthetic voices, heard by the site's own ear, in place of coded sound")
    ] = False,
    as_json: Annotated[Path | None, typer.Option("--json", help="write figures and every call here")] = None,
) -> None:
    """Whole calls from both ends: one outcome each and the right one, first sound, silence, how soon they are settled."""
    from bot.bench.calls.judge import figures
    from bot.bench.calls.report import rows, table
    from bot.bench.calls.run import Wanted, play
    from bot.bench.calls.stories import INSTALLED, WAYS
    from bot.bench.exchange.installed import is_installed

    known = (*WAYS, INSTALLED)
    if way and not set(way) <= set(known):
        raise typer.BadParameter(f"one of {', '.join(known)}", param_hint="--way")
    if not is_installed():
        if INSTALLED in (way or ()):
            raise typer.BadParameter("ASTERISK names no folder of an installed Asterisk", param_hint="--way")
        note("NOT PLAYED on a real Asterisk: ASTERISK names no folder of an installed one")
    wanted = Wanted(calls, at_once, seed, pace, only, tuple(way) if way else known if is_installed() else WAYS, heard)
    run = asyncio.run(play(wanted, load_settings(), note))
    if as_json:
        told = {"figures": figures(run.verdicts), "logged": run.logged, "calls": rows(run.verdicts)}
        as_json.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    typer.echo(table(run))
    if any(each.violations for each in run.verdicts):
        raise typer.Exit(1)
