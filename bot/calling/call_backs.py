"""A person calls back with one press: Gege rings whoever pressed, then the resident, and joins the two.

The resident sees the company's number, not a private one; two people talk in private (nothing is recorded)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from bot.calling.key import ask_for_key
from bot.calling.ledger import CALL_BACK, CallRefused, Ledger
from bot.foundation import logs
from bot.foundation.phone_numbers import to_dial
from bot.lines.bridge import Joinable, hearing_ringing, join, unless_over
from bot.lines.dialling import Dialler, say_why
from bot.notify.masking import surname
from bot.replicas.place import ALONE, Owner, let_go_of
from bot.speech.speak import Voice, VoiceFailed
from bot.tickets.desk import TicketCard, TicketDesk, TicketRefused
from bot.voice.calling_prompts import words
from bot.voice.mouth import say

log = logging.getLogger(__name__)

CONNECT, NOT_NOW = "1", "2"


class Presser(Protocol):
    """Somebody of the staff who pressed."""

    @property
    def staff_no(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def phone(self) -> str: ...


class Numbers(Protocol):
    """What of the registry is needed here."""

    def phones_of(self, household_no: str, /) -> list[str]: ...


def numbers_of(ticket: TicketCard, registry: Numbers) -> list[tuple[str, str]]:
    """("reporter" or "household", number), the reporter's own first: who calls for somebody else is called back."""
    found = [("reporter", ticket.caller.number)] if ticket.caller.number else []
    if ticket.household_no:
        found += [("household", number) for number in registry.phones_of(ticket.household_no)]
    return list({number: (whose, number) for whose, number in reversed(found)}.values())[::-1]


