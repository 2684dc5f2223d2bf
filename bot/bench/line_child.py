"""Calls of `gege bench line`, carried by one checkout of Gege in a process of its own.

Run by path with PYTHONPATH on the checkout that is measured (`python -P bot/bench/line_child.py FOLDER`): it may use only what
every version has. FOLDER holds calls.json and sound (int16, 8 kHz); stdout: one JSON object a call.

The line is faster than time, and waits for the recogniser: whatever the machine has to do, a call is the same call."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.dialogue.port import Reply, Understanding
from bot.lines.line import CallFacts, LineEvent, Playback, Sounded
from bot.settings import Settings
from bot.speech.models import DEMO
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely
from bot.speech.recognise import VoskRecogniser
from bot.voice.call import PhoneCall

RATE, FRAME_S = 8000, 0.02
Sounds16 = NDArray[np.int16]
_FRAME = int(RATE * FRAME_S) * 2
#: turns of the event loop for each frame: whoever is told of something has time to act
_ROUNDS = 12


class SteppedEar:
    """A recogniser that the line can wait for."""

    def __init__(self, ear: VoskRecogniser) -> None:
        self._ear, self.working = ear, 0

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> SteppedSession:
        return SteppedSession(self, self._ear.begin(sample_rate, likely))

    async def close(self) -> None:
        """It is another's."""


class SteppedSession:
    def __init__(self, owner: SteppedEar, session: Any) -> None:
        self._owner, self._session = owner, session

    async def feed(self, pcm: bytes) -> str:
        self._owner.working += 1
        try:
            return str(await self._session.feed(pcm))
        finally:
            self._owner.working -= 1

    async def finish(self) -> HeardSpeech:
        self._owner.working += 1
        try:
            found: HeardSpeech = await self._session.finish()
            return found
        finally:
            self._owner.working -= 1


class SteppedLine:
    """Frame for frame: the caller's sound comes in, Gege's goes out, and her echo comes back.

    `cues`: [what it waits for ("" for a second, "turn" for Gege's silence after an answer), seconds behind it, sound]."""

    rate, backlog = RATE, 0

    def __init__(self, call: dict[str, Any], sounds: dict[str, Sounds16], ear: SteppedEar) -> None:
        self.on_sent: Any = None
        self.at = 0.0
        self._call, self._ear = call, ear
        count = int(call["seconds"] * RATE)
        bed = sounds[call["bed"]] if call.get("bed") else np.zeros(1)
        self._in = np.resize(bed, count).astype(np.float64) * call.get("bed_gain", 1.0)
        self._sounds = sounds
        self._cues = list(call.get("cues", ()))
        self._own = np.zeros(0)
        #: (from, to) of every cue in seconds of the line
        self.spoken: list[tuple[float, float]] = []
        self._playing: list[tuple[Playback, int]] = []
        echo = call.get("echo")
        self._echo = np.zeros(int(echo["delay"] * RATE) + 160) if echo else np.zeros(0)
        self._echo_gain = echo["gain"] if echo else 0.0
        self._quiet = self._since = 0.0
        self.hung_up = False
        self.waiting: Any = lambda: False

    def play(self, pcm: bytes) -> Playback:
        playback = Playback(pcm)
        if pcm and not self.hung_up:
            self._playing.append((playback, 0))
        else:
            playback.complete = True
            playback.over.set()
        return playback

    def drop(self) -> None:
        for playback, _ in self._playing:
            playback.over.set()
        self._playing.clear()

    async def hang_up(self) -> None:
        self.hung_up = True
        self.drop()

    def clock(self) -> float:
        return self.at

    @property
    def gege(self) -> bool:
        return bool(self._playing)

    def _out(self) -> bytes:
        pcm = b""
        while self._playing and len(pcm) < _FRAME:
            playback, at = self._playing.pop(0)
            if playback.started_at is None:
                playback.started_at = self.at
            part = playback.pcm[at : at + _FRAME - len(pcm)]
            pcm, at = pcm + part, at + len(part)
            playback.sent = at
            if at < len(playback.pcm):
                self._playing.insert(0, (playback, at))
            else:
                playback.complete = True
                playback.over.set()
        return pcm.ljust(_FRAME, b"\x00")

    def _cued(self) -> None:
        """Whether it is time for the next thing that the caller says."""
        if not self._cues or len(self._own):
            return
        kind, after, name = self._cues[0]
        self._quiet = self._quiet + FRAME_S if self.waiting() and not self.gege else 0.0
        self._since = self._since + FRAME_S
        due = self._quiet >= after if kind == "turn" else self.at >= after
        if kind == "over":  # while Gege answers
            due = self.gege and self._since >= after and self.at > 9.0
        if due:
            self._cues.pop(0)
            self._own = self._sounds[name].astype(np.float64)
            self.spoken.append((self.at, self.at + len(self._own) / RATE))
            self._quiet = self._since = 0.0

    async def events(self) -> AsyncIterator[LineEvent]:
        for start in range(0, len(self._in) - 160, 160):
            if self.hung_up:
                return
            self._cued()
            heard = self._in[start : start + 160].copy()
            own, self._own = self._own[:160], self._own[160:]
            heard[: len(own)] += own
            if len(self._echo):
                heard += self._echo[:160] * self._echo_gain
            out = self._out()
            if len(self._echo):
                self._echo = np.append(self._echo[160:], np.frombuffer(out, "<i2").astype(np.float64))
            if self.on_sent:
                self.on_sent(out)
            self.at += FRAME_S
            yield Sounded(np.clip(heard, -32767, 32767).astype("<i2").tobytes())
            for _ in range(_ROUNDS):
                await asyncio.sleep(0)
            while self._ear.working:
                await asyncio.sleep(0.0005)
        await self.hang_up()


