"""`gege bench province`: a typhoon over a province of cells, simulated with the figures that were measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from bot.commands.line import note, out


def register(bench: typer.Typer) -> None:
    """Add the command to `gege bench`."""
    bench.command("province")(bench_province)


def bench_province(
    counties: Annotated[int, typer.Option(min=1, help="cells; 116 hold 58 million people")] = 116,
    dark: Annotated[float, typer.Option(min=0.001, max=0.6, help="share of households without power, mean")] = 0.05,
    lines: Annotated[int | None, typer.Option(min=1, help="of each county")] = None,
    cores: Annotated[int | None, typer.Option(min=1, help="of each county's server")] = None,
    people: Annotated[
        int | None, typer.Option(min=1, help="of each county, who take calls that are put through")
    ] = None,
    telephone: Annotated[float | None, typer.Option(min=0, max=1, help="share of reports by telephone")] = None,
    storm_households: Annotated[int, typer.Option(min=1, help="that report in ten minutes in one county")] = 12_000,
    known: Annotated[bool, typer.Option(help="a known outage is told before a seat is taken")] = True,
    seed: Annotated[int, typer.Option(help="the same seed is the same typhoon")] = 1,
) -> None:
    """Who is answered, refused and waits when a typhoon crosses a province; and the lines of quiet days by Erlang B."""
    from bot.bench.province.figures import figures
    from bot.bench.province.typhoon import plan, province, storm

    of = figures()
    county: dict[str, Any] = {
        name: value for name, value in (("lines", lines), ("cores", cores), ("people", people)) if value is not None
    }
    caller: dict[str, Any] = {} if telephone is None else {"by_telephone": telephone}
    if not known:
        caller["known_number"] = 0.0
    of = replace(
        of,
        county=replace(of.county, **county),
        caller=replace(of.caller, **caller),
        typhoon=replace(of.typhoon, dark=dark),
    )
    out(
        {
            "typhoon": province(of, counties, seed, note),
            "storm": storm(of, storm_households, 10.0, seed),
            "quiet days": plan(of),
        }
    )
