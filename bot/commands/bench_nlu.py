"""`gege bench thresholds` and `gege bench parts`: when to act unasked, and what each part of the understanding adds."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.line import Failure, note, out


def register(app: typer.Typer) -> None:
    """Add the commands to `gege bench`."""
    app.command("thresholds")(thresholds)
    app.command("parts")(parts)


def thresholds(
    costs: Annotated[Path | None, typer.Option(help="Cost table instead of Gege's own.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Where to draw the reliability diagram.")] = None,
) -> None:
    """What costs say about acting unasked, on held-out training sentences, beside what is in use (2 to 5 minutes)."""
    if picture and not importlib.util.find_spec("matplotlib"):
        raise Failure("a picture needs matplotlib, which is not installed: uv sync --locked --group pictures")
    from bot.dialogue import rasa_lite

    rasa_lite.install()
    from bot.bench.calibration_picture import draw
    from bot.bench.folds import held_out
    from bot.bench.thresholds import COSTS, CostsRefused, bench_thresholds, read_costs

    try:
        read_costs(costs or COSTS)
        note("five folds: each sentence is understood by a model that never saw it …")
        found = held_out()
        table = bench_thresholds(found, costs or COSTS)
    except (CostsRefused, OSError) as problem:
        raise Failure(str(problem)) from problem
    if picture:
        errors = table["calibration_error"]
        draw(found, table["temperature"]["in_use"], (errors["before"], errors["in_use"]), picture)
    out(table)


def parts() -> None:
    """The frozen set with each part of the pipeline left out; trains each variant (2 to 4 minutes)."""
    from bot.dialogue import rasa_lite

    rasa_lite.install()
    from bot.bench.parts import bench_parts

    out(bench_parts(note))
