"""Danger rings: manager, assistant, duty desk in turn, again and again, until somebody presses 1."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.calling.key import ask_for_key
from bot.calling.ledger import DANGER, Ledger
from bot.database import now
from bot.foundation import logs
from bot.foundation.backoff import Backoff
from bot.foundation.phone_numbers import to_dial
from bot.lines.dialling import OURS, Connected, Dialler, Rung, say_why
from bot.notify.masking import mask
from bot.replicas.place import ALONE, Owner, let_go_of
from bot.speech.speak import Voice, VoiceFailed
from bot.telephone.ring_plan import People, Person, in_order
from bot.tickets.desk import TicketCard, TicketDesk, TicketRefused
from bot.tickets.models import Kind, State
from bot.voice.calling_prompts import words
from bot.voice.mouth import say

log = logging.getLogger(__name__)

TAKE, CANNOT = "1", "2"
#: a round in which nobody could be rung at all is none: it is tried again soon
_AGAIN = Backoff(5.0, 60.0)
#: how ringing ended when somebody has the ticket
_SETTLED = ("confirmed", "given_up")
#: how often it is looked whether somebody has taken it meanwhile by another way (s)
_LOOK_S = 1.0


class Staff(Person, Protocol):
    """Somebody who can be rung, and who takes a ticket."""

    @property
    def staff_no(self) -> str: ...


class DangerCalls:
    """Rings for every hazard that nobody has acknowledged."""

    def __init__(
        self,
        desk: TicketDesk,
        people: People[Staff],
        dialler: Dialler,
        voice: Voice,
        ledger: Ledger,
        *,
        site: str,
        ring_s: float = 25.0,
        pause_s: float = 60.0,
        not_now: Callable[[], bool] = lambda: False,
        owner: Owner = ALONE,
    ) -> None:
        """`pause_s` passes between two rounds; `not_now()`: the service stops; `owner`: of several services one rings for
        a ticket."""
        self._owner = owner
        self._desk, self._people, self._dialler, self._voice = desk, people, dialler, voice
        self._ledger, self._site, self._ring_s, self._pause_s = ledger, site, ring_s, pause_s
        self._not_now = not_now
        self._rounds: dict[str, asyncio.Task[None]] = {}

    async def tick(self, at: dt.datetime | None = None) -> int:
        """Begin to ring for what is open; how many are being rung for."""
        for number in [number for number, task in self._rounds.items() if task.done()]:
            del self._rounds[number]
        if not self._not_now():
            for ticket in await asyncio.to_thread(self._desk.unacknowledged, Kind.hazard):
                if ticket.ticket_no not in self._rounds and await self._is_ours(ticket):
                    self._rounds[ticket.ticket_no] = asyncio.create_task(self._until_taken(ticket))
        return len(self._rounds)

    async def close(self) -> None:
        """Hang up; what is open is rung for again after the start."""
        for task in self._rounds.values():
            task.cancel()
        await asyncio.gather(*self._rounds.values(), return_exceptions=True)

    def people_of(self, ticket: TicketCard) -> list[Staff]:
        """In the order in which they are rung; nobody's telephone twice, and nobody's of whom it complains. Blocks."""
        found: dict[str, Staff] = {}
        for each in in_order(self._people, ticket.grid_no):
            if each.staff_no not in ticket.complained_of and (number := to_dial(each.phone)):
                found.setdefault(number, each)
        return list(found.values())

    async def _is_ours(self, ticket: TicketCard) -> bool:
        return await asyncio.to_thread(self._owner.claim, f"danger {ticket.ticket_no}")

    async def _until_taken(self, ticket: TicketCard) -> None:
        try:
            await self._rounds_of(ticket)
        finally:
            await let_go_of(self._owner, f"danger {ticket.ticket_no}")

    async def _rounds_of(self, ticket: TicketCard) -> None:
        logs.note(ticket=ticket.ticket_no)
        try:
            in_vain = 0
            while True:
                fresh = await asyncio.to_thread(self._desk.ticket, ticket.ticket_no)
                people = await asyncio.to_thread(self.people_of, fresh or ticket)
                if not people:
                    log.error("danger %s: nobody has a telephone number; see the staff import", ticket.ticket_no)
                rang = False
                for person in people:
                    if await self._taken(ticket.ticket_no) or not await self._is_ours(ticket):
                        return
                    outcome = await self._ring(fresh or ticket, person)
                    if outcome in _SETTLED:
                        return
                    rang = rang or outcome not in OURS
                in_vain = 0 if rang or not people else in_vain + 1
                await asyncio.sleep(min(self._pause_s, _AGAIN.wait(in_vain) or 0.0) if in_vain else self._pause_s)
                if await self._taken(ticket.ticket_no):
                    return
        except Exception:
            log.exception("danger %s could not be rung for; it is tried again", ticket.ticket_no)
            await asyncio.sleep(_LOOK_S)

    async def _taken(self, ticket_no: str) -> bool:
        card = await asyncio.to_thread(self._desk.ticket, ticket_no)
        return card is None or card.state != State.reported

    async def _ring(self, ticket: TicketCard, person: Staff) -> str:
        """How it ended, as PlacedCall keeps it: "confirmed" or "given_up" when somebody has the ticket now."""
        placed = await asyncio.to_thread(self._ledger.begin, person.phone, DANGER, ticket.ticket_no, person.staff_no)
        outcome = "failed"
        try:
            rung = await self._unless_taken(ticket.ticket_no, self._dialler.ring(to_dial(person.phone), self._ring_s))
            if rung is None:
                outcome = "given_up"
                return outcome
            outcome = rung.outcome
            if rung.call is None:
                say_why(rung, f"danger {ticket.ticket_no}: staff {person.staff_no}")
                return outcome
            try:
                outcome = "confirmed" if await self._ask(ticket, person, rung.call) else "answered"
                return outcome
            finally:
                await rung.call.hang_up()
        except VoiceFailed:
            log.exception("danger %s cannot be spoken", ticket.ticket_no)
            return outcome
        finally:
            await asyncio.shield(asyncio.to_thread(self._ledger.end, placed, outcome))

    async def _unless_taken(self, ticket_no: str, ringing: Awaitable[Rung[Connected]]) -> Rung[Connected] | None:
        """What came of ringing; None when the ticket was taken by another way meanwhile."""
        asking = asyncio.ensure_future(ringing)
        try:
            while not asking.done():
                await asyncio.wait({asking}, timeout=_LOOK_S)
                if not asking.done() and await self._taken(ticket_no):
                    return None
            return asking.result()
        finally:
            if not asking.done():
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)

    async def _ask(self, ticket: TicketCard, person: Staff, call: Connected) -> bool:
        said = words()
        sentence = said.danger.format(
            site=self._site,
            # a voice mailbox may keep it: what was said goes as masked as it goes by messenger
            what=mask(ticket.said)[:60] or said.danger_what,
            where=mask(ticket.place) or said.danger_where,
        )
        key = await ask_for_key(call.line, self._voice, sentence, (TAKE, CANNOT), again=said.danger_again)
        if key == CANNOT:
            await say(call.line, self._voice, said.danger_passed)
        if key != TAKE:
            return False
        try:
            await asyncio.to_thread(self._desk.acknowledge, ticket.ticket_no, person.staff_no, now())
        except TicketRefused:
            await say(call.line, self._voice, said.danger_settled)
            return True
        await say(call.line, self._voice, said.danger_taken)
        return True
