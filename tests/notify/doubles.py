"""Providers that remember, hang, fail or die, for the relay's promises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.notify.provider import Message


@dataclass
class Recording:
    """Takes every message, after whatever `before` does with it (raise, wait)."""

    name: str = "fake"
    trusted: bool = False
    per_minute: int | None = None
    before: Callable[[Message], None] | None = None
    sent: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        if self.before is not None:
            self.before(message)
        self.sent.append(message)


@dataclass
class Hanging(Recording):
    """Never answers about tickets in `stuck` (all, when empty), and will not be cancelled either."""

    stuck: frozenset[str] = frozenset()
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, message: Message) -> None:
        while not self.let_go.is_set() and (not self.stuck or message.ticket_no in self.stuck):
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                continue
        await super().send(message)


class Killed(BaseException):
    """The process dies here: no `except Exception` sees it."""
