"""`gege bench …`: every measurement, one small file each."""

from __future__ import annotations

import typer

from bot.commands import (
    bench,
    bench_calls,
    bench_crash,
    bench_desk,
    bench_fuzz,
    bench_hear,
    bench_nlu,
    bench_province,
    bench_replicas,
    bench_residents,
    bench_storm,
    bench_voice,
)

_AREAS = (
    bench, bench_voice, bench_calls, bench_crash, bench_desk, bench_fuzz, bench_hear, bench_nlu, bench_province, bench_replicas,
    bench_residents, bench_storm,
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add `gege bench` with all of them."""
    measures = typer.Typer(help="Measure: locate, nlu, speech, turn, reports.", no_args_is_help=True)
    for area in _AREAS:
        area.register(measures)
    app.add_typer(measures, name="bench")
