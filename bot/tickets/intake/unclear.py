"""Where a report goes that could not be understood: a ticket `unclear`, with the recording, for a person.

What follows in the same call or conversation goes to the same ticket."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Protocol

from bot.grid.dialled import GridNumbers, grid_of_numbers
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.heard import Heard


class Intake(Protocol):
    """Keeps what could not be understood."""

    async def __call__(self, heard: Heard, reason: str) -> str | None:
        """Reasons: recogniser_failed, dialogue_failed, no_recogniser, storm, silent, call_back.
        Returns the ticket's number."""


class Later(Protocol):
    """Understands later what could not be understood now."""

    def owe(self, utterance_id: str, ticket_no: str, recording: str, /) -> None:
        """A recording whose words belong to that ticket; blocks."""


#: sessions whose ticket is remembered
_REMEMBERED = 2_000


def intake_of(desk: TicketDesk, registry: GridNumbers | None = None, later: Later | None = None) -> Intake:
    """The intake that ends at the ticket desk; without a registry only a QR code names the grid.

    `later` is owed every recording without words."""
    opened: OrderedDict[str, str] = OrderedDict()

    def grid_of(*numbers: str) -> str | None:
        if registry is None:
            # The desk drops a grid that does not exist.
            return next((each.removeprefix("grid_") for each in numbers if each.startswith("grid_")), None)
        return grid_of_numbers(registry, *numbers)

    def keep(heard: Heard, reason: str) -> str:
        fresh = desk.keep(heard)
        facts = {"reason": reason, "recording": heard.recording, "call_id": heard.call_id}
        earlier = opened.get(heard.session)
        if earlier is not None and fresh:
            desk.add(earlier, note=heard.text, facts=facts)
        ticket_no = earlier or desk.report(_report(heard, facts)).ticket_no
        opened[heard.session] = ticket_no
        if len(opened) > _REMEMBERED:
            opened.popitem(last=False)
        if later is not None and heard.recording and not heard.text and reason != "silent":
            later.owe(heard.id, ticket_no, heard.recording)
        return ticket_no

    def _report(heard: Heard, facts: dict[str, str]) -> Report:
        return Report.of(heard, "unclear", grid_no=grid_of(heard.dialled, heard.diverting), facts=facts)

    async def intake(heard: Heard, reason: str) -> str:
        return await asyncio.to_thread(keep, heard, reason)

    return intake
