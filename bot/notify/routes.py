"""Reading the outbox: which message is due, to whom it goes and by which way, and what it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from bot.grid.models import Household, Role, Staff
from bot.notify.links import Links, Purpose
from bot.notify.outage_texts import outage_fields
from bot.notify.provider import Button, Message, Provider
from bot.notify.registered_names import RegisteredNames
from bot.notify.taken import of_message
from bot.notify.texts import Case, button, digest, digest_for_all, render
from bot.tickets import access, presses, reading, site_history
from bot.tickets.intake.channels import Channel
from bot.tickets.models import Notification, State, Ticket

#: the role of a reader who is no staff
RESIDENT = "resident"
#: texts that tell what others did: nothing to take
QUIET = frozenset(
    {
        "new_device",
        "taken",
        "cancelled",
        "undelivered",
        "supervise",
        "dissatisfied",
        "outage_restored",
        "outage_called_off",
    }
)
#: who is told of danger, sooner or later (bot/tickets/owed/paging.py)
_DANGER = (Role.manager, Role.assistant, Role.supervisor, Role.duty)
#: where a provider finds a person's address; a provider that is not named here needs none
ADDRESSES: dict[str, Callable[[Staff], str]] = {
    "telegram": lambda person: person.telegram_id,
    "wecom": lambda person: person.wecom,
    "dingtalk": lambda person: person.dingtalk,
}


#: providers that reach this machine only: nobody reads them at night
OWN_MACHINE = frozenset({"console", "file"})

#: lines of a message that stands for many
_LINES = 12


@dataclass(frozen=True)
class Site:
    """What of a site a message is written with."""

    names: RegisteredNames
    zone: dt.tzinfo
    links: Links | None = None


@dataclass(frozen=True)
class Due:
    """A row of the outbox whose time has come; `person` is None for a resident at `channel`, `address`."""

    id: int
    urgent: bool
    #: providers that have taken it already
    had: tuple[str, ...]
    person: Staff | None
    channel: str
    address: str
    ticket_id: int | None = None
    #: it was tried, and not every way has taken it
    tried: bool = False

    @property
    def reader(self) -> str:
        """Who reads it."""
        return self.person.staff_no if self.person else f"{self.channel}:{self.address}"


@dataclass(frozen=True)
class Parcel:
    """Claimed rows: what each of their providers is to send. Several rows of one person make one message."""

    notification_ids: tuple[int, ...]
    urgent: bool
    messages: Mapping[str, Message]
    #: another way takes these rows later
    rest: bool = False
    #: the conversation that it comes of, of a call the call's id; "" for what stands for several
    talk: str = ""
    #: how far numbers jumped before these ids were given
    jump: int = 0

    def names(self, way: str) -> list[str]:
        """What its messages by this way are called in the file of what was taken (bot/notify/taken.py)."""
        return [of_message(id, self.jump, way) for id in self.notification_ids]


def route(due: Due, providers: Mapping[str, Provider], default: Sequence[str]) -> list[str]:
    """A resident's channel; staff: their own messengers, else the site's default. Empty: there is no way.

    Danger that was not taken at once goes by every way that leads to the person."""
    if due.person is None:
        return [due.channel] if due.channel in providers and due.address else []
    own = own_ways(due.person, providers)
    return [*own, *(second_ways(own, default) if own and due.urgent and due.tried else ())] or list(default)


def own_ways(person: Staff, providers: Container[str]) -> list[str]:
    """A person's own messengers, of those that the site has."""
    return [name for name, address in ADDRESSES.items() if name in providers and address(person)]


def second_ways(own: Sequence[str], default: Sequence[str]) -> list[str]:
    """The site's ways that may reach somebody whose own messengers do not."""
    return [name for name in default if name not in own and name not in OWN_MACHINE and name not in ADDRESSES]


@dataclass(frozen=True)
class Reach:
    """By which ways danger reaches one of those who have to hear of it."""

    staff_no: str
    role: str
    ways: tuple[str, ...]


