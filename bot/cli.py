"""The command line: `gege …`. Commands that print JSON print nothing else on stdout."""

from __future__ import annotations

import logging
import os
import sys
import warnings

import typer

from bot.commands import (
    bench,
    bench_nlu,
    bench_voice,
    call_log,
    calling,
    corpus,
    county,
    escalation,
    learning,
    link,
    models,
    outage,
    service,
    staff,
    talk,
    tickets,
)
from bot.commands.line import Failure, note
from bot.settings import SettingsError

app = typer.Typer(
    help="Gege answers the telephone and the chat of a county power company.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
bench_app = typer.Typer(help="Measure: locate, nlu, speech, turn, reports.", no_args_is_help=True)
for area in (
    talk,
    county,
    tickets,
    service,
    escalation,
    outage,
    staff,
    link,
    calling,
    learning,
    corpus,
    models,
    call_log,
):
    area.register(app)
app.add_typer(bench_app, name="bench")
for area in (bench, bench_voice, bench_nlu):
    area.register(bench_app)


def main() -> None:
    """Entry point: errors are one line for a person, tracebacks go nowhere (GEGE_DEBUG=1 shows them)."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    debug = bool(os.environ.get("GEGE_DEBUG"))
    if not debug:
        warnings.simplefilter("ignore")  # third parties' deprecations are not an operator's business
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(0) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as problem:
        if debug:
            raise
        known = isinstance(problem, (Failure, SettingsError)) or type(problem).__module__.startswith("bot.")
        note(f"gege: {problem}" if known else f"gege: {type(problem).__name__}: {problem}")
        raise SystemExit(1) from None
