"""Provider `console`: messages on the standard error of the service, for a desk without messengers."""

from __future__ import annotations

import asyncio
import sys
from typing import TextIO

from bot.notify.provider import Message
from bot.notify.texts import heading


class Console:
    """Prints each message; `stream` defaults to whatever stderr is at that moment."""

    name = "console"
    trusted = False
    per_minute = None

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    async def send(self, message: Message) -> None:
        """Print one message; off the loop, since a full pipe blocks."""
        await asyncio.to_thread(self._print, message)

    def _print(self, message: Message) -> None:
        stream = self._stream or sys.stderr
        words = "\n".join([heading(message), *(f"   {line}" for line in message.text.splitlines())])
        stream.write(words + "\n")
        stream.flush()
