"""The register 登记 from a shell: its kinds, what is due, a draw that is drawn again."""

from __future__ import annotations

import datetime as dt

import typer

from bot.commands.line import Failure, note, zone_of
from bot.settings import load_settings

_app = typer.Typer(help="登记: visits, wishes, dunning, surveys; what is done besides tickets.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(_app, name="register")


@_app.command("kinds")
def kinds() -> None:
    """List the kinds of this site, and what is wrong with its own files (GEGE_HOME/register/NAME.yml)."""
    from bot.register.kind_files import read_kinds

    found = read_kinds(load_settings().home)
    for one in found.values():
        rules = ", ".join(f"{rule.name} ({rule.words})" for rule in one.due)
        print(
            f"{one.kind:<14} {one.words}　{', '.join(field.name for field in one.fields)}{f'; due: {rules}' if rules else ''}"
        )
    for problem in found.problems:
        note(problem)
    if found.problems:
        raise Failure(f"{len(found.problems)} of the files cannot be used")


@_app.command("due")
def due() -> None:
    """Make the tasks that are due today; the service does so by itself."""
    from bot.app.parts import existing_site
    from bot.register.due import make_tasks
    from bot.register.kind_files import read_kinds

    settings = load_settings()
    database = existing_site(settings)
    try:
        made = make_tasks(database, read_kinds(settings.home), dt.datetime.now(zone_of(settings)).date())
    finally:
        database.dispose()
    print(f"{made} tasks made")


@_app.command("redraw")
def redraw(number: int) -> None:
    """Draw a survey's households again from its seed, and hold them against what was written down."""
    from bot.app.parts import existing_site
    from bot.register.kind_files import read_kinds
    from bot.register.survey import DrawRefused, Survey

    settings = load_settings()
    database = existing_site(settings)
    try:
        same = Survey(database, read_kinds(settings.home)).drawn_again(number)
    except DrawRefused:
        raise Failure(f"there is no draw {number}") from None
    finally:
        database.dispose()
    if same is False:
        raise Failure(f"draw {number} comes out differently: its households were not drawn by its seed")
    print("the same households" if same else "the list of households has changed since: nothing can be said")