def reach(session: Session, providers: Container[str], default: Sequence[str], *, rings: bool) -> list[Reach]:
    """Everybody who is told of danger, and how; `rings`: Gege telephones (`[calling]`). Where nothing leaves the
    machine at all nobody is named: the site is not in use yet."""
    people = session.scalars(select(Staff).where(Staff.role.in_(_DANGER)).order_by(Staff.staff_no)).all()
    found = []
    for one in people:
        own = own_ways(one, providers)
        ways = [*own, *second_ways(own, default), *(["telephone"] if rings and one.phone else [])]
        found.append(Reach(one.staff_no, one.role, tuple(ways)))
    return found if any(one.ways for one in found) else []


def due(session: Session, at: dt.datetime, limit: int) -> list[Due]:
    """What is due, danger first, then the longest waiting."""
    rows = session.execute(
        select(
            Notification.id,
            Notification.urgent,
            Notification.provider,
            Staff,
            Notification.channel,
            Notification.address,
            Notification.ticket_id,
            Notification.attempts > 0,
        )
        .outerjoin(Staff, Staff.staff_no == Notification.staff_no)
        .where(Notification.state == "pending", Notification.due_at <= at)
        .order_by(Notification.urgent.desc(), Notification.due_at, Notification.id)
        .limit(limit)
    )
    return [Due(row[0], row[1], tuple(filter(None, row[2].split(","))), *row[3:]) for row in rows]


def parcel(
    session: Session,
    rows: Sequence[Notification],
    ways: Sequence[Provider],
    site: Site,
    at: dt.datetime,
) -> Parcel:
    """Write the message of a row, or the one message of several, as they stand now, once for each way."""
    first = rows[0]
    people = {no: session.get_one(Staff, no) for no in dict.fromkeys(row.staff_no for row in rows) if no}
    person = people.get(first.staff_no or "")
    role = person.role if person else RESIDENT
    cases = [_case(session, row, people.values(), site, at) for row in rows]
    links, jump = site.links, site_history.jump(session)
    messages = {}
    for way in ways:
        if len(rows) == 1:
            text = render(first.template, cases[0], role, way.trusted)
            buttons = _buttons(first, cases[0], person, links, at)
        elif len(people) > 1:
            told = [(people[row.staff_no], case) for row, case in zip(rows, cases, strict=True) if row.staff_no]
            text, buttons = digest_for_all([(one.name, one.role, case) for one, case in told]), _takes(told, links, at)
        else:
            text, buttons = digest(cases, role, _LINES), ()
        messages[way.name] = Message(
            notification_id=first.id + jump,
            ticket_no=cases[0].ticket_no if len(rows) == 1 else "",
            staff_no=person.staff_no if person else "",
            name="、@".join(one.name for one in people.values()),
            role=role,
            address=ADDRESSES[way.name](person) if person and way.name in ADDRESSES else first.address,
            text=text,
            urgent=first.urgent,
            template=first.template if len(rows) == 1 else "digest",
            buttons=buttons,
        )
    ticket = session.get(Ticket, first.ticket_id) if first.ticket_id and len(rows) == 1 else None
    talk = ticket.session if ticket else ""
    return Parcel(tuple(row.id for row in rows), first.urgent, messages, talk=talk, jump=jump)


@dataclass(frozen=True)
class SentMessage:
    """A message of the last minute; rows that left together are one."""

    at: dt.datetime
    ways: tuple[str, ...]
    urgent: bool
    reader: str


def sent_lately(session: Session, at: dt.datetime) -> list[SentMessage]:
    """The messages of the last minute, oldest first, whichever service sent them."""
    rows = session.execute(
        select(
            Notification.sent_at,
            Notification.provider,
            Notification.urgent,
            Notification.staff_no,
            Notification.channel,
            Notification.address,
        )
        .where(Notification.state == "sent", Notification.sent_at > at - dt.timedelta(minutes=1))
        .order_by(Notification.sent_at)
        .distinct()
    )
    return [
        SentMessage(
            row.sent_at, tuple(row.provider.split(",")), row.urgent, row.staff_no or f"{row.channel}:{row.address}"
        )
        for row in rows
        if row.sent_at is not None
    ]


