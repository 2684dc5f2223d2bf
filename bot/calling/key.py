"""Asking for a key: whoever presses one is a person, and awake; a voice mailbox is not."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from typing import Any

from bot.lines.line import Line, Pressed
from bot.speech.speak import Voice
from bot.voice.mouth import say

#: a sentence is said so often, with so many seconds to press a key after it
_TIMES, _WAIT_S = 3, 5.0


async def ask_for_key(
    line: Line, voice: Voice, sentence: str, keys: Container[str], *, times: int = _TIMES, wait_s: float = _WAIT_S
) -> str:
    """The key that was pressed; empty when nobody pressed one, or hung up."""
    pressed = asyncio.ensure_future(_key(line, keys))
    try:
        for _ in range(times):
            await _spoken(line, voice, sentence, pressed)
            done, _ = await asyncio.wait({pressed}, timeout=wait_s)
            if done:
                break
        line.drop()
        return pressed.result() if pressed.done() else ""
    finally:
        pressed.cancel()
        await asyncio.gather(pressed, return_exceptions=True)


async def _spoken(line: Line, voice: Voice, sentence: str, pressed: asyncio.Future[str]) -> None:
    speaking = asyncio.ensure_future(say(line, voice, sentence))
    waiting: set[asyncio.Future[Any]] = {speaking, pressed}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if speaking.done():
            speaking.result()
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)


async def _key(line: Line, keys: Container[str]) -> str:
    async for event in line.events():
        if isinstance(event, Pressed) and event.digit in keys:
            return event.digit
    return ""
