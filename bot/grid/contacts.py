"""The key of a contact: channel and address together; the same digits on two channels are two people's."""

from __future__ import annotations

from dataclasses import dataclass

from bot.foundation.phone_numbers import phone_digits

#: the channel of everybody who is reached by a telephone number; imported numbers are its contacts
PHONE = "phone"


@dataclass(frozen=True)
class ContactKey:
    """A telephone number or a chat id, on the channel that vouches for it."""

    channel: str
    address: str

    @classmethod
    def of(cls, channel: str, address: str) -> ContactKey:
        """The key as rows hold it: telephone numbers in one form, chat ids as they are."""
        return cls(channel, phone_digits(address) if channel == PHONE else address)
