"""Asking for a key: whoever presses one is a person, and awake; a voice mailbox, and a line on which nobody is, are not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

from bot.lines.line import Line, Pressed, Sounded
from bot.speech.activity import FRAME_S, VoiceActivity
from bot.speech.speak import Voice
from bot.voice.mouth import say

#: whoever speaks is asked so often; after each time a key is waited for (s)
_TIMES, _WAIT_S = 3, 5.0
#: who has said nothing is given up after this, all in all (s); asked for the last time, he has so long to press (s)
_SILENT_S, _LAST_S = 25.0, 2.0
#: somebody has said a word: so much speech (s) after a sentence of ours
_WORD_S = 0.2
#: a greeting of a mailbox, not a 喂: so much speech (s) while our first sentence was spoken
_GREETING_S = 3.0


async def ask_for_key(line: Line, voice: Voice, sentence: str, keys: Container[str], *, again: str = "") -> str:
    """The key that was pressed; empty when nobody pressed one, or hung up.

    Who says a word between our sentences is there and slow, and is asked three times. Silence, and a greeting that goes on
    beside our first sentence, are nobody: they hear `again` once (a shorter sentence; empty: the same), and are given up after 25 s,
    or 2 s after it where the sentences leave no more."""
    began, far = time.monotonic(), _FarEnd(keys, VoiceActivity(line.rate))
    pressed = asyncio.ensure_future(far.key(line))
    try:
        for count in range(_TIMES):
            await _spoken(line, voice, sentence if far.there or not (count and again) else again, pressed)
            beside_s, wait_s = far.take(), _WAIT_S
            if count == 0:
                far.greets = beside_s >= _GREETING_S
            elif not far.there:
                wait_s = max(_LAST_S, min(_WAIT_S, began + _SILENT_S - time.monotonic()))
            await asyncio.wait({pressed}, timeout=wait_s)
            far.spoke = far.spoke or far.take() >= _WORD_S
            if pressed.done() or (count and not far.there):
                break
        line.drop()
        return pressed.result() if pressed.done() else ""
    finally:
        pressed.cancel()
        await asyncio.gather(pressed, return_exceptions=True)


@dataclass
class _FarEnd:
    """What comes from whoever took the call."""

    keys: Container[str]
    activity: VoiceActivity
    #: it went on speaking while we did; it said a word while we did not
    greets: bool = False
    spoke: bool = False
    _voiced_s: float = 0.0
    _rest: bytearray = field(default_factory=bytearray)

    @property
    def there(self) -> bool:
        """Somebody is there, and no machine."""
        return self.spoke and not self.greets

    def take(self) -> float:
        """Seconds of speech since this was asked the last time."""
        voiced, self._voiced_s = self._voiced_s, 0.0
        return voiced

    async def key(self, line: Line) -> str:
        async for event in line.events():
            if isinstance(event, Pressed) and event.digit in self.keys:
                return event.digit
            if isinstance(event, Sounded):
                self._rest += event.pcm
                size = self.activity.frame_bytes
                while len(self._rest) >= size:
                    self._voiced_s += FRAME_S * self.activity.is_speech(bytes(self._rest[:size]))
                    del self._rest[:size]
        return ""


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