class Answers:
    """A dialogue that asks the same again and again, and notes when it was asked to answer."""

    def __init__(self, line: SteppedLine, call: dict[str, Any]) -> None:
        self._line, self._question, self._say = line, call.get("question", ""), call.get("say", "嗯。")
        self.turns: list[dict[str, Any]] = []

    async def turn(self, heard: Any) -> Reply:
        self.turns.append({"at": round(self._line.at, 2), "text": heard.text, "unclear": heard.unclear})
        understood = Understanding(heard.text, "report_outage", 0.9, False)
        return Reply((self._say,), understood, detail={"asks": self._question})


class Recorded:
    """Gege's voice: a sound for each sentence that has one, and one for all others."""

    def __init__(self, sounds: dict[str, Sounds16]) -> None:
        self._sounds = sounds

    async def say(self, text: str, rate: int = RATE) -> bytes:
        samples = self._sounds.get(f"gege {text}", self._sounds["gege"])
        return np.clip(samples, -32767, 32767).astype("<i2").tobytes()

    async def stream(self, text: str, rate: int = RATE) -> AsyncIterator[bytes]:
        yield await self.say(text, rate)

    async def start(self) -> None:
        """It is there."""

    async def close(self) -> None:
        """It has nothing."""


class Desk:
    """Takes everything."""

    def begin_call(self, *_: object) -> bool:
        return True

    def end_call(self, *_: object) -> bool:
        return True

    def call_back(self, *_: object) -> list[Any]:
        return [SimpleNamespace(ticket_no="GD1")]

    def rest(self, *_: object) -> list[Any]:
        return []

    def together(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


async def _intake(_heard: Any, _reason: str) -> str | None:
    return "GD1"


async def one_call(call: dict[str, Any], sounds: dict[str, Sounds16], ear: VoskRecogniser, home: Path) -> Any:
    stepped = SteppedEar(ear)
    line = SteppedLine(call, sounds, stepped)
    dialogue = Answers(line, call)
    phone = PhoneCall(
        line, CallFacts(call["name"], "13971800123"), dialogue=dialogue, recogniser=stepped, voice=Recorded(sounds),
        desk=Desk(), intake=_intake, settings=Settings(home=home), clock=line.clock,
    )  # fmt: skip
    parts = phone._call
    # The recording keeps nothing: a thread that writes would let the line run ahead.
    parts.recording.turn = lambda pcm: ""  # type: ignore[method-assign]
    line.waiting = lambda: parts.waiting and not parts.ear.busy and not parts.ear.taker.in_turn
    parts.ear.question = call.get("question", "")
    stopped: list[float] = []
    interrupt = parts.mouth.interrupt

    def interrupted() -> None:
        if line.gege:
            stopped.append(round(line.at, 2))
        interrupt()

    parts.ear._on_insist = interrupted
    story = await phone.run()
    return {
        "name": call["name"], "spoken": line.spoken, "turns": dialogue.turns, "stopped": stopped,
        "outcome": story.outcome, "ended_at": round(line.at, 2),
        "waits": [turn.seconds.get("end_of_speech") for turn in story.turns],
    }  # fmt: skip


async def main(folder: Path) -> None:
    calls = json.loads((folder / "calls.json").read_text("utf-8"))
    sounds = {name: values for name, values in np.load(folder / "sounds.npz").items()}
    ear = VoskRecogniser(DEMO, threads=1)
    with tempfile.TemporaryDirectory() as home:
        for call in calls:
            found = await one_call(call, sounds, ear, Path(home))
            print(json.dumps(found, ensure_ascii=False), flush=True)
    await ear.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