class CallBacks:
    """The calls of people who pressed 打电话. `begin` blocks: it is called from any thread but the loop's."""

    def __init__(
        self,
        desk: TicketDesk,
        registry: Numbers,
        dialler: Dialler,
        voice: Voice,
        ledger: Ledger,
        *,
        site: str,
        ring_s: float = 25.0,
        not_now: Callable[[], bool] = lambda: False,
        owner: Owner = ALONE,
    ) -> None:
        """`not_now()`: the service stops; `owner`: of several services one calls about a case, or for a person. Made in
        the running loop that carries the calls."""
        self._owner = owner
        self._desk, self._registry, self._dialler, self._voice = desk, registry, dialler, voice
        self._ledger, self._site, self._ring_s, self._not_now = ledger, site, ring_s, not_now
        self._loop = asyncio.get_running_loop()
        #: ticket number and staff number of every call that goes on
        self._going: dict[tuple[str, str], asyncio.Future[None]] = {}

    @property
    def going(self) -> int:
        """Calls that go on."""
        return len(self._going)

    def begin(self, ticket: TicketCard, person: Presser, number: str = "") -> str:
        """Ring `person`, then a number of the case (the first one when none is said). Whoever asks has been found
        allowed to see the case.

        What became of it: "ringing", or why not: "no_number", "no_phone" (whoever pressed has none), "already" (a call
        of this case, or of this person, goes on), "stopping", or a reason of CallRefused."""
        known = [one for _, one in numbers_of(ticket, self._registry)]
        number = number or next(iter(known), "")
        if not number or number not in known:
            return "no_number"
        if not to_dial(person.phone) or to_dial(person.phone) == to_dial(number):
            return "no_phone"
        try:
            self._ledger.check(number, CALL_BACK)
        except CallRefused as refused:
            return refused.reason
        return asyncio.run_coroutine_threadsafe(self._start(ticket, person, number), self._loop).result()

    async def _start(self, ticket: TicketCard, person: Presser, number: str) -> str:
        if self._not_now():
            return "stopping"
        if any(ticket.ticket_no == no or person.staff_no == who for no, who in self._going):
            return "already"
        key = (ticket.ticket_no, person.staff_no)
        self._going[key] = task = asyncio.create_task(self._call_once(ticket, person, number))
        task.add_done_callback(lambda _: self._going.pop(key, None))
        return "ringing"

    async def _call_once(self, ticket: TicketCard, person: Presser, number: str) -> None:
        """Unless another service of this database calls about the case, or for this person, just now."""
        async with contextlib.AsyncExitStack() as ours:
            for what in (f"call-back {ticket.ticket_no}", f"call-back by {person.staff_no}"):
                if not await asyncio.to_thread(self._owner.claim, what):
                    log.info("call-back %s goes on in another service", ticket.ticket_no)
                    return
                ours.push_async_callback(let_go_of, self._owner, what)
            await self._call(ticket, person, number)

    def hang_up(self, staff_no: str) -> None:
        """Hang up what somebody of the staff is talking in: their telephone was lost. From any thread."""

        def cut() -> None:
            for (_, who), task in list(self._going.items()):
                if who == staff_no:
                    task.cancel()

        self._loop.call_soon_threadsafe(cut)

    async def close(self) -> None:
        """Hang up; the cases stay whose they are."""
        going = list(self._going.values())
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def _call(self, ticket: TicketCard, person: Presser, number: str) -> None:
        logs.note(ticket=ticket.ticket_no)
        try:
            async with self._rung(ticket, to_dial(person.phone), person.staff_no) as (line, _):
                if line is not None and await self._wants(line):
                    await self._put_through(line, ticket, person, number)
        except CallRefused:
            log.warning("call-back %s: the hour's calls are used up; see [calling] per_hour", ticket.ticket_no)
        except VoiceFailed:
            log.exception("call-back %s cannot be spoken", ticket.ticket_no)
        except Exception:
            log.exception("call-back %s broke off", ticket.ticket_no)

    async def _wants(self, line: Joinable) -> bool:
        """Whoever presses 1 is a person, and has the case from now on; a mailbox learns nothing of it."""
        sentence = words().call_back.format(site=self._site)
        return await ask_for_key(line, self._voice, sentence, (CONNECT, NOT_NOW)) == CONNECT

    async def _put_through(self, line: Joinable, ticket: TicketCard, person: Presser, number: str) -> None:
        said = words()
        with contextlib.suppress(TicketRefused):  # it is over, and called about all the same
            await asyncio.to_thread(self._desk.press, ticket.ticket_no, "acknowledge", person.staff_no)
        outcome = await self._talk(line, ticket, person, number)
        note = said.call_back_notes.get(outcome, said.call_back_notes["failed"])
        with contextlib.suppress(TicketRefused):
            await asyncio.to_thread(lambda: self._desk.rang(ticket.ticket_no, person.staff_no, note=note))
        if outcome != "answered" and not line.ended.is_set():
            line.drop()
            await say(line, self._voice, said.call_back_told.get(outcome, said.call_back_told["failed"]))

    async def _talk(self, line: Joinable, ticket: TicketCard, person: Presser, number: str) -> str:
        """Ring the resident and let both talk; how that ended: "given_up" where whoever pressed left before."""
        async with contextlib.AsyncExitStack() as stack:
            resident = stack.enter_async_context(self._rung(ticket, to_dial(number), ""))
            async with hearing_ringing(line):
                other, outcome = await unless_over(resident, line.ended) or (None, "given_up")
            if other is None:
                return outcome
            said, family = words(), surname(person.name)
            who = said.call_back_master.format(surname=family) if family else said.call_back_somebody
            sentence = said.call_back_from.format(site=self._site, who=who)
            with contextlib.suppress(VoiceFailed):
                await unless_over(say(other, self._voice, sentence), line.ended)
            if line.ended.is_set():
                return "given_up"
            await join(line, other)
            return "answered"

    @contextlib.asynccontextmanager
    async def _rung(self, ticket: TicketCard, number: str, staff_no: str) -> AsyncIterator[tuple[Joinable | None, str]]:
        """A number, rung and written down: the line when it was answered, and the outcome; hung up at the end."""
        placed = await asyncio.to_thread(self._ledger.begin, number, CALL_BACK, ticket.ticket_no, staff_no)
        outcome = "given_up"
        try:
            rung = await self._dialler.ring(number, self._ring_s)
            outcome = rung.outcome
            if rung.call is None:
                say_why(rung, f"call-back {ticket.ticket_no}: {f'staff {staff_no}' if staff_no else 'the resident'}")
            try:
                yield (rung.call.line if rung.call else None), rung.outcome
            finally:
                if rung.call is not None:
                    await rung.call.hang_up()
        finally:
            await asyncio.shield(asyncio.to_thread(self._ledger.end, placed, outcome))
