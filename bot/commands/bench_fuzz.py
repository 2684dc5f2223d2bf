"""`gege bench fuzz`: every parser of what strangers send, for as long as there is time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import note, out


def register(bench: typer.Typer) -> None:
    """Add the command to `gege bench`."""
    bench.command("fuzz")(bench_fuzz)


def bench_fuzz(
    minutes: Annotated[float, typer.Option(min=0.01, help="shared by all parsers")] = 10.0,
    only: Annotated[list[str] | None, typer.Option(help="this parser, and no other (may be given again)")] = None,
    keep: Annotated[
        Path | None, typer.Option(help="folder for the corpus, and for inputs that broke something")
    ] = None,
) -> None:
    """Inputs, covered edges and findings of each parser (atheris); ends with status 1 when something was found."""
    from bot.bench.fuzz.run import run_bench

    found = run_bench(minutes, only or (), keep, note)
    out(found)
    if any(one["found"] for one in found):
        raise typer.Exit(1)
