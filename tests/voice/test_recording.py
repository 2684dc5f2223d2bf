"""The recording of a call is what was on the line, sample by sample, in both directions."""

from __future__ import annotations

import asyncio
import io
import wave
from pathlib import Path

import numpy as np
import pytest

from bot.lines import audiosocket
from bot.lines.audiosocket import AudioSocketServer
from bot.lines.client import PlacedCall, place_call
from bot.lines.line import CallFacts, Line
from bot.recordings.room import look_into, open_recording
from bot.settings import RecordingSettings, Settings
from bot.speech.audio import write_wav
from bot.voice.call import PhoneCall
from bot.voice.record import CallStory
from tests.voice.doubles import NotingDesk, NotingIntake, ScriptedDialogue, ScriptedRecogniser, ToneVoice, reply, speech

# people speak here in real time
pytestmark = pytest.mark.slow

ID = "40325ec2-5efd-4bd3-805f-53576e581d13"


def voiced(seconds: float, rate: int) -> np.ndarray:
    noise = np.random.default_rng(7).integers(-40, 40, int(seconds * rate))
    return (np.frombuffer(speech(seconds, rate), "<i2") + noise).astype(np.int16)


@pytest.fixture(autouse=True)
def telephone_that_sends_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first frame is waited for and no gap is filled, however late a busy machine brings what it sent."""
    monkeypatch.setattr(audiosocket, "_FIRST_FRAME_S", 30.0)
    monkeypatch.setattr(audiosocket, "_QUIET_WAKES", 1_000_000)


async def recorded(home: Path, rate: int, sound: np.ndarray) -> tuple[PlacedCall, CallStory]:
    over: asyncio.Future[CallStory] = asyncio.get_running_loop().create_future()

    async def answer(line: Line, facts: CallFacts) -> None:
        call = PhoneCall(
            line, facts, dialogue=ScriptedDialogue([reply("记下了。", ended=True)]), voice=ToneVoice(0.5),
            recogniser=ScriptedRecogniser(["停电"]), desk=NotingDesk(), intake=NotingIntake(),
            settings=Settings(home=home),
        )  # fmt: skip
        over.set_result(await call.run())

    write_wav(home / "said.wav", sound, rate)
    server = AudioSocketServer("127.0.0.1", 0, answer, pace=4.0)
    await server.start()
    try:
        server.announce(ID, "139")
        placed = await place_call("127.0.0.1", server.port, ID, [home / "said.wav"], rate=rate, pace=4.0)
        story = await asyncio.wait_for(over, 30)
    finally:
        await server.close()
    return placed, story


@pytest.mark.parametrize("rate", [8000, 16000])
async def test_both_directions_are_kept_sample_by_sample(tmp_path: Path, rate: int) -> None:
    sound = voiced(1.5, rate)
    placed, story = await recorded(tmp_path, rate, sound)
    with wave.open(io.BytesIO(open_recording(Settings(home=tmp_path), story.recording))) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, rate)
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert sound.tobytes() in both[:, 0].tobytes(), "what the caller said, unchanged and whole"
    gege = both[:, 1].tobytes().rstrip(b"\x00")
    assert len(gege) > rate and gege in placed.heard, "what Gege said, as it arrived at the caller's"
    turn = look_into(Settings(home=tmp_path), story.turns[0].recording)
    assert turn.complete and sound.tobytes() in turn.pcm


async def test_a_call_goes_on_when_it_cannot_be_recorded(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("a file where the folder should be")
    _, story = await recorded(tmp_path, 8000, voiced(1.5, 8000))
    assert story.outcome == "goodbye" and story.recording == story.turns[0].recording == ""


async def test_a_key_that_others_may_read_stores_nothing_and_loses_no_call(tmp_path: Path) -> None:
    from bot.recordings.keys import key_file

    settings = Settings(home=tmp_path, recording=RecordingSettings())
    key_file(settings).parent.mkdir()
    key_file(settings).write_text("x")
    key_file(settings).chmod(0o644)
    _, story = await recorded(tmp_path, 8000, voiced(1.5, 8000))
    assert story.outcome == "goodbye" and not list(tmp_path.rglob("*.sealed"))
