"""Gege's ear on a line: sound becomes turns of the caller, recognised while they are spoken."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.speech.activity import FRAME_S, VoiceActivity
from bot.speech.recognise import HeardSpeech, Recogniser, RecognitionSession
from bot.voice.line import Line, Pressed, Sounded
from bot.voice.recording import CallRecording
from bot.voice.turn import TurnEvent, TurnRules, TurnTaker

log = logging.getLogger(__name__)

#: sound before the turn's first voiced frame that belongs to it: the detector misses soft initials
_BEFORE_S = 0.4


@dataclass(frozen=True)
class Said:
    """One turn of the caller."""

    speech: HeardSpeech
    #: path below GEGE_HOME
    recording: str
    #: seconds of voice in it; a cough has few
    voiced: float
    #: the turn was closed at its longest; the caller goes on speaking
    unfinished: bool
    #: the recogniser broke: `speech` is empty, the recording is all there is
    failed: bool
    #: clock times: the turn's end (after the wait), the recogniser's end
    ended_at: float
    recognised_at: float


@dataclass(frozen=True)
class Silent:
    """The caller was expected to speak and did not."""


@dataclass(frozen=True)
class Gone:
    """The call is over."""


Noticed = Said | Silent | Pressed | Gone


class Ear:
    """Listens all the time, also while Gege speaks; puts what it notices into `inbox`."""

    def __init__(
        self,
        line: Line,
        recogniser: Recogniser,
        recording: CallRecording,
        rules: TurnRules,
        on_insist: Callable[[], None],
        on_partial: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.inbox: asyncio.Queue[Noticed] = asyncio.Queue()
        self.taker = TurnTaker(rules)
        self._line, self._recogniser, self._recording = line, recogniser, recording
        self._on_insist, self._on_partial, self._clock = on_insist, on_partial, clock
        self._activity = VoiceActivity(line.rate)
        self._rest = b""
        self._before: deque[tuple[bytes, bool]] = deque(maxlen=int(_BEFORE_S / FRAME_S))
        self._session: RecognitionSession | None = None
        self._open = False
        #: what of the turn may be stored: nothing from before the recording notice
        self._kept = bytearray()
        self._failed = False
        self._partial = ""

    async def listen(self) -> None:
        """Until the call is over. A turn that the call's end cuts off is still delivered, then `Gone`."""
        try:
            async for event in self._line.events():
                if isinstance(event, Pressed):
                    self.inbox.put_nowait(event)
                    self._on_insist()
                elif isinstance(event, Sounded):
                    await self._hear(event.pcm)
            if self.taker.in_turn:
                await self._close_turn(self.taker.voiced)
        except Exception:
            log.exception("listening to a call broke off")
        finally:
            self.inbox.put_nowait(Gone())

    async def _hear(self, pcm: bytes) -> None:
        self._recording.caller(pcm)
        self._rest += pcm
        size = self._activity.frame_bytes
        while len(self._rest) >= size:
            frame, self._rest = self._rest[:size], self._rest[size:]
            await self._frame(frame)

    async def _frame(self, frame: bytes) -> None:
        voiced = self.taker.voiced
        event = self.taker.hear(FRAME_S, self._activity.is_speech(frame))
        may_keep = self._recording.begun
        if event is TurnEvent.started:
            self._open_turn()
            for earlier, kept in self._before:
                await self._feed(earlier, kept)
        if self._open:
            await self._feed(frame, may_keep)
        self._before.append((frame, may_keep))
        if event is TurnEvent.insisted:
            self._on_insist()
        elif event is TurnEvent.ended:
            await self._close_turn(self.taker.voiced)
        elif event is TurnEvent.too_long:
            await self._close_turn(voiced, unfinished=True)
            self._open_turn()
        elif event is TurnEvent.no_input:
            self.inbox.put_nowait(Silent())

    def _open_turn(self) -> None:
        self._open, self._failed, self._partial = True, False, ""
        self._kept = bytearray()
        self._session = None
        try:
            self._session = self._recogniser.begin(self._line.rate)
        except Exception:
            log.exception("the recogniser did not begin a turn")
            self._failed = True

    async def _feed(self, pcm: bytes, may_keep: bool) -> None:
        if may_keep:
            self._kept += pcm
        if self._session is None or self._failed:
            return
        try:
            partial = await self._session.feed(pcm)
        except Exception:
            log.exception("the recogniser broke in mid-turn")
            self._failed = True
            return
        if partial != self._partial and self._on_partial:
            self._on_partial(partial)
        self._partial = partial

    async def _close_turn(self, voiced: float, unfinished: bool = False) -> None:
        self._open = False
        ended_at = self._clock()
        speech = HeardSpeech("")
        session, self._session = self._session, None
        if session is not None and not self._failed:
            try:
                speech = await session.finish()
            except Exception:
                log.exception("the recogniser did not finish a turn")
                self._failed = True
        recognised_at = self._clock()
        recording = await asyncio.to_thread(self._keep, bytes(self._kept))
        self.inbox.put_nowait(Said(speech, recording, voiced, unfinished, self._failed, ended_at, recognised_at))

    def _keep(self, pcm: bytes) -> str:
        try:
            return self._recording.turn(pcm)
        except OSError:
            log.exception("a turn could not be recorded")
            return ""
