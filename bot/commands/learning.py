"""`gege correct` and `gege learn`: what staff correct, and what Gege learns from it."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bot.settings import load_settings

_JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


class Mistyped(Exception):
    """The command line is not complete; the message says what is missing."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(correct)


def correct(
    which: Annotated[str, typer.Argument(help="Ticket to correct, or number of a correction to decide.")] = "",
    heard: Annotated[str, typer.Option("--heard", help="What the resident really said.")] = "",
    intent: Annotated[str, typer.Option("--intent", help="What the sentence means, as Rasa calls it.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="What kind of ticket it should have been.")] = "",
    household: Annotated[str, typer.Option("--household", help="Number of the household it was about.")] = "",
    by: Annotated[str, typer.Option("--by", help="Staff number of who does it.")] = "",
    confirm: Annotated[bool, typer.Option("--confirm", help="Second person: it is right.")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="Second person: it is not.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="List the corrections.")] = False,
    as_json: _JsonFlag = False,
) -> None:
    """Write down what was misheard: gege correct GD2611230001 --heard "冇电" --kind outage --by M11."""
    from bot.app import open_site
    from bot.learning.book import CorrectionBook, why

    if not list_all and not which:
        raise Mistyped("which ticket? gege correct TICKET --heard … --by STAFF_NO, or gege correct --list")
    if not list_all and not by:
        raise Mistyped("who does it? add --by STAFF_NO")
    if confirm and refuse:
        raise Mistyped("either --confirm or --refuse")
    if intent and kind:
        raise Mistyped("either --intent or --kind")
    if (confirm or refuse) and not (which.isascii() and which.isdigit()):
        raise Mistyped("which correction? gege correct N --confirm --by STAFF_NO (gege correct --list has the numbers)")
    settings = load_settings()
    database = open_site(settings)
    book = CorrectionBook(database, settings.learning.relabels_a_day)
    try:
        if list_all:
            return _list(book.corrections(), as_json)
        if confirm or refuse:
            done = book.decide(int(which), by, confirm)
        else:
            done = book.write(which, by, words=heard, intent=intent, kind=kind, household_no=household)
    finally:
        database.dispose()
    if as_json:
        return _out(_plain(done))
    told = f"correction {done.id} of {done.ticket_no}: {done.state}"
    told += f" for a second person: {why(done.reason)}" if done.state == "waiting" else ""
    print(told if done.fresh else f"{told} (nothing changed)", file=sys.stderr)


def _list(found: list[Any], as_json: bool) -> None:
    from bot.learning.book import why

    if as_json:
        return _out([_plain(one) for one in found])
    table = Table("no", "ticket", "heard", "should be", "kind", "household", "by", "state", "why")
    for one in found:
        cells = (one.ticket_no, one.heard, one.words, one.intent, one.household_no, one.by, one.state, why(one.reason))
        table.add_row(str(one.id), *cells)
    Console().print(table)


def _plain(card: Any) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(card)


def _out(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str), flush=True)
