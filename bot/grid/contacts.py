"""The key of a contact: channel and address together; the same digits on two channels are two people's."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: the channel of everybody who is reached by a telephone number; imported numbers are its contacts
PHONE = "phone"
_COUNTRY = re.compile(r"^(?:\+|00)86|^86(?=1[3-9]\d{9}$)")


def phone_digits(number: str) -> str:
    """A telephone number as digits, without the country code: +86 139-0715-2201 is 13907152201."""
    digits = re.sub(r"[\s()（）-]", "", number)
    return _COUNTRY.sub("", digits) or digits


@dataclass(frozen=True)
class ContactKey:
    """A telephone number or a chat id, on the channel that vouches for it."""

    channel: str
    address: str

    @classmethod
    def of(cls, channel: str, address: str) -> ContactKey:
        """The key as rows hold it: telephone numbers in one form, chat ids as they are."""
        return cls(channel, phone_digits(address) if channel == PHONE else address)
