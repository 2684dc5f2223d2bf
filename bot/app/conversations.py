"""Whole conversations with a service that nobody else uses: turns, what residents and staff do between them, hours that pass."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot.app.parts import Parts
from bot.database import Base, clock, now
from bot.dialogue.port import Reply
from bot.foundation.errors import Refused
from bot.grid import models as county
from bot.tickets.cards import Pressed, TicketCard
from bot.tickets.due.timers import Watch, next_due
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard
from bot.tickets.models import Activity, Ticket
from bot.voice.call_desk import leaves_open

#: the longest span that may pass at once
LONGEST_WAIT = dt.timedelta(days=366)


class NotNow(Refused):
    """What was asked for does not go here; the message says why."""


@dataclass
class _Conversation:
    """One conversation: `id` is the session's name inside, of its own for each call and each run."""

    channel: Channel
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    #: numbers of tickets that its turns opened or changed
    tickets: list[str] = field(default_factory=list)
    #: a resident who hangs up now has something left to say or to hear
    open: bool = True


@dataclass(frozen=True)
class Turned:
    """One turn: the reply, and the numbers of the tickets that it opened or changed."""

    reply: Reply
    tickets: tuple[str, ...]


class Conversations:
    """Conversations by name. `own`: the service works on a copy, so it may be emptied and its clock put forward."""

    def __init__(self, service: Parts, *, own: bool) -> None:
        self._service, self._own = service, own
        self._desk = service.desk
        self._rest = dt.timedelta(minutes=service.settings.dialogue.session_minutes)
        self._rules = service.rules
        self._going: dict[str, _Conversation] = {}
        self._watch = Watch(service.database, self._rules)

    async def turn(
        self,
        name: str,
        text: str,
        *,
        caller: str = "",
        channel: Channel = Channel.terminal,
        dialled: str = "",
        alternatives: Sequence[str] = (),
    ) -> Turned:
        """One utterance; the first of a name on the telephone begins a call."""
        going = self._going.get(name)
        if going is None:
            going = self._going[name] = _Conversation(channel)
            if channel == Channel.phone:
                await asyncio.to_thread(self._desk.begin_call, going.id, caller, dialled, "", "converse")
        elif going.channel != channel:
            raise NotNow(f"conversation {name!r} is by {going.channel}; it cannot go on by {channel}")
        mark = await asyncio.to_thread(self._last_activity)
        heard = Heard(
            id=uuid.uuid4().hex,
            session=going.id,
            text=text,
            alternatives=tuple(alternatives),
            caller=Caller.by(channel, caller),
            dialled=dialled,
            call_id=going.id if channel == Channel.phone else "",
        )
        reply = await self._service.dialogue.turn(heard)
        touched = await asyncio.to_thread(self._touched, mark, going.id, caller, reply.ticket_no)
        going.tickets += touched
        going.open = leaves_open(reply)
        return Turned(reply, touched)

    async def hang_up(self, name: str) -> list[str]:
        """The resident is gone: a call that broke off is owed a call back, what is open becomes tickets.

        → the numbers of tickets that came of it. The same name begins anew afterwards."""
        going = self._going.pop(name, None)
        if going is None:
            return []
        found: list[TicketCard] = []
        if going.channel == Channel.phone:
            if going.open and not going.tickets:
                found += await asyncio.to_thread(self._desk.call_back, going.id, "dropped")
            else:
                await asyncio.to_thread(self._desk.end_call, going.id, "hung_up")
        found += await asyncio.to_thread(self._desk.rest, going.id)
        return [card.ticket_no for card in found]

    async def press(self, act: str, ticket_no: str, by: str = "") -> Pressed:
        """`acknowledge`, `on_site` or `resolve` by somebody, else by the ticket's owner. Raises TicketRefused."""
        acts: dict[str, Callable[[str, str], Pressed]] = {
            "acknowledge": self._desk.acknowledge,
            "on_site": self._desk.on_site,
            "resolve": self._desk.resolve,
        }
        if not by:
            card = await asyncio.to_thread(self._desk.ticket, ticket_no)
            by = (card.owner if card else None) or ""
            if card and not by:
                raise NotNow(f'nobody owns {ticket_no}: say "by" whom')
        return await asyncio.to_thread(acts[act], ticket_no, by)

    async def wait(self, span: dt.timedelta) -> int:
        """Hours pass: what falls due meanwhile is done when it is due, what rests half-told becomes tickets.

        → how many timers fired. Raises NotNow in a site's home, whose clock is everybody's."""
        if not self._own:
            raise NotNow("time passes by itself in a site's home; wait only without --here")
        if not dt.timedelta() <= span <= LONGEST_WAIT:
            raise NotNow(f"wait between 0 and {LONGEST_WAIT / dt.timedelta(minutes=1):.0f} minutes")
        return await asyncio.to_thread(self._pass, span)

    def _pass(self, span: dt.timedelta) -> int:
        until, fired = now() + span, 0
        while True:
            at = now()
            # Dialogues rest in the middle of a step, and what becomes of them has timers of its own.
            step = min(until, at + self._rest, next_due(self._service.database, at) or until)
            # What falls due while this is worked out is due already.
            clock.advance(max(step - at, dt.timedelta()))
            at = now()
            fired += self._watch.tick(at)
            self._desk.sweep(at, self._rest)
            if at >= until:
                return fired

    async def fresh(self) -> None:
        """Empty everything but the county, and set the clock right. Raises NotNow in a site's home."""
        if not self._own:
            raise NotNow("a site's home is not emptied; use a copy (without --here)")
        self._going.clear()
        clock.set_right()
        self._watch = Watch(self._service.database, self._rules)
        await asyncio.to_thread(self._empty)

    def _empty(self) -> None:
        with self._service.database.session() as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table not in _COUNTY:
                    session.execute(table.delete())

    async def tickets(self) -> list[dict[str, Any]]:
        """All tickets, oldest first, with what staff see of them."""
        return await asyncio.to_thread(self._tickets)

    def _tickets(self) -> list[dict[str, Any]]:
        return [self._shown(card) for card in reversed(self._desk.tickets(limit=1_000_000))]

    def _shown(self, card: TicketCard) -> dict[str, Any]:
        owed = [one for one in self._desk.notifications(card.ticket_no) if one.staff_no]
        # What was taken back from somebody whom the resident complains of is owed to nobody.
        told = (one.staff_no for one in owed if one.state != "skipped" or one.staff_no not in card.complained_of)
        fields = ("ticket_no", "kind", "state", "urgent", "household_no", "grid_no", "owner", "place", "householder")
        return {
            **{name: getattr(card, name) for name in fields},
            "said": card.said,
            "facts": {**self._of_household(card.household_no), **card.facts},
            "notes": [one.note for one in self._desk.activities(card.ticket_no) if one.note],
            "told": list(dict.fromkeys(told)),
        }

    def _of_household(self, household_no: str | None) -> dict[str, Any]:
        """What a message to staff says of the household (bot/notify/routes.py)."""
        household = self._service.registry.household(household_no) if household_no else None
        if household is None:
            return {}
        facts: dict[str, Any] = dict.fromkeys(household.tags, True)
        if household.balance < 0:
            facts["owed"] = {"amount": str(-household.balance), "months": household.months_owed}
        return facts

    def _last_activity(self) -> int:
        with self._service.database.reading() as session:
            return session.scalar(select(func.max(Activity.id))) or 0

    def _touched(self, mark: int, session_id: str, caller: str, told: str | None) -> tuple[str, ...]:
        with self._service.database.reading() as session:
            return tuple(dict.fromkeys(_changed(session, mark, session_id, caller, told)))


#: what `gege import`, `gege sample` and the staff list make
_COUNTY = {mapper.local_table for mapper in Base.registry.mappers if mapper.class_.__module__ == county.__name__}


def _changed(session: Session, mark: int, session_id: str, caller: str, told: str | None) -> list[str]:
    """Tickets with something new in their history: of this conversation or caller, or the one that the reply names.

    (A report may make an outage of the neighbours' tickets; those are not the turn's.)"""
    whose = [Ticket.session == session_id, Ticket.ticket_no == (told or "")]
    if caller:
        whose.append(Ticket.reporter == caller)
    query = select(Ticket.ticket_no).join(Activity, Activity.ticket_id == Ticket.id)
    return list(session.scalars(query.where(Activity.id > mark, or_(*whose)).order_by(Activity.id)))
