"""Messages that nobody understood when they were spoken are understood when there is room."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sqlalchemy import select, update

from bot.database import Database, now
from bot.foundation.background import Background, More
from bot.recordings.keys import KeyRefused
from bot.recordings.room import RecordingMissing, look_into
from bot.settings import Settings
from bot.speech.port import Recogniser
from bot.tickets.models import Utterance
from bot.voice.models import UnheardMessage
from bot.voice.seats import Seats

log = logging.getLogger(__name__)

_AGAIN_S = 3.0
#: a message waits in its middle while calls need the recogniser
_STUCK_S = 3600.0
#: a recording that does not open, or breaks the recogniser, so often is left to people's ears
_TRIES = 3
_STEP_S = 0.5


class NotesDesk(Protocol):
    """What is needed of the ticket desk; blocks."""

    def add(self, ticket_no: str, /, *, note: str, facts: dict[str, Any], by: str) -> Any:
        """Write on a ticket what became known."""


@dataclass(frozen=True)
class _Owed:
    id: int
    utterance_id: str
    ticket_no: str
    recording: str


class LaterRecognition:
    """Rows, so that a restart forgets none; one message at a time, and only while calls leave half the seats free."""

    def __init__(
        self, database: Database, desk: NotesDesk, settings: Settings, recogniser: Recogniser | None, seats: Seats
    ) -> None:
        self._database, self._desk, self._settings = database, desk, settings
        self._recogniser, self._seats = recogniser, seats

    def owe(self, utterance_id: str, ticket_no: str, recording: str) -> None:
        """Called from any thread."""
        with self._database.session() as session:
            known = session.scalar(select(UnheardMessage.id).where(UnheardMessage.utterance_id == utterance_id))
            if known is None:
                session.add(UnheardMessage(utterance_id=utterance_id, ticket_no=ticket_no, recording=recording))

    @property
    def room(self) -> bool:
        """Whether calls leave room."""
        return self._seats.taken * 2 <= self._seats.most and not self._seats.lateness.for_calls

    def background(self) -> Background:
        """One message after the other, as long as there are any."""
        return Background("late recognition", _AGAIN_S, self._work, stuck_after_s=_STUCK_S)

    async def _work(self) -> More | None:
        return More.at_once if self.room and await self.understand_one() else None

    async def understand_one(self) -> bool:
        """The oldest message; False when there is none, or nothing to understand with."""
        if self._recogniser is None:
            return False
        owed = await asyncio.to_thread(self._oldest)
        if owed is None:
            return False
        try:
            text = await self._understood(owed.recording, self._recogniser)
        except (RecordingMissing, KeyRefused) as problem:
            log.error("message %s: %s", owed.utterance_id, problem)
            text = ""
        except Exception:
            log.exception("message %s broke the recogniser", owed.utterance_id)
            await asyncio.to_thread(self._tried, owed)
            return True
        await asyncio.to_thread(self._done, owed, text)
        return True

    async def _understood(self, name: str, recogniser: Recogniser) -> str:
        opened = await asyncio.to_thread(look_into, self._settings, name)
        samples = np.frombuffer(opened.pcm, "<i2")[:: opened.channels]
        session = recogniser.begin(opened.rate)
        step = int(opened.rate * _STEP_S)
        for at in range(0, len(samples), step):
            while not self.room:
                await asyncio.sleep(0.2)  # a call has come: it goes first
            await session.feed(samples[at : at + step].tobytes())
        heard = await session.finish()
        return "" if heard.unclear else heard.text  # a person hears the recording, and reads no chance words

    def _oldest(self) -> _Owed | None:
        with self._database.reading() as session:
            row = session.scalar(
                select(UnheardMessage)
                .where(UnheardMessage.done_at.is_(None), UnheardMessage.attempts < _TRIES)
                .order_by(UnheardMessage.attempts, UnheardMessage.id)
                .limit(1)
            )
            return _Owed(row.id, row.utterance_id, row.ticket_no, row.recording) if row else None

    def _tried(self, owed: _Owed) -> None:
        with self._database.session() as session:
            session.execute(
                update(UnheardMessage).where(UnheardMessage.id == owed.id).values(attempts=UnheardMessage.attempts + 1)
            )

    def _done(self, owed: _Owed, text: str) -> None:
        # The note first: done twice after a crash between the two, never not at all.
        if text:
            self._desk.add(owed.ticket_no, note=text, facts={"understood_later": text}, by="gege")
        with self._database.session() as session:
            session.execute(update(Utterance).where(Utterance.id == owed.utterance_id).values(text=text))
            session.execute(update(UnheardMessage).where(UnheardMessage.id == owed.id).values(done_at=now()))
