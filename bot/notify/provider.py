"""A provider: one way to get a message to a person. One small file each; this one is the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.foundation import errors


@dataclass(frozen=True)
class Button:
    """One thing that the reader can do. A messenger with callbacks sends `data` back ("take:GD2611230001");
    elsewhere `url` is a signed link, empty where the site has no address of its own. Without `data` it is a link only."""

    label: str
    data: str
    url: str = ""


@dataclass(frozen=True)
class Message:
    """What is sent to one person. The ticket number is in it, because delivery is at least once."""

    #: never given twice by one site, restored or not: what a gateway knows a message by
    notification_id: int
    #: empty when the message is about no ticket
    ticket_no: str
    #: empty for a resident
    staff_no: str
    name: str
    #: a role of staff, or "resident"
    role: str
    #: the person's id with this provider, empty where the provider needs none
    address: str
    text: str
    urgent: bool
    #: name of the text in texts.yml
    template: str
    buttons: tuple[Button, ...] = ()


class Transient(errors.Unavailable):
    """Not now: try again, after `retry_after` seconds where the provider said so."""


class Refused(errors.Refused):
    """Never: the provider will not take this message for this person (blocked, unknown, malformed)."""


class Provider(Protocol):
    """Sends messages; must not block the event loop, and may be called many times at once.

    Returning means that the message was taken. Raises Transient or Refused; anything else counts as Transient."""

    @property
    def name(self) -> str:
        """What settings and the notification's row call it."""

    @property
    def trusted(self) -> bool:
        """Whether addresses, names and telephone numbers may pass through it."""

    @property
    def per_minute(self) -> int | None:
        """Messages a minute that it takes; None: no limit. What is urgent does not wait for it."""

    async def send(self, message: Message) -> None:
        """Hand over one message."""
