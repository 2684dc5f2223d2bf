"""Scripted stand-ins for what a call works with: they are deterministic and remember what they were asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from bot.dialogue.port import Reply, Understanding
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely
from bot.tickets.intake.heard import Heard


def speech(seconds: float, rate: int = 8000, syllables: float = 4.0) -> bytes:
    """Something that passes for a voice: harmonics that glide around 150 Hz, louder where its vowels have them, swelling like
    syllables."""
    time = np.arange(int(seconds * rate)) / rate
    phase = 150 * time + 30 / 9 * np.sin(2 * np.pi * 1.4 * time)
    vowel = np.stack([900 + 500 * np.sin(2 * np.pi * 3.1 * time), 2100 + 600 * np.cos(2 * np.pi * 2.3 * time)])
    wave = sum(
        np.sin(2 * np.pi * phase * n) * (1 / n + 1.5 * np.exp(-(((150 * n - vowel) / 200) ** 2)).sum(0))
        for n in range(1, 22)
    )
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * syllables * time)
    return (np.asarray(wave) * swell * 2600).astype("<i2").tobytes()


def silence(seconds: float, rate: int = 8000) -> bytes:
    return bytes(int(seconds * rate) * 2)


class Never(Exception):
    """In place of a text: the recogniser does not come back."""


@dataclass
class ScriptedRecogniser:
    """Answers with its texts in turn, or with a whole HeardSpeech; an exception in their place breaks the recogniser."""

    texts: Sequence[str | Exception | HeardSpeech]
    fed: list[bytes] = field(default_factory=list)
    #: what had been asked when each began
    questions: list[str] = field(default_factory=list)

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> ScriptedSession:
        self.questions.append(likely.question)
        self.fed.append(b"")
        return ScriptedSession(self, len(self.fed) - 1, sample_rate)

    async def close(self) -> None:
        pass


@dataclass
class ScriptedSession:
    owner: ScriptedRecogniser
    number: int
    rate: int

    async def feed(self, pcm: bytes) -> str:
        self.owner.fed[self.number] += pcm
        return ""

    async def finish(self) -> HeardSpeech:
        text = self.owner.texts[self.number] if self.number < len(self.owner.texts) else ""
        if isinstance(text, Never):
            await asyncio.sleep(3600)
        if isinstance(text, Exception):
            raise text
        if isinstance(text, HeardSpeech):
            return text
        return HeardSpeech(text, ("别的",), 0.0, len(self.owner.fed[self.number]) / 2 / self.rate)


class ToneVoice:
    """Speaks every sentence as a tone, `seconds` long."""

    def __init__(self, seconds: float = 0.4) -> None:
        self.seconds = seconds
        self.said: list[str] = []

    async def start(self) -> None:
        pass

    async def say(self, text: str, rate: int = 8000) -> bytes:
        self.said.append(text)
        return speech(self.seconds, rate, syllables=2.6)

    async def stream(self, text: str, rate: int = 8000) -> AsyncIterator[bytes]:
        yield await self.say(text, rate)

    async def close(self) -> None:
        pass


Answer = Reply | Exception | Callable[[Heard], Reply]


def reply(*sentences: str, intent: str = "report_outage", **more: Any) -> Reply:
    return Reply(sentences, Understanding("", intent, 0.9, False), **more)


@dataclass
class ScriptedDialogue:
    """Answers in turn; the last answer stays."""

    answers: list[Answer]
    heard: list[Heard] = field(default_factory=list)
    #: seconds that an answer takes
    delay: float = 0.0
    #: what it waits for before it answers
    until: Callable[[], object] = lambda: True

    async def start(self) -> None:
        pass

    async def parse(self, text: str, alternatives: tuple[str, ...] = (), question: str = "") -> Understanding:
        return Understanding(text, "report_outage", 0.9, False)

    async def turn(self, heard: Heard) -> Reply:
        answer = self.answers[min(len(self.heard), len(self.answers) - 1)]
        self.heard.append(heard)
        if isinstance(answer, Exception):
            raise answer
        await asyncio.sleep(self.delay)
        while not self.until():
            await asyncio.sleep(0.01)
        return answer(heard) if callable(answer) else answer

    async def close(self) -> None:
        pass


@dataclass
class NotingDesk:
    """Notes what the call tells the desk."""

    notes: list[tuple[str, ...]] = field(default_factory=list)
    #: open calls, and those that are closed
    open: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def begin_call(self, id: str, caller: str, dialled: str, diverting: str, front_end: str) -> bool:
        if id in self.open | self.closed:
            return False
        self.open.add(id)
        self.notes.append(("begin", id, caller, dialled, diverting))
        return True

    def end_call(self, id: str, outcome: str) -> bool:
        return self._close(id) and self.notes.append(("end", id, outcome)) is None

    def call_back(self, call_id: str, outcome: str) -> Any:
        if not self._close(call_id):
            return []
        self.notes.append(("call_back", call_id, outcome))
        return [SimpleNamespace(ticket_no="GD-BACK")]

    def _close(self, id: str) -> bool:
        """As the desk: of several that close a call, one counts; and what has no row is not closed."""
        if id not in self.open:
            return False
        self.open.remove(id)
        self.closed.add(id)
        return True

    def add(self, ticket_no: str, *, note: str, facts: dict[str, Any], by: str) -> None:
        self.notes.append(("add", ticket_no, note))

    def rest(self, session: str) -> Any:
        return []


@dataclass
class NotingIntake:
    """Notes what could not be understood."""

    notes: list[tuple[Heard, str]] = field(default_factory=list)
    fails: bool = False

    async def __call__(self, heard: Heard, reason: str) -> str | None:
        if self.fails:
            raise RuntimeError("the database is locked")
        self.notes.append((heard, reason))
        return "GD-UNCLEAR"


@dataclass
class HandingDesk(NotingDesk):
    """A desk that has one ticket, GD1, of grid 24."""

    hangs_s: float = 0.0
    complained_of: frozenset[str] = frozenset()

    def begin_call(self, id: str, caller: str, dialled: str, diverting: str, front_end: str) -> bool:
        time.sleep(self.hangs_s)
        return super().begin_call(id, caller, dialled, diverting, front_end)

    def ticket(self, ticket_no: str) -> Any:
        found = SimpleNamespace(kind="outage", place="沿河路206号", grid_no="24", complained_of=self.complained_of)
        return found if ticket_no == "GD1" else None
