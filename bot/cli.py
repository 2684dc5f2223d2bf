"""The command line: `gege …`. Commands that print JSON print nothing else on stdout."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Annotated

import typer
from typer._click.exceptions import ClickException

from bot.commands.chinese import told
from bot.commands.foreign import translated
from bot.commands.program import HELP, Program
from bot.commands.version import VersionFlag
from bot.foundation.errors import GegeError

#: 0: done. 1: refused, or a command that looks has found something. 2: typed wrongly. 130: Ctrl-C.
DONE, REFUSED, MISTYPED, STOPPED = 0, 1, 2, 130

app = typer.Typer(
    cls=Program,
    help="Gege answers the telephone and the chat of a county power company.",
    epilog="Ends with 0: done; 1: refused, or doctor and audit found something; 2: typed wrongly; 130: Ctrl-C.",
    invoke_without_command=True,
    context_settings={"help_option_names": HELP},
    pretty_exceptions_enable=False,
)


def _language(chosen: str | None) -> str | None:
    if chosen:
        if chosen not in ("zh", "en"):
            raise typer.BadParameter(told("zh or en"))
        os.environ["GEGE_LANG"] = chosen
    return chosen


@app.callback()
def program(
    context: typer.Context,
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang",
            callback=_language,
            is_eager=True,
            metavar="zh|en",
            help="Language; else GEGE_LANG, then the locale.",
        ),
    ] = None,
    shown: VersionFlag = False,
) -> None:
    if context.invoked_subcommand is None:
        from bot.commands.first import show

        show()


def main() -> None:
    """Entry point: errors are one line for a person, tracebacks go nowhere (GEGE_DEBUG=1 shows types and frames)."""
    # Before a file is made, here or in a child: what Gege writes is for the user she runs as.
    os.umask(0o077)
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    debug = bool(os.environ.get("GEGE_DEBUG"))
    if not debug:
        warnings.simplefilter("ignore")  # third parties' deprecations are not an operator's business
    if _does_something():
        _start_log()
    try:
        ended = app(prog_name="gege", standalone_mode=False)
        raise SystemExit(ended if isinstance(ended, int) else DONE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(DONE) from None
    except (KeyboardInterrupt, typer.Abort):
        raise SystemExit(STOPPED) from None
    except ClickException as problem:
        raise SystemExit(_mistyped(problem)) from None
    except Exception as problem:
        if debug:
            from bot.foundation import logs

            logs.uncaught(problem)  # not raised: Typer's own hook would print its message
            raise SystemExit(REFUSED) from None
        _say(f"gege: {told(str(translated(problem)))}")
        raise SystemExit(REFUSED) from None


def _mistyped(problem: ClickException) -> int:
    """Say what was typed wrongly, and where the right words are."""
    message = problem.format_message()
    if message:  # where a group was named alone its help is printed already
        _say(f"gege: {told(message)}")
        context = getattr(problem, "ctx", None)
        _say(told(f"see: {context.command_path if context else 'gege'} --help"))
    return problem.exit_code


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _does_something() -> bool:
    """Whether a command runs: who reads help or presses TAB waits for no settings."""
    return len(sys.argv) > 1 and not {*HELP} & {*sys.argv} and "_GEGE_COMPLETE" not in os.environ


def _start_log() -> None:
    """As the settings say; where they cannot be read, a command that needs them says so itself."""
    from zoneinfo import ZoneInfo

    from bot.foundation import logs
    from bot.settings import load_settings

    try:
        settings = load_settings()
        logs.start(settings.log.level, ZoneInfo(settings.site.timezone), form=settings.log.form)
    except (GegeError, OSError, ValueError, LookupError):  # the last one: there is no such zone
        logs.start()
