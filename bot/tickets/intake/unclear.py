"""Where what was said goes when no machine understood it: a ticket for a person, with the recording.

The one way, for calls, the page and messengers alike. What follows in the same conversation goes to the same ticket."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from bot.grid.dialled import GridNumbers, grid_of_numbers
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.answered import FOR_A_PERSON
from bot.tickets.intake.danger import danger_in
from bot.tickets.intake.heard import Heard
from bot.tickets.models import Kind


class Intake(Protocol):
    """Keeps what could not be understood."""

    async def __call__(self, heard: Heard, reason: str) -> str | None:
        """Reasons: recogniser_failed, dialogue_failed, no_recogniser, storm, silent, not_heard, no_file.
        Returns the ticket's number; None when Gege has answered it after all."""


class Later(Protocol):
    """Understands later what could not be understood now."""

    def owe(self, utterance_id: str, ticket_no: str, recording: str, /) -> None:
        """A recording whose words belong to that ticket; blocks."""


class ForAPerson:
    """The intake that ends at the ticket desk; without a registry only a QR code names the grid."""

    def __init__(self, desk: TicketDesk, registry: GridNumbers | None = None) -> None:
        self._desk, self._registry = desk, registry
        #: owed every recording without words, once somebody is there who may hear them
        self.later: Later | None = None

    async def __call__(self, heard: Heard, reason: str) -> str | None:
        return await asyncio.to_thread(self.keep, heard, reason)

    def keep(self, heard: Heard, reason: str) -> str | None:
        """All of it is one transaction, and a turn that is still about the same utterance then comes to nothing."""
        desk = self._desk
        with desk.together():
            desk.keep(heard)
            before = desk.answered(heard.id)
            if before and before.get("ticket_no"):
                return str(before["ticket_no"])
            if before and not heard.call_id:
                return None  # answered meanwhile, and the conversation goes on
            ticket_no = self._ticket(heard, reason)
            if before is None:
                desk.answer(heard.id, {FOR_A_PERSON: True, "ticket_no": ticket_no})
            if self.later is not None and heard.recording and not heard.text and reason != "silent":
                self.later.owe(heard.id, ticket_no, heard.recording)
            return ticket_no

    def _ticket(self, heard: Heard, reason: str) -> str:
        facts: dict[str, Any] = {"reason": reason, "recording": heard.recording, "call_id": heard.call_id}
        if reason == "silent" and (told := self._desk.rest(heard.session)):
            # He fell silent in the middle: what he had told by then is the case, and silence is no second one.
            self._desk.add(told[0].ticket_no, facts=facts)
            return told[0].ticket_no
        danger = danger_in(heard.text) is not None
        # Among words that stand there by chance danger is no report, and still makes a person hurry.
        kind = Kind.hazard if danger and not heard.unclear else Kind.unclear
        if earlier := self._desk.open_of_session(heard.session, kind):
            self._desk.add(earlier, note=heard.text, facts=facts)
            return earlier
        grid_no = self._grid_of(heard.dialled, heard.diverting)
        report = Report.of(heard, kind, grid_no=grid_no, facts=facts, urgent=danger)
        return self._desk.report(report).ticket_no

    def _grid_of(self, *numbers: str) -> str | None:
        if self._registry is None:
            # The desk drops a grid that does not exist.
            return next((each.removeprefix("grid_") for each in numbers if each.startswith("grid_")), None)
        return grid_of_numbers(self._registry, *numbers)


def intake_of(desk: TicketDesk, registry: GridNumbers | None = None, later: Later | None = None) -> ForAPerson:
    """The intake of a desk; `later` is owed every recording without words."""
    intake = ForAPerson(desk, registry)
    intake.later = later
    return intake
