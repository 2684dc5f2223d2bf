"""What people do in 试听: say 对 or 改, look at what waits, and put a kind of a grid on or off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from bot.database import now
from bot.grid.models import Grid
from bot.tickets import access, reading, shadow
from bot.tickets.cards import NotYours, Pressed, TicketCard, TicketRefused
from bot.tickets.life import proposing
from bot.tickets.life.proposing import Meant
from bot.tickets.models import ShadowSwitch, State, Ticket, Timer
from bot.tickets.owed.paging import EVERYWHERE, UNCONFIRMED
from bot.tickets.shadow import Standing
from bot.tickets.transactions import Transactions

#: a page shows so many at once; the next come when these are done
MOST = 10
#: of what waits, so many are looked at for one reader
_LOOKED_AT = 500


@dataclass(frozen=True)
class Waiting:
    """One report that waits, and until when."""

    ticket: TicketCard
    until: dt.datetime


class ShadowDesk(Transactions):
    """Commands and questions; every command is one transaction. All methods block."""

    def judge(self, ticket_no: str, by: str, meant: Meant | None = None, at: dt.datetime | None = None) -> Pressed:
        """对, or (with `meant`) 改; the second one hears who was first. Raises NotYours, TicketRefused."""
        return self._handle(ticket_no, by, at, lambda it: proposing.judge(it, meant))

    def waiting(self, by: str, at: dt.datetime | None = None, most: int = MOST) -> tuple[list[Waiting], int]:
        """What waits that `by` may read, the oldest first, and how many there are in all."""
        at = at or now()
        with self._database.reading() as session:
            person = access.known(session, by)
            rows = session.execute(
                select(Ticket, Timer.due_at)
                .join(Timer, Timer.ticket_id == Ticket.id)
                .where(Timer.kind == UNCONFIRMED, Timer.done_at.is_(None), Ticket.state == State.reported)
                .order_by(Ticket.opened_at, Ticket.id)
                .limit(_LOOKED_AT)
            ).all()
            place = access.place_of(session, person, at)
            mine = [(ticket, due) for ticket, due in rows if access.may_see(session, person, ticket, at, place)]
            return [Waiting(reading.card(session, ticket), due) for ticket, due in mine[:most]], len(mine)

    def standings(self, at: dt.datetime | None = None) -> list[Standing]:
        """Every kind and grid that was ever switched."""
        with self._database.reading() as session:
            return shadow.standings(session, at or now())

    def grids(self) -> list[str]:
        """Every grid, in the order of their numbers."""
        with self._database.reading() as session:
            return sorted(session.scalars(select(Grid.grid_no)), key=lambda one: one.zfill(8))

    def switch(
        self, grids: Collection[str], kinds: Collection[str], on: bool, by: str, at: dt.datetime | None = None
    ) -> int:
        """Put these kinds of these grids on or off; how many changed. Who did it, and what was counted then, is written
        down. Raises NotYours for who does not serve the whole county, TicketRefused for a grid or kind that is none."""
        at = at or now()
        with self._database.session() as session:
            if access.known(session, by).role not in EVERYWHERE:
                raise NotYours(f"{by} does not switch 试听: team, duty and admin do")
            known = set(session.scalars(select(Grid.grid_no)))
            if strange := [*sorted(set(grids) - known), *sorted(set(kinds) - set(shadow.kinds()))]:
                raise TicketRefused(f"{strange[0]} is no grid, or no kind that can be listened to")
            stands = {(one.grid_no, one.kind): one for one in shadow.standings(session, at)}
            changed = 0
            for grid_no in grids:
                for kind in kinds:
                    before = stands.get((grid_no, kind))
                    if (before is not None and before.on) == on:
                        continue
                    right, judged = (before.right, before.judged) if before else (0, 0)
                    session.add(
                        ShadowSwitch(grid_no=grid_no, kind=kind, on=on, by=by, at=at, right=right, judged=judged)
                    )
                    changed += 1
            return changed
