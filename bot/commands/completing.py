"""What TAB offers beside commands and options: numbers and names of the site, read without changing it. Never raises."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Select

#: a screen of them; who wants an older one types its number
_MOST = 30

Offer = tuple[str, str]


def ticket_numbers(incomplete: str) -> list[Offer]:
    """The newest tickets, with what they are about."""

    def newest() -> Select[Any]:
        from sqlalchemy import select

        from bot.tickets.models import Ticket

        return select(Ticket.ticket_no, Ticket.kind).order_by(Ticket.id.desc())

    return list(_read(newest, incomplete))


def outage_numbers(incomplete: str) -> list[Offer]:
    """The newest outages, with their state."""

    def newest() -> Select[Any]:
        from sqlalchemy import select

        from bot.tickets.models import Outage

        return select(Outage.outage_no, Outage.state).order_by(Outage.id.desc())

    return list(_read(newest, incomplete))


def staff_numbers(incomplete: str) -> list[Offer]:
    """Everybody of the staff, by name."""

    def all_of_them() -> Select[Any]:
        from sqlalchemy import select

        from bot.grid.models import Staff

        return select(Staff.staff_no, Staff.name).order_by(Staff.staff_no)

    return list(_read(all_of_them, incomplete))


def kinds(incomplete: str) -> list[str]:
    """Kinds of ticket, a site's own as well."""
    with contextlib.suppress(Exception):
        from bot.tickets.kinds import all_kinds

        return [one for one in all_kinds() if one.startswith(incomplete)]
    return []


def models(incomplete: str) -> list[str]:
    """Speech models that can be fetched."""
    with contextlib.suppress(Exception):
        from bot.speech.catalogue import catalogue

        return [one for one in catalogue() if one.startswith(incomplete)]
    return []


def moves(incomplete: str) -> list[str]:
    """What can be done with a ticket."""
    return [one for one in MOVES if one.startswith(incomplete)]


#: of `gege ticket`
MOVES = ("ack", "on-site", "resolve", "cancel", "pass")


def _read(query: Any, incomplete: str) -> Iterator[Offer]:
    """Rows of the site's database that begin so; nothing where there is no site, or it cannot be read."""
    # Whatever is wrong is told by the command itself, not in the middle of a line that is typed.
    with contextlib.suppress(Exception):
        from bot.database import open_database
        from bot.settings import load_settings

        settings = load_settings()
        if not settings.database and not (settings.home / "gege.sqlite").exists():
            return
        wanted = query()
        number = wanted.selected_columns[0]
        database = open_database(settings.database_url)
        try:
            with database.reading() as session:
                found = session.execute(wanted.where(number.startswith(incomplete, autoescape=True)).limit(_MOST))
                yield from ((str(name), str(what)) for name, what in found.all())
        finally:
            database.dispose()
