"""A service's word broken on purpose, in its rows: what the checker is there to find."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.bench.crash.told import Told
from bot.database import open_database
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.models import Ticket, Timer


def _lose_ticket(session: Session, told: Told) -> None:
    """One that somebody was told of is nobody's any more."""
    ticket = session.scalars(select(Ticket).where(Ticket.session.in_(told.acknowledged)).limit(1)).one()
    ticket.session = "gone"


def _lose_timer(session: Session, told: Told) -> None:
    """Nothing is due for an open ticket."""
    id = session.scalars(select(Ticket.id).where(Ticket.state == "reported").limit(1)).one()
    session.execute(delete(Timer).where(Timer.ticket_id == id))


_ROWS: dict[str, Callable[[Session, Told], None]] = {"lose-ticket": _lose_ticket, "lose-timer": _lose_timer}
#: broken in the service's own process (`faults.spoil`)
IN_PROCESS = ("ack-before-commit", "lose-message")


def spoil_rows(fault: str, url: str, told: Told) -> None:
    """Break it in a database that has come to rest; nothing for what is broken elsewhere."""
    database = open_database(url)
    try:
        if fault in _ROWS:
            with database.session() as session:
                _ROWS[fault](session, told)
        elif fault == "double":
            one = next(iter(told.acknowledged))
            TicketDesk(database).report(Report("care", "再来一单", one, Caller.by(Channel.web)))
    finally:
        database.dispose()
