"""The register 登记 from a shell: its kinds, what is due, a draw that is drawn again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.chinese import told
from bot.commands.line import Failure, JsonFlag, existing_home, note, out, zone_of
from bot.commands.tables import Column, show
from bot.foundation.nearest import did_you_mean
from bot.settings import load_settings

_app = typer.Typer(help="登记: visits, wishes, dunning, surveys; what is done besides tickets.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(_app, name="register")


@_app.command("kinds")
def kinds(as_json: JsonFlag = False) -> None:
    """List the kinds of this site, and what is wrong with its own files (GEGE_HOME/register/NAME.yml)."""
    from bot.register.kind_files import read_kinds

    settings = load_settings()
    existing_home(settings)
    found = read_kinds(settings.home)
    if as_json:
        rows = [
            {
                "kind": one.kind,
                "name": one.words,
                "fields": [field.name for field in one.fields],
                "due": [{"rule": rule.name, "name": rule.words} for rule in one.due],
            }
            for one in found.values()
        ]
        out(rows)
    else:
        columns = [
            Column(told("kind")),
            Column(told("name")),
            Column(told("fields"), text=True),
            Column(told("due"), text=True),
        ]
        cells = [
            (
                one.kind,
                one.words,
                ", ".join(field.name for field in one.fields),
                ", ".join(rule.words for rule in one.due),
            )
            for one in found.values()
        ]
        show(columns, cells, told("no kinds"))
    for problem in found.problems:
        note(problem)
    if found.problems:
        raise Failure(f"{len(found.problems)} of the files cannot be used")


@_app.command("due")
def due(as_json: JsonFlag = False) -> None:
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
    out({"made": made}) if as_json else print(told(f"{made} tasks made"))


@_app.command("export")
def export(
    file: Path,
    month: Annotated[str, typer.Option("--month", help="Only of a month, 2026-11.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Only of a kind, by its name (gege register kinds).")] = "",
) -> None:
    """Write the register into FILE.xlsx or FILE.csv; 户号 is text, and nothing in it runs."""
    from bot.app.parts import existing_site
    from bot.foundation.files import write_whole
    from bot.foundation.local_time import read_month
    from bot.register.book import MOST_OF_A_SHEET, Book, Reader
    from bot.register.kind_files import read_kinds
    from bot.register.sheets import file_of

    settings = load_settings()
    first = read_month(month) if month else None
    if month and first is None:
        raise Failure(f"{month} is no month: write it as 2026-11")
    if file.suffix.lower() not in (".xlsx", ".csv"):
        raise Failure(f"{file}: write FILE.xlsx or FILE.csv")
    database = existing_site(settings)
    try:
        book = Book(database, read_kinds(settings.home))
        if kind and kind not in book.kinds:
            raise Failure(f"there is no kind {kind}{did_you_mean(kind, book.kinds)} ({', '.join(book.kinds)})")
        wanted = (first.year, first.month) if first else None
        found = book.listed(Reader("", "", None), kind, month=wanted, limit=MOST_OF_A_SHEET)
        write_whole(file, file_of(book, found, csv=file.suffix.lower() == ".csv"))
    except OSError as problem:
        raise Failure(f"{file} cannot be written ({problem.strerror})") from None
    finally:
        database.dispose()
    note(f"{len(found)} entries written")


@_app.command("import")
def import_(file: Path, by: Annotated[str, typer.Option("--by", help="Who entered it: a staff number.")]) -> None:
    """Enter what a sheet holds (CSV, xlsx; the columns of an export), all of it or nothing; the same row is one entry."""
    from bot.app.parts import existing_site
    from bot.grid.problems import ImportRefused
    from bot.register.book import Book
    from bot.register.kind_files import read_kinds
    from bot.register.sheets import reader_of, take_sheet

    settings = load_settings()
    database = existing_site(settings)
    try:
        who = reader_of(database, by)
        if who is None:
            raise Failure(f"there is nobody with the staff number {by}")
        today = dt.datetime.now(zone_of(settings)).date()
        done = take_sheet(database, Book(database, read_kinds(settings.home)), file.name, file.read_bytes(), who, today)
    except ImportRefused as refused:
        raise Failure(str(refused)) from None
    except OSError as problem:
        raise Failure(f"{file} cannot be read ({problem.strerror})") from None
    finally:
        database.dispose()
    note(str(done))


@_app.command("redraw")
def redraw(number: Annotated[int, typer.Argument(help="Number of the draw.")]) -> None:
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
