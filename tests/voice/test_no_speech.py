"""What is no resident's speech (silence, a line's noise, music, a dog, three people at once, another language): a real call with
the real ear and the real dialogue, and no report comes of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from bot.app.parts import Parts, running
from bot.settings import PROJECT, Settings
from bot.speech.audio import Samples, resample, write_wav
from bot.speech.models import DEMO
from bot.speech.recognise import VoskRecogniser
from bot.voice.loopback import run_call
from bot.voice.record import CallStory
from tests.voice.doubles import ToneVoice
from tools.demo_model.speaker import speak_demo

# a call a sound, with the real ear
pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

RATE = 8000
#: tickets that say "listen to it, or call back", and report nothing
NO_REPORT = {"unclear", "callback"}
_ENGLISH = (
    "import sys; from bot.speech.espeak_child import Engine; e = Engine(); e._library.espeak_SetVoiceByName(b'en-us');"
    "sys.stdout.buffer.write(e.rate.to_bytes(4, 'little') + e.speak(sys.argv[1], 160, 45))"
)


def loud(sound: np.ndarray, level: float = 4000.0) -> Samples:
    return np.clip(sound / (np.sqrt(np.mean(sound**2)) + 1e-9) * level, -32000, 32000).astype(np.int16)


def noise(seconds: float = 4.0) -> Samples:
    return loud(np.random.default_rng(1).standard_normal(int(seconds * RATE)), 1500.0)


def hum(seconds: float = 4.0) -> Samples:
    time = np.arange(int(seconds * RATE)) / RATE
    return loud(np.sin(2 * np.pi * 50 * time) + np.sin(2 * np.pi * 150 * time) / 2, 1500.0)


def music() -> Samples:
    """A tune on something with strings, chords below it."""
    notes = (262, 330, 392, 523, 440, 392, 330, 294, 262, 392, 330, 262)
    time = np.arange(int(0.4 * RATE)) / RATE
    played = [
        sum(np.sin(2 * np.pi * note * n * time) / n for n in range(1, 6))
        + sum(np.sin(2 * np.pi * low * time) for low in (131, 165, 196))
        for note in notes
    ]
    return loud(np.concatenate([one * np.exp(-3 * time) for one in played]))


def barks() -> Samples:
    """A dog: short rough sounds that fall, with pauses."""
    dice, time = np.random.default_rng(2), np.arange(int(0.22 * RATE)) / RATE
    pitch = np.cumsum(480 - 900 * time) / RATE
    voice = sum(np.sin(2 * np.pi * pitch * n) / n for n in range(1, 9)) + dice.standard_normal(len(time)) * 0.8
    one = voice * np.hanning(len(time))
    return loud(np.concatenate([np.concatenate([one, np.zeros(int(gap * RATE))]) for gap in (0.2, 0.5, 0.2, 0.2, 0.6)]))


def three_at_once() -> Samples:
    said = ("你昨日到街上去买菜没有", "明朝早晨我们一路去看戏", "他屋里的伢读书蛮攒劲")
    voices = [speak_demo(text, rate=rate).astype(np.float64) for text, rate in zip(said, (140, 155, 125), strict=True)]
    longest = max(len(one) for one in voices)
    return loud(np.sum([np.pad(one / np.abs(one).max(), (0, longest - len(one))) for one in voices], axis=0))


def english() -> Samples:
    text = "Good morning, I would like to book a table for two people on Friday evening, please."
    out = subprocess.run(
        [sys.executable, "-c", _ENGLISH, text], stdout=subprocess.PIPE, check=True, cwd=PROJECT, timeout=60
    ).stdout
    return loud(resample(np.frombuffer(out[4:], "<i2").astype(np.int16), int.from_bytes(out[:4], "little"), RATE))


SOUNDS = {
    "silence": lambda: np.zeros(4 * RATE, np.int16), "noise": noise, "hum": hum, "music": music, "a dog": barks,
    "three at once": three_at_once, "English": english,
}  # fmt: skip
#: what voice activity alone tells apart: no turn comes of it
NO_VOICE = ("silence", "hum")


@dataclass
class Line:
    service: Parts
    ear: VoskRecogniser
    settings: Settings

    async def call(self, *files: Path) -> CallStory:
        service = self.service
        return await run_call(
            files, "13971800123", service.dialogue, self.ear, ToneVoice(), service.desk, self.settings,
            intake=service.intake, pace=8.0,
        )  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(county: Path, dialogue_model: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Line]:
    home = tmp_path_factory.mktemp("no-speech")
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, home)
    settings = Settings(home=home)
    ear = VoskRecogniser(DEMO)
    async with running(settings, relay=False) as service:
        yield Line(service, ear, settings)
    await ear.close()


@pytest.mark.parametrize("sound", SOUNDS)
async def test_what_is_no_residents_speech_makes_no_report(line: Line, sound: str, tmp_path: Path) -> None:
    write_wav(tmp_path / "sound.wav", SOUNDS[sound](), RATE)
    before = {one.ticket_no for one in line.service.desk.tickets(limit=1000)}
    story = await line.call(tmp_path / "sound.wav", tmp_path / "sound.wav")
    made = {one.kind for one in line.service.desk.tickets(limit=1000) if one.ticket_no not in before}
    assert made <= NO_REPORT, [(turn.heard, turn.unknown_share, turn.intent) for turn in story.turns]
    if sound in NO_VOICE:
        assert not any(turn.heard for turn in story.turns)
