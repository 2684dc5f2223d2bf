"""Who a caller claims to be, and who says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.foundation.phone_numbers import phone_digits
from bot.grid.contacts import ContactKey
from bot.tickets.intake.channels import Channel


class Assurance(StrEnum):
    """Who says that the address is the caller's."""

    #: the exchange or the trunk; on the terminal, whoever has a shell on the server
    network = "network"
    #: the messenger's own account
    messenger = "messenger"
    #: a link or a code of our own
    signed = "signed"
    #: nobody: anybody can write that. It is where to call back, and nothing else
    typed = "typed"


#: what a network may hand over instead: anonymous, unavailable, a SIP name
_NUMBER = re.compile(r"\+?[0-9]{5,20}")
_BY_CHANNEL = {Channel.phone: Assurance.network, Channel.terminal: Assurance.network}


@dataclass(frozen=True)
class Caller:
    """Who calls or writes. `address`: number or chat id, "" when withheld or unknown.

    The registry's contacts, own tickets, ratings, proofs and answers ask for channel and address together: the chat id of
    one messenger that reads like a telephone number is not that number."""

    address: str = ""
    channel: Channel = Channel.terminal
    assurance: Assurance = Assurance.typed

    @classmethod
    def by(cls, channel: Channel | str, address: str = "") -> Caller:
        """A caller as its channel vouches for it: the network, the messenger, or nobody."""
        known = Channel(channel)
        usual = Assurance.messenger if known.chat else Assurance.typed
        return cls(address, known, _BY_CHANNEL.get(known, usual))

    @property
    def vouched(self) -> bool:
        """Somebody other than the caller says that the address is theirs."""
        return bool(self.address) and self.assurance is not Assurance.typed

    @property
    def rings(self) -> bool:
        """A telephone that called us."""
        return self.vouched and self.channel.rings

    @property
    def number(self) -> str:
        """The telephone number that Gege may ring; "" for what is none, and for a number that somebody typed."""
        number = phone_digits(self.address) if self.rings else ""
        return number if _NUMBER.fullmatch(number) else ""

    @property
    def contact(self) -> ContactKey | None:
        """What the registry may be asked about; None for what anybody can write."""
        return ContactKey.of(self.channel.contacts, self.address) if self.vouched else None

    def as_json(self) -> dict[str, str]:
        return {"address": self.address, "channel": str(self.channel), "assurance": str(self.assurance)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Caller:
        """Of what `as_json` wrote; what is missing or unknown vouches for nothing."""
        said = str(values.get("assurance"))
        assurance = Assurance(said) if said in Assurance.__members__ else Assurance.typed
        return cls(str(values.get("address") or ""), Channel(values.get("channel") or ""), assurance)
