"""95598: tickets that the national hotline hands down, and what became of them; both numbers stay, nobody enters twice."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.foundation.widths import plain
from bot.grid.models import Staff
from bot.tickets import reading
from bot.tickets.cards import Report, TicketCard
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Assurance, Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard
from bot.tickets.kinds import is_kind
from bot.tickets.models import Activity, Kind, State, Ticket

#: fact of a ticket: its number at 95598
OUTSIDE_NO = "outside_no"
#: what their number is called as an utterance of ours
_OURS = "95598-"
_LONGEST = 40
#: what 95598 calls things (供电服务 business types), by the words in them; the first that fits
_KINDS = (
    ("触电", Kind.hazard), ("断线", Kind.hazard), ("安全隐患", Kind.hazard), ("故障", Kind.outage), ("停电", Kind.outage),
    ("投诉", Kind.complaint), ("表箱", Kind.meter_relocation), ("移表", Kind.meter_relocation), ("新装", Kind.new_account),
    ("过户", Kind.new_account), ("电价", Kind.pricing), ("电费", Kind.arrears), ("欠费", Kind.arrears), ("复电", Kind.reconnect),
)  # fmt: skip


class OutsideRefused(Refused):
    """This is no ticket of 95598; the message says what lacks."""


@dataclass(frozen=True)
class OutsideTicket:
    """One ticket as 95598 hands it down."""

    number: str
    said: str
    #: their business type, or one of our kinds
    sort: str = ""
    place: str = ""
    household_no: str = ""
    phone: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Answered:
    """What became of one, for them."""

    number: str
    ticket: TicketCard
    #: acknowledged, on_site, resolved, closed → when
    times: Mapping[str, dt.datetime]


class Outside:
    """The two ways of one site; both block."""

    def __init__(self, database: Database, desk: TicketDesk) -> None:
        self._database, self._desk = database, desk

    def take(self, ticket: OutsideTicket, household_no: str | None, grid_no: str | None) -> tuple[TicketCard, bool]:
        """Make it a ticket of ours; → the ticket, and whether it is new. The same number again is the same ticket.
        `household_no`, `grid_no`: where the caller of this found it to be. Raises OutsideRefused."""
        number = plain(ticket.number).strip()
        if not number or len(number) > _LONGEST:
            raise OutsideRefused("a ticket of 95598 needs its number")
        if not ticket.said.strip():
            raise OutsideRefused(f"{number} says nothing")
        if (known := self.find(number)) is not None:
            return known, False
        # They spoke with the caller: the number is not the network's word, but somebody's who answers for it.
        caller = Caller(ticket.phone, Channel.phone if ticket.phone else Channel.other, Assurance.signed)
        heard = Heard(_OURS + number, _OURS + number, ticket.said[:1000], caller=caller)
        self._desk.keep(heard)
        kind = kind_of(ticket.sort, ticket.said)
        report = Report.of(
            heard, kind, place=ticket.place[:300], household_no=household_no, grid_no=grid_no, facts={OUTSIDE_NO: number},
            urgent=kind == Kind.hazard,
        )  # fmt: skip
        return self._desk.report(report, ticket.at or now()), True

    def find(self, number: str) -> TicketCard | None:
        """The ticket that bears this number of theirs."""
        with self._database.reading() as session:
            found = session.scalar(select(Ticket.ticket_no).where(Ticket.utterance_id == _OURS + number))
        return self._desk.ticket(found) if found else None

    def answers(self, numbers: Iterable[str] | None = None) -> list[Answered]:
        """What became of theirs, all of them or these, oldest first."""
        mine = [Ticket.utterance_id.startswith(_OURS)]
        if numbers is not None:
            mine.append(Ticket.utterance_id.in_([_OURS + number for number in numbers]))
        firsts: dict[int, dict[str, dt.datetime]] = defaultdict(dict)
        acts = (
            select(Activity.ticket_id, Activity.kind, func.min(Activity.at))
            .join(Ticket, Ticket.id == Activity.ticket_id)
            .where(*mine, Activity.kind.in_((State.acknowledged, State.on_site, State.resolved, State.closed)))
            .group_by(Activity.ticket_id, Activity.kind)
        )
        theirs = select(Ticket, Staff).outerjoin(Staff, Staff.staff_no == Ticket.owner).where(*mine)
        with self._database.reading() as session:
            for ticket_id, kind, at in session.execute(acts):
                firsts[ticket_id][kind] = at
            return [
                Answered(
                    str(ticket.utterance_id).removeprefix(_OURS),
                    reading.card(session, ticket, owner),
                    firsts[ticket.id],
                )
                for ticket, owner in session.execute(theirs.order_by(Ticket.id))
            ]


def kind_of(sort: str, said: str) -> str:
    """Our kind for their sort; what nobody can tell is a call back."""
    if is_kind(sort):
        return sort
    for text in (sort, said):
        if found := next((kind for word, kind in _KINDS if word in text), None):
            return str(found)
    return str(Kind.callback)
