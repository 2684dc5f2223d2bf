"""Whose report it is: the vouched address that reported it, or the conversation in which it was said."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_

from bot.foundation.phone_numbers import spellings
from bot.grid.contacts import PHONE
from bot.tickets.intake.caller import Assurance, Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.models import Ticket

#: fact of a ticket whose grid the reporter must not hear, because only a 户号 or a name led there: the grid that was told
GRID_TOLD = "grid_told"


@dataclass(frozen=True)
class Reporter:
    """Who asks about reports of their own.

    Somebody for whom the network or a messenger vouches has what came from that channel and address. Everybody else has
    what was said in this conversation: a number that somebody typed is where to call back, and opens nothing."""

    caller: Caller
    session: str = ""

    @classmethod
    def of(cls, ticket: Ticket) -> Reporter:
        """Who reported a ticket."""
        return cls(ticket.caller, ticket.session)

    @property
    def known(self) -> bool:
        """There is something to go by."""
        return self.caller.vouched or bool(self.session)

    def owns(self) -> ColumnElement[bool]:
        """The condition on tickets; ask `known` first."""
        contact = self.caller.contact
        if contact is None:
            return Ticket.session == self.session
        channels = [str(each) for each in Channel if each.contacts == contact.channel]
        written = spellings(self.caller.address) if contact.channel == PHONE else {contact.address}
        return and_(
            Ticket.channel.in_(channels),
            Ticket.reporter.in_(written),
            Ticket.assurance != str(Assurance.typed),
        )
