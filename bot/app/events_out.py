"""Events for statistics: the outlet of a service, with what it looks tickets up in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.app.parts import Parts, tell
from bot.database import Database
from bot.dialogue.events.broker import NoBroker, read_broker
from bot.dialogue.events.outlet import Outlet, TicketFacts
from bot.dialogue.turns import RasaDialogue
from bot.notify.links import site_key
from bot.settings import Settings
from bot.tickets.models import Ticket


def outlet_of(settings: Settings, database: Database) -> Outlet:
    """The way out that the settings describe; not started. Raises NoBroker where they describe none."""
    read_broker(settings.events.file(settings.home))

    def ticket_of(ticket_no: str) -> TicketFacts | None:
        wanted = select(Ticket.kind, Ticket.grid_no, Ticket.urgent, Ticket.opened_at).where(
            Ticket.ticket_no == ticket_no
        )
        with database.reading() as session:
            row = session.execute(wanted).one_or_none()
        return None if row is None else TicketFacts(str(row.kind), row.grid_no or "", row.urgent, row.opened_at)

    return Outlet(
        settings.events.file(settings.home),
        settings.home,
        site_key(settings.home),
        ZoneInfo(settings.site.timezone),
        ticket_of,
        settings.events.waiting,
    )


@contextmanager
def outlet_beside(settings: Settings, database: Database) -> Iterator[Outlet | None]:
    """Running as long as the block; None where nothing is to leave. What cannot leave is told: nobody is kept from serving
    by statistics."""
    outlet = None
    if settings.events.on:
        try:
            outlet = outlet_of(settings, database)
        except NoBroker as problem:
            tell(f"NO EVENTS FOR STATISTICS: {problem}")
    if outlet is None:
        yield None
        return
    outlet.start()
    try:
        yield outlet
    finally:
        outlet.close()


@asynccontextmanager
async def events_out(service: Parts) -> AsyncIterator[None]:
    """What a service's turns meant and did leaves, where the site wants that, as long as the block runs."""
    dialogue = service.dialogue
    with contextlib.ExitStack() as stack:
        outlet = await asyncio.to_thread(stack.enter_context, outlet_beside(service.settings, service.database))
        if outlet is None or not isinstance(dialogue, RasaDialogue):
            yield
            return
        dialogue.on_turn = outlet.put
        try:
            yield
        finally:
            dialogue.on_turn = None
            await asyncio.to_thread(stack.close)
