"""Where a report goes that could not be understood: a ticket `unclear`, with the recording, for a person."""

from __future__ import annotations

import asyncio
from typing import Protocol

from bot.dialogue.port import Heard
from bot.tickets.desk import Report, TicketDesk


class GridNumbers(Protocol):
    """What of the registry is needed here."""

    def grid_of_number(self, number: str, /) -> str | None:
        """The grid that a dialled or diverting number, or a QR code ("grid_24"), names."""


class Intake(Protocol):
    """Keeps what could not be understood."""

    async def __call__(self, heard: Heard, reason: str) -> str | None:
        """Reasons: recogniser_failed, dialogue_failed, silent. Returns the ticket's number."""


def intake_of(desk: TicketDesk, registry: GridNumbers | None = None) -> Intake:
    """The intake that ends at the ticket desk; without a registry only a QR code names the grid."""

    def grid_of(*numbers: str) -> str | None:
        if registry is None:
            # The desk drops a grid that does not exist.
            return next((each.removeprefix("grid_") for each in numbers if each.startswith("grid_")), None)
        return next(filter(None, (registry.grid_of_number(each) for each in numbers if each)), None)

    def keep(heard: Heard, reason: str) -> str:
        desk.keep_utterance(
            heard.id,
            heard.session,
            heard.channel,
            heard.text,
            heard.alternatives,
            heard.caller,
            heard.recording,
            heard.call_id,
        )
        facts = {"reason": reason, "recording": heard.recording, "call_id": heard.call_id}
        report = Report(
            kind="unclear",
            said=heard.text,
            session=heard.session,
            channel=heard.channel,
            reporter=heard.caller,
            utterance_id=heard.id,
            grid_no=grid_of(heard.dialled, heard.diverting),
            facts=facts,
        )
        return desk.report(report).ticket_no

    async def intake(heard: Heard, reason: str) -> str:
        return await asyncio.to_thread(keep, heard, reason)

    return intake
