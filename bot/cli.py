"""The command line: `gege …`. Commands that print JSON print nothing else on stdout."""

from __future__ import annotations

import os
import warnings
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from typer.core import TyperGroup

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
    call_log,
    calling,
    channel,
    converse,
    corpus,
    county,
    escalation,
    keys,
    learning,
    link,
    models,
    outage,
    person,
    rasa,
    register,
    service,
    staff,
    talk,
    tickets,
    version,
    voice,
)
from bot.commands.foreign import translated
from bot.commands.line import note
from bot.foundation import logs
from bot.settings import SettingsError, load_settings


class _Commands(TyperGroup):
    """Typer takes an EOFError for a person who ended the input and says "Aborted"; here it is a damaged file."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # click's own class is hidden in typer
        try:
            return super().invoke(ctx)
        except EOFError as problem:
            raise translated(problem) from problem


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def gege(shown: version.VersionFlag = False) -> None:
    """Gege answers the telephone and the chat of a county power company."""


bench_app = typer.Typer(help="Measure: locate, nlu, speech, turn, reports.", no_args_is_help=True)
for area in (
    talk,
    converse,
    county,
    tickets,
    service,
    rasa,
    escalation,
    outage,
    staff,
    link,
    calling,
    learning,
    channel,
    corpus,
    keys,
    person,
    models,
    register,
    voice,
    call_log,
):
    area.register(app)
app.add_typer(bench_app, name="bench")
for area in (
    bench,
    bench_voice,
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
):
    area.register(bench_app)


def main() -> None:
    """Entry point: errors are one line for a person, tracebacks go nowhere (GEGE_DEBUG=1 shows types and frames)."""
    # Before a file is made, here or in a child: what Gege writes is for the user she runs as.
    os.umask(0o077)
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    debug = bool(os.environ.get("GEGE_DEBUG"))
    if not debug:
        warnings.simplefilter("ignore")  # third parties' deprecations are not an operator's business
    _start_log()
    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(0) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as problem:
        if debug:
            logs.uncaught(problem)  # not raised: Typer's own hook would print its message
            raise SystemExit(1) from None
        note(f"gege: {translated(problem)}")
        raise SystemExit(1) from None


def _start_log() -> None:
    """As the settings say; where they cannot be read, a command that needs them says so itself."""
    try:
        settings = load_settings()
        logs.start(settings.log.level, ZoneInfo(settings.site.timezone), form=settings.log.form)
    except (SettingsError, OSError, ValueError, ZoneInfoNotFoundError):
        logs.start()
