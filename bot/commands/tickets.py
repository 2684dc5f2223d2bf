"""Tickets and what is owed to people, looked at and moved from a shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from bot.commands.completing import kinds, staff_numbers, ticket_numbers
from bot.commands.completing import moves as moves_of_a_ticket
from bot.commands.line import Failure, JsonFlag, known_kind, out, plain, zone_of
from bot.foundation.nearest import did_you_mean
from bot.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("tickets")(tickets)
    app.command("ticket")(ticket)
    app.command("notifications")(notifications)


def tickets(
    as_json: JsonFlag = False,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are not settled.")] = False,
    grid: Annotated[str | None, typer.Option("--grid", help="Only those of this grid.")] = None,
    person: Annotated[
        str | None,
        typer.Option("--person", autocompletion=staff_numbers, help="Only those that this staff number owns."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", autocompletion=kinds, help="Only this kind: outage, hazard, complaint …"),
    ] = None,
) -> None:
    """List tickets, newest first: gege tickets --open --grid 11 --kind outage."""
    if kind is not None:
        known_kind(kind)
    from bot.app.parts import existing_site
    from bot.commands.terminal import show_tickets
    from bot.tickets.desk import TicketDesk

    settings = load_settings()
    database = existing_site(settings)
    try:
        found = TicketDesk(database).tickets(open_only, limit=10_000, grid_no=grid, owner=person, kind=kind)
    finally:
        database.dispose()
    if as_json:
        out([plain(one) for one in found], zone_of(settings))
    else:
        show_tickets(found, zone_of(settings))


def ticket(
    number: Annotated[str, typer.Argument(autocompletion=ticket_numbers, help="Number of the ticket.")],
    move: Annotated[
        str,
        typer.Argument(
            autocompletion=moves_of_a_ticket, help="ack, on-site, resolve, cancel, pass, or nothing to look."
        ),
    ] = "",
    by: Annotated[str, typer.Option("--by", autocompletion=staff_numbers, help="Staff number of who does it.")] = "",
    to: Annotated[
        str, typer.Option("--to", autocompletion=staff_numbers, help="pass: staff number of who gets it.")
    ] = "",
    words: Annotated[str, typer.Option("--note", help="What was done, or why.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Look at a ticket or move it: gege ticket GD2611230001 ack --by M11."""
    from bot.app.parts import existing_site
    from bot.commands.terminal import show_ticket
    from bot.tickets.desk import TicketDesk, TicketRefused
    from bot.tickets.rules import rules_of

    settings = load_settings()
    database = existing_site(settings)
    desk = TicketDesk(database, rules=rules_of(settings))
    moves: dict[str, Callable[[], Any]] = {
        "ack": lambda: desk.acknowledge(number, by),
        "on-site": lambda: desk.on_site(number, by),
        "resolve": lambda: desk.resolve(number, by, note=words),
        "cancel": lambda: desk.cancel(number, by=by or "resident"),
        "pass": lambda: desk.pass_on(number, to, by, words),
    }
    try:
        if desk.ticket(number) is None:
            raise Failure(f"there is no ticket {number}")
        if move and move not in moves:
            raise Failure(f"there is no move {move}{did_you_mean(move, moves)} ({', '.join(moves)})")
        if move and move != "cancel" and not by:
            raise Failure("who does it? add --by STAFF_NO")
        if move:
            moves[move]()
        if as_json:
            out(
                {
                    **plain(desk.ticket(number)),
                    "activities": [plain(one) for one in desk.activities(number)],
                    "notifications": [plain(one) for one in desk.notifications(number)],
                },
                zone_of(settings),
            )
        else:
            show_ticket(desk, number, zone_of(settings))
    except TicketRefused as refused:
        raise Failure(str(refused)) from None
    finally:
        database.dispose()


def notifications(as_json: JsonFlag = False) -> None:
    """List what is or was owed to people, newest first."""
    from bot.app.parts import existing_site
    from bot.commands.terminal import show_notifications
    from bot.tickets.desk import TicketDesk

    settings = load_settings()
    database = existing_site(settings)
    try:
        found = TicketDesk(database).notifications()
    finally:
        database.dispose()
    if as_json:
        out([plain(one) for one in found], zone_of(settings))
    else:
        show_notifications(found, zone_of(settings))