def _takes(told: Sequence[tuple[Staff, Case]], links: Links | None, at: dt.datetime) -> tuple[Button, ...]:
    """A link a case below a message that stands for several: the first who may take it."""
    found: dict[str, Button] = {}
    for person, case in told:
        if case.state == State.reported and person.staff_no in case.readers and case.ticket_no not in found:
            url = links.url(Purpose.take, case.ticket_no, person.staff_no, at) if links else ""
            label = f"{button('take')} {case.ticket_no}"
            found[case.ticket_no] = Button(label, f"take:{case.ticket_no}", url)
    return tuple(found.values())


def _buttons(
    row: Notification, case: Case, person: Staff | None, links: Links | None, at: dt.datetime
) -> tuple[Button, ...]:
    """What the reader can do about it. A supervisor, who is no employee, can only read."""
    if person is None:
        asked = row.detail.get("buttons") or {}
        if row.channel == Channel.sms:
            return _rating_link(case, asked, links, at)
        return tuple(Button(label, data) for data, label in asked.items())
    if not case.ticket_no or person.staff_no not in case.readers:
        return ()
    found = []
    for press in presses.offered(case.state, case.channel):
        if press.button is presses.Button.acknowledge and row.template in QUIET:
            continue
        # What goes on in a chat no page can do; what a link cannot do with one tap leads to the case.
        purpose = Purpose(press.verb) if press.verb in Purpose.__members__ else Purpose.open
        url = "" if press.chat or links is None else links.url(purpose, case.ticket_no, person.staff_no, at)
        found.append(Button(button(press.verb), f"{press.verb}:{case.ticket_no}", url))
    if links is not None and (url := links.url(Purpose.open, case.ticket_no, person.staff_no, at)):
        found.append(Button(button("open"), "", url))
    return tuple(found)


def _rating_link(case: Case, asked: Mapping[str, str], links: Links | None, at: dt.datetime) -> tuple[Button, ...]:
    """An SMS has no buttons: one link to a page where the resident says whether they are content."""
    if links is None or f"good:{case.ticket_no}" not in asked:
        return ()
    url = links.url(Purpose.rate, case.ticket_no, "", at)
    return (Button(button("rate"), "", url),) if url else ()


def _case(session: Session, row: Notification, people: Iterable[Staff], site: Site, at: dt.datetime) -> Case:
    owner = aliased(Staff)
    found = session.execute(
        select(Ticket, Household, owner.name)
        .outerjoin(Household, Household.household_no == Ticket.household_no)
        .outerjoin(owner, owner.staff_no == Ticket.owner)
        .where(Ticket.id == row.ticket_id)
    ).one_or_none()
    outage = outage_fields(session, row.detail, site.zone)
    if found is None:
        return Case(detail=row.detail, outage=outage, zone=site.zone)
    ticket, household, owner_name = found
    later = reading.said_later(session, ticket)
    return Case(
        ticket_no=ticket.ticket_no,
        kind=ticket.kind,
        state=ticket.state,
        urgent=ticket.urgent,
        channel=ticket.channel,
        grid_no=ticket.grid_no or "",
        community=household.community.name if household else "",
        place=ticket.place,
        householder=ticket.householder,
        registered=household.householder if household else "",
        household_no=ticket.household_no or "",
        reporter=ticket.reporter,
        said=ticket.said,
        later=later,
        facts=ticket.facts,
        tags=tuple(household.tags) if household else (),
        owed=bool(household and household.balance < 0),
        months_owed=household.months_owed if household else 0,
        owner=owner_name or "",
        minutes=int((at - ticket.opened_at).total_seconds() // 60),
        detail=row.detail,
        names=site.names.within(ticket.said, ticket.place, str(row.detail.get("note", "")), *later, *_words_in(ticket)),
        outage=outage,
        zone=site.zone,
        readers=frozenset(one.staff_no for one in people if access.may_see(session, one, ticket, at)),
    )


def _words_in(ticket: Ticket) -> list[str]:
    """What of the facts is somebody's own words."""
    return [value for value in ticket.facts.values() if isinstance(value, str)]
