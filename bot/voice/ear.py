"""Gege's ear on a line: sound becomes turns of the caller, recognised while they are spoken."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bot.lines.line import Line, Pressed, Sounded
from bot.recordings.keys import KeyRefused
from bot.speech.activity import FRAME_S
from bot.speech.gathered import gathered
from bot.speech.port import HeardSpeech, InHand, Likely, Recogniser, RecognitionSession
from bot.voice.echo import FOLLOWS, EchoMeter
from bot.voice.keypad import Keyed, Keypad
from bot.voice.line_sound import Frame, LineSound, loudness_of
from bot.voice.recording import CallRecording
from bot.voice.turn import Nearness, TurnEvent, TurnRules, TurnTaker

log = logging.getLogger(__name__)

#: sound before the turn's first voiced frame that belongs to it: the detector misses soft initials
_BEFORE_S = 0.4
#: a message ends after so much silence, or at its longest; who says nothing is not waited for (s)
_MESSAGE = TurnRules(end_of_speech=4.0, far_voice=6.0, no_input=8.0, longest=180.0)
#: a caller who has hung up becomes a call-back within 5 s: this much of it is the recogniser's
_GONE_S = 2.0
#: while somebody speaks, so much is compared with what Gege says (frames)
_ECHO_FRAMES = 100
#: louder than her echo by this factor (4 dB) somebody speaks over it
_OVER_ECHO = 1.6
#: of what waits, so many frames are heard before others have their turn
_IN_ONE_GO = 10
#: the keys that end a message
_DONE, _PERSON = "#", "0"


@dataclass(frozen=True)
class Said:
    """One turn of the caller."""

    speech: HeardSpeech
    #: its name below GEGE_HOME
    recording: str
    #: seconds of voice in it; a cough has few
    voiced: float
    #: the turn was closed at its longest; the caller goes on speaking
    unfinished: bool
    #: the recogniser broke or took too long: `speech` is empty, the recording is all there is
    failed: bool
    #: clock times: the turn's end (after the wait), the recogniser's end
    ended_at: float
    recognised_at: float
    #: silence that ended the turn (s): what the caller waited before Gege began to work
    waited: float = 0.0
    #: loudness of its voice (RMS), and how closely it follows what Gege said meanwhile (bot/voice/echo.py)
    level: float = 0.0
    follows: float = 0.0
    #: of its sound: seconds that are a voice, and seconds that are none (bot/voice/line_sound.py)
    voice: float = 0.0
    no_voice: float = 0.0
    #: Gege had more to say when it was over
    under_gege: bool = False
    #: loudness of the line when nobody speaks (RMS)
    noise: float = 0.0


@dataclass(frozen=True)
class Left:
    """A message, spoken after the tone; nobody has tried to understand it."""

    recording: str
    #: seconds of voice in it
    voiced: float


@dataclass(frozen=True)
class Silent:
    """The caller was expected to speak and did not."""


@dataclass(frozen=True)
class Gone:
    """The call is over."""


Noticed = Said | Left | Silent | Keyed | Gone


@dataclass
class _Turn:
    """A turn on its way through the recogniser."""

    sound: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    #: what of it may be stored: nothing from before the recording notice
    kept: bytearray = field(default_factory=bytearray)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    ended_at: float = 0.0
    voiced: float = 0.0
    waited: float = 0.0
    unfinished: bool = False
    #: what was asked when it began
    question: str = ""
    #: frames of it, those before it included; those in which somebody speaks, and their energy
    frames: int = 0
    speaking: int = 0
    energy: float = 0.0
    follows: float = 0.0
    #: frames that are a voice, that are none, and that are not judged yet
    voice: int = 0
    no_voice: int = 0
    unjudged: int = 0
    under_gege: bool = False
    noise: float = 0.0

    def judge(self, voice: bool | None) -> None:
        """A frame in which somebody may speak; the first judgement holds for what came before it as well."""
        self.unjudged += 1
        if voice is not None:
            self.voice += self.unjudged if voice else 0
            self.no_voice += 0 if voice else self.unjudged
            self.unjudged = 0

    @property
    def level(self) -> float:
        return math.sqrt(self.energy / self.speaking) if self.speaking else 0.0


class Ear:
    """Listens all the time, also while Gege speaks and the recogniser works; tells in `inbox`, in order."""

    def __init__(
        self,
        line: Line,
        recogniser: Recogniser,
        recording: CallRecording,
        rules: TurnRules,
        on_insist: Callable[[], None],
        on_partial: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        extra_wait: Callable[[str, str, float], float] = lambda question, partial, paused: 0.0,
        gege_speaks: Callable[[], bool] = lambda: False,
        recognise_s: float = 5.0,
        keypad: Keypad | None = None,
    ) -> None:
        """`extra_wait(question, partial, longest pause)`: seconds to wait beyond the rules; `recognise_s`: from the end of a turn
        on the recogniser has so long; `keypad`: what keys say in this call."""
        self.inbox: asyncio.Queue[Noticed] = asyncio.Queue()
        self.taker = TurnTaker(rules)
        self._line, self._recogniser, self._recording = line, recogniser, recording
        self._on_insist, self._on_partial, self._clock = on_insist, on_partial, clock
        self._extra_wait, self._gege_speaks, self._recognise_s = extra_wait, gege_speaks, recognise_s
        self._sound = LineSound(line.rate)
        self._nearness = Nearness()
        self._echo = EchoMeter()
        self._rest, self._frames = b"", 0
        self._before: deque[tuple[bytes, bool]] = deque(maxlen=int(_BEFORE_S / FRAME_S))
        self._turn: _Turn | None = None
        self._turns: asyncio.Queue[_Turn | None] = asyncio.Queue()
        self._unfinished = 0
        #: the caller has gone: what is being worked on must come to an end soon
        self.over = False
        self._told_gone = False
        self._partial = ""
        #: what was asked last (Reply.detail's "asks"): turns that begin now are likely to answer it
        self.question = ""
        self._message: bytearray | None = None
        self._message_taker = TurnTaker(_MESSAGE)
        self._keypad = keypad or Keypad()

    @property
    def gone(self) -> bool:
        """The call is over, and nothing that was said in it waits to be answered."""
        return self._told_gone and self.inbox.qsize() == 1

    @property
    def busy(self) -> bool:
        """A turn that has ended is still being recognised, or a number is being keyed."""
        return self.working or self._keypad.pending

    @property
    def working(self) -> bool:
        """A turn that has ended is still being recognised."""
        return self._unfinished > 0

    @property
    def figures(self) -> dict[str, float]:
        """The line as it was measured so far, in dB of full scale: its noise; the echo in dB of what is sent. What is not known lacks."""
        found = {"noise_db": self._sound.noise / 32768, "echo_db": self._echo.gain}
        return {name: round(20 * math.log10(share), 1) for name, share in found.items() if share > 0}

    def take_message(self) -> None:
        """From now on sound is no turn but a message; `Left` comes when it is over."""
        if self._turn is not None:
            self.taker.finish()
            self._close_turn()
        self._message = bytearray()
        self._message_taker = TurnTaker(_MESSAGE)
        self._message_taker.expect()

    async def listen(self) -> None:
        """Until the call is over. A turn that the call's end cuts off is still delivered, then `Gone`."""
        work = asyncio.create_task(self._work())
        try:
            async for event in self._line.events():
                if isinstance(event, Pressed):
                    await self._pressed(event)
                elif isinstance(event, Sounded):
                    await self._hear(event.pcm)
            self.over = True
            self._keyed(self._keypad.finish())
            if self._message is not None:
                await self._end_message()
            if self._turn is not None:
                self._close_turn()
            self._turns.put_nowait(None)
            await work
        except Exception:
            log.exception("listening to a call broke off")
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self._told_gone = True
            self.inbox.put_nowait(Gone())

    async def _pressed(self, key: Pressed) -> None:
        if self._message is not None:
            if key.digit in (_DONE, _PERSON):
                await self._end_message()
            if key.digit == _PERSON:
                self.inbox.put_nowait(Keyed(key.digit, ""))
        elif key.digit == _DONE and not self._keypad.pending and self.taker.finish():
            self._close_turn()
        else:
            self._on_insist()
            self._keyed(self._keypad.press(key.digit, self.question))

    def _keyed(self, keyed: Keyed | None) -> None:
        if keyed is not None:
            self.inbox.put_nowait(keyed)

    async def _hear(self, pcm: bytes) -> None:
        self._recording.caller(pcm)
        self._rest += pcm
        size = self._sound.frame_bytes
        while len(self._rest) >= size:
            frame, self._rest = self._rest[:size], self._rest[size:]
            self._frames += 1
            if self._frames % _IN_ONE_GO == 0:
                # What waits is taken without a pause: an ear that lags would let no other be heard until it has caught up.
                await asyncio.sleep(0)
            sound = self._sound.hear(frame, judge=self._message is None)
            if self._message is not None:
                await self._hear_message(frame, sound.speech)
            else:
                self._hear_turn(frame, sound)

    async def _hear_message(self, frame: bytes, speech: bool) -> None:
        assert self._message is not None
        self._message += frame
        event = self._message_taker.hear(FRAME_S, speech)
        if event in (TurnEvent.ended, TurnEvent.too_long, TurnEvent.no_input):
            await self._end_message()

    async def _end_message(self) -> None:
        pcm, self._message = bytes(self._message or b""), None
        # `too_long` has opened the next turn already; a message as long as that holds speech.
        voiced = self._message_taker.voiced or (_MESSAGE.longest if self._message_taker.in_turn else 0.0)
        self._before.clear()
        self.inbox.put_nowait(Left(await asyncio.to_thread(self._keep, pcm), voiced))

    def sent(self, pcm: bytes) -> None:
        """A frame of Gege's sound has left: what comes back of it is no caller."""
        self._echo.sent(loudness_of(np.frombuffer(pcm, "<i2").astype(np.float64)))

    def _hear_turn(self, frame: bytes, sound: Frame) -> None:
        self._keyed(self._keypad.passed(FRAME_S))
        loudness, speech = sound.loudness, sound.speech
        self._echo.heard(loudness)
        theirs = speech and sound.voice is not False and loudness >= self._echo.expected * _OVER_ECHO
        nobody_else = self.taker.expecting and not self.taker.in_turn
        near = self._nearness.near(FRAME_S, loudness, theirs, nobody_else)
        voiced = self.taker.voiced
        event = self.taker.hear(FRAME_S, speech, near)
        may_keep = self._recording.begun
        if event is TurnEvent.started:
            self._open_turn()
            for earlier, kept in self._before:
                self._feed(earlier, kept)
        self._feed(frame, may_keep)
        self._before.append((frame, may_keep))
        if self._turn is not None and speech:
            self._turn.judge(sound.voice)
            self._turn.speaking += 1
            self._turn.energy += loudness * loudness
        if event is TurnEvent.insisted:
            self._insisted()
        elif event is TurnEvent.ended:
            self._close_turn()
        elif event is TurnEvent.too_long:
            self._close_turn(voiced, unfinished=True)
            self._open_turn()
        elif event is TurnEvent.no_input and not self.busy:
            self.inbox.put_nowait(Silent())

    def _insisted(self) -> None:
        """Somebody speaks on: Gege stops, unless it is herself whom she hears."""
        if self._turn is not None and self._echo.follows(min(self._turn.frames, _ECHO_FRAMES)) >= FOLLOWS:
            self.taker.calm()
        else:
            self._on_insist()

    def _open_turn(self) -> None:
        self._partial = ""
        self.taker.extra = self._extra_wait(self.question, "", self.taker.paused)
        self._turn = _Turn(question=self.question)
        self._turns.put_nowait(self._turn)

    def _feed(self, pcm: bytes, may_keep: bool) -> None:
        if self._turn is not None:
            if may_keep:
                self._turn.kept += pcm
            self._turn.frames += 1
            self._turn.sound.put_nowait(pcm)

    def _close_turn(self, voiced: float | None = None, unfinished: bool = False) -> None:
        turn, self._turn = self._turn, None
        if turn is None:
            return
        turn.voiced = self.taker.voiced if voiced is None else voiced
        turn.unfinished = unfinished
        turn.follows = self._echo.follows(turn.frames)
        turn.voice += turn.unjudged
        turn.under_gege = self._gege_speaks()
        turn.noise = self._sound.noise
        turn.waited = self.taker.rules.end_of_speech + self.taker.extra
        turn.ended_at = self._clock()
        turn.sound.put_nowait(None)
        turn.ended.set()
        self._unfinished += 1

    async def _work(self) -> None:
        """The recogniser's side: turn after turn, however far it lags behind the sound."""
        while (turn := await self._turns.get()) is not None:
            decoding = asyncio.create_task(self._decode(turn))
            try:
                await turn.ended.wait()
                patience = min(self._recognise_s, _GONE_S) if self.over else self._recognise_s
                await asyncio.wait({decoding}, timeout=patience)
            finally:
                if not decoding.done():
                    decoding.cancel()
                    log.error("the recogniser needs more than %s s for a turn", self._recognise_s)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({decoding})
            speech = None if decoding.cancelled() else decoding.result()
            recognised_at = self._clock()
            recording = await asyncio.to_thread(self._keep, bytes(turn.kept))
            self._unfinished -= 1
            self.inbox.put_nowait(
                Said(
                    speech or HeardSpeech(""),
                    recording,
                    turn.voiced,
                    turn.unfinished,
                    speech is None,
                    turn.ended_at,
                    recognised_at,
                    turn.waited,
                    turn.level,
                    turn.follows,
                    turn.voice * FRAME_S,
                    turn.no_voice * FRAME_S,
                    turn.under_gege,
                    turn.noise,
                )
            )

    async def _decode(self, turn: _Turn) -> HeardSpeech | None:
        """What was said; None when the recogniser broke."""
        session: RecognitionSession | None = None
        try:
            session = self._recogniser.begin(self._line.rate, Likely(turn.question))
            async for sound in gathered(turn.sound):
                self._heard_so_far(turn, await session.feed(sound))
            return await session.finish()
        except asyncio.CancelledError:
            # Nobody waits any longer; what one of two ears has heard meanwhile is not thrown away.
            if isinstance(session, InHand) and (heard := session.in_hand()) is not None:
                return heard
            raise
        except Exception:
            log.exception("the recogniser broke on a turn")
            return None

    def _heard_so_far(self, turn: _Turn, partial: str) -> None:
        if turn is not self._turn or partial == self._partial:
            return
        self._partial = partial
        self.taker.extra = self._extra_wait(turn.question, partial, self.taker.paused)
        if self._on_partial:
            self._on_partial(partial)

    def _keep(self, pcm: bytes) -> str:
        try:
            return self._recording.turn(pcm)
        except (OSError, KeyRefused):
            log.exception("a turn could not be recorded")
            return ""
