"""What a caller must hear is heard whole: the recording notice and words of danger; and before the notice nothing is kept."""

from __future__ import annotations

import contextlib
import io
import uuid as uuids
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.dialogue.port import Reply
from bot.lines.audiosocket import AudioSocketServer
from bot.lines.client import PlacedCall, place_call
from bot.recordings.room import open_recording
from bot.settings import Settings
from bot.speech.audio import write_wav
from bot.voice.call import PhoneCall, answering
from bot.voice.prompts import prompts
from tests.voice.doubles import (
    NotingDesk,
    NotingIntake,
    ScriptedDialogue,
    ScriptedRecogniser,
    ToneVoice,
    reply,
    silence,
    speech,
)
from tests.waiting import until

# people speak here in real time
pytestmark = pytest.mark.slow

RATE = 8000
PACE = 8.0
#: each sentence lasts so long (s)
SENTENCE_S = 3.0
#: what a caller hums, between the pitches of the voice (Hz)
HUM = 2550.0


class PitchVoice(ToneVoice):
    """Speaks each sentence at a pitch of its own, so that what was heard of it can be measured."""

    def pitch(self, number: int) -> float:
        """Of the sentence that was asked for as `number` (Hz); the caller's own voice has none of these."""
        return 1900.0 + 100.0 * number

    async def stream(self, text: str, rate: int = RATE) -> AsyncIterator[bytes]:
        hertz = self.pitch(len(self.said))
        self.said.append(text)
        time = np.arange(int(SENTENCE_S * rate)) / rate
        yield (np.sin(2 * np.pi * hertz * time) * 8000).astype("<i2").tobytes()


def heard_s(pcm: bytes, hertz: float) -> float:
    """Seconds of `pcm` in which a tone of this pitch is heard, whatever else is."""
    samples = np.frombuffer(pcm[: len(pcm) // 320 * 320], "<i2").astype(float).reshape(-1, 160)
    loudness = np.abs(samples @ np.exp(-2j * np.pi * hertz * np.arange(160) / RATE)) / 80
    return float((loudness > 1000).sum()) * 0.02


class Talk:
    """A call in which the caller speaks when something was asked of the voice, not when there is silence."""

    def __init__(self, home: Path, texts: list[str], answer: Reply) -> None:
        self.settings, self.voice = Settings(home=home), PitchVoice()
        self.dialogue = ScriptedDialogue([answer])
        self._recogniser = ScriptedRecogniser(list(texts))
        self._home = home

    async def call(self, *said: tuple[int, bytes]) -> PlacedCall:
        """Each `(number, pcm)`: as soon as Gege begins the sentence of that number, the caller says this."""
        files, begins = [], [number for number, _ in said]
        for number, (_, pcm) in enumerate(said):
            files.append(self._home / f"{number}.wav")
            write_wav(files[-1], np.frombuffer(pcm, "<i2").astype(np.int16), RATE)

        async def my_turn() -> None:
            if begins:
                number = begins.pop(0)
                await until(lambda: len(self.voice.said) > number)
            else:
                await until(lambda: not open_calls)

        open_calls: dict[str, PhoneCall] = {}
        server = AudioSocketServer(
            "127.0.0.1",
            0,
            answering(
                open_calls, dialogue=self.dialogue, recogniser=self._recogniser, voice=self.voice, desk=NotingDesk(),
                intake=NotingIntake(), settings=self.settings,
            ),
            pace=PACE,
        )  # fmt: skip
        await server.start()
        try:
            uuid = str(uuids.uuid4())
            server.announce(uuid, "13971800123")
            return await place_call("127.0.0.1", server.port, uuid, files, pace=PACE, my_turn=my_turn)
        finally:
            await server.close()

    def recorded(self) -> dict[str, bytes]:
        """Whatever lies in the room of recordings: its name, and its sound from first to last channel."""
        found = {}
        for path in sorted(self._home.rglob("*.sealed")):
            name = path.relative_to(self._home).as_posix()
            with contextlib.closing(wave.open(io.BytesIO(open_recording(self.settings, name)))) as file:
                both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
            found[path.stem] = np.ascontiguousarray(both.T).tobytes()
        return found


async def test_nothing_is_kept_of_what_is_said_before_the_notice_was_heard(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ["停电了"], reply("记下了。", ended=True))
    # The caller hums with every word, all through the notice and two seconds on.
    hum = np.sin(2 * np.pi * HUM * np.arange(int(5 * RATE)) / RATE) * 3000
    words = (np.frombuffer(speech(5.0), "<i2") * 0.6 + hum * 0.45).astype("<i2").tobytes()
    placed = await talk.call((0, words + silence(3.0)))
    kept = talk.recorded()
    notice, answer = talk.voice.pitch(0), talk.voice.pitch(len(talk.voice.said) - 1)
    assert heard_s(placed.heard, notice) == pytest.approx(SENTENCE_S, abs=0.05)
    assert heard_s(kept["call"], notice) < 0.1 and heard_s(kept["call"], answer) > 2.5
    for name in ("call", "turn-01"):
        assert 0.5 < heard_s(kept[name], HUM) < 2.3, name


async def test_the_notice_is_not_talked_over(tmp_path: Path) -> None:
    talk = Talk(tmp_path, ["停电了"], reply("记下了。", ended=True))
    placed = await talk.call((0, speech(4.0) + silence(3.0)))
    assert heard_s(placed.heard, talk.voice.pitch(0)) == pytest.approx(SENTENCE_S, abs=0.05)
    assert talk.dialogue.heard and prompts().greeting not in talk.voice.said, "the caller did insist"


async def test_words_of_danger_are_not_talked_over(tmp_path: Path) -> None:
    answer = reply("莫靠近,莫用手碰。", "我马上叫人。", intent="report_hazard", ended=True)
    talk = Talk(tmp_path, ["电线掉下来了", "快点来"], answer)
    placed = await talk.call((1, speech(1.5) + silence(2.0)), (2, speech(2.5) + silence(3.0)))
    assert talk.voice.said[2] == "莫靠近,莫用手碰。"
    assert heard_s(placed.heard, talk.voice.pitch(2)) == pytest.approx(SENTENCE_S, abs=0.05)
    assert heard_s(placed.heard, talk.voice.pitch(3)) < SENTENCE_S, "the caller did insist"


async def test_an_everyday_answer_is_talked_over(tmp_path: Path) -> None:
    """The measure itself: what is not firm stops when somebody speaks."""
    talk = Talk(tmp_path, ["停电了", "莫说了"], reply("您家在哪里?", "是哪条路?"))
    talk.dialogue.answers.append(reply("好。", ended=True))
    placed = await talk.call((1, speech(1.5) + silence(2.0)), (2, speech(2.5) + silence(3.0)))
    assert 0.0 < heard_s(placed.heard, talk.voice.pitch(2)) < SENTENCE_S - 0.5
