"""Whose data: a telephone number or a chat, and the rows that are about whoever has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, and_, false, select
from sqlalchemy.orm import Session

from bot.foundation.phone_numbers import spellings, to_dial
from bot.grid.contacts import PHONE, ContactKey
from bot.grid.models import Contact, HouseholdContact
from bot.privacy.record import TableEntry
from bot.tickets.intake.caller import Assurance
from bot.tickets.intake.channels import Channel


@dataclass(frozen=True)
class Subject:
    """Somebody who is known by an address on a channel (bot/grid/contacts.py).

    `typed`: also what carries the number because somebody wrote it down on the page; anybody can write any number, so
    that is left out unless whoever asks was found to have written it."""

    channel: str
    address: str
    typed: bool = False

    @classmethod
    def of(cls, channel: str, address: str, *, typed: bool = False) -> Subject:
        """As rows hold it: telephone numbers in one form, chat ids as they are."""
        key = ContactKey.of(Channel(channel).contacts, address.strip())
        return cls(key.channel, key.address, typed)

    @property
    def written(self) -> set[str]:
        """Every form in which a row may hold the address."""
        return spellings(self.address) if self.channel == PHONE else {self.address}

    @property
    def channels(self) -> list[str]:
        """Values of a row's channel that mean this one."""
        return [str(each) for each in Channel if each.contacts == self.channel]


def households_of(session: Session, subject: Subject) -> frozenset[str]:
    """户号 of the households whose imported or confirmed number it is."""
    own = (
        select(HouseholdContact.household_no)
        .join(Contact, Contact.id == HouseholdContact.contact_id)
        .where(HouseholdContact.verifies, Contact.channel == subject.channel, Contact.address.in_(subject.written))
    )
    return frozenset(session.scalars(own))


def is_about(table: Table, entry: TableEntry, subject: Subject, households: Iterable[str]) -> ColumnElement[bool]:
    """The condition on rows of a table that name the subject themselves."""
    column, way = next(iter(entry.person.items()), ("", ""))
    found: ColumnElement[bool] = false()
    phone = subject.channel == PHONE
    match way:
        case "phone" if phone:
            found = table.c[column].in_(subject.written)
        case "dialled" if phone:
            found = table.c[column].in_({to_dial(one) for one in subject.written})
        case "caller":
            found = table.c[column].in_({f"caller:{one}" for one in subject.written})
        case "session" if not phone:
            found = table.c[column].in_({f"{channel}:{subject.address}" for channel in subject.channels})
        case "contacts":
            found = and_(table.c.channel == subject.channel, table.c[column].in_(subject.written))
        case "channel":
            found = and_(table.c.channel.in_(_channels(table, subject)), table.c[column].in_(subject.written))
            if "assurance" in table.c and not subject.typed:
                found = and_(found, table.c.assurance != str(Assurance.typed))
        case "household":
            found = table.c[column].in_(list(households))
    return found


def _channels(table: Table, subject: Subject) -> list[str]:
    """With what was typed, the page's channel counts as the telephone's: a number was written there."""
    typed = subject.typed and subject.channel == PHONE and "assurance" in table.c
    return [*subject.channels, str(Channel.web)] if typed else subject.channels
