"""A spoken call with the real recogniser and the real voice; only the dialogue is scripted."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.speech.models import DEMO, missing_files
from bot.speech.recognise import VoskRecogniser
from bot.speech.speak import GegeVoice
from bot.voice.loopback import run_call
from tests.voice.doubles import NotingDesk, NotingIntake, ScriptedDialogue, reply

# A real recogniser on real sound.
pytestmark = pytest.mark.slow


async def test_espeak_calls_gege_and_is_understood(tmp_path: Path) -> None:
    if missing := missing_files(DEMO):
        warnings.warn(f"NOT TESTED: a spoken call, because models/demo lacks {missing}", stacklevel=1)
        pytest.skip("models/demo is not built")
    voice, recogniser = GegeVoice(tmp_path), VoskRecogniser(DEMO)
    files = []
    for number, sentence in enumerate(("我家停电了", "沿河路二百零六号", "对")):
        from bot.speech.audio import read_audio, wav_bytes

        path = tmp_path / f"{number}.wav"
        pcm = await voice.say(sentence, 16000)
        import numpy as np

        path.write_bytes(wav_bytes(np.frombuffer(pcm, "<i2").astype(np.int16), 16000))
        assert read_audio(path).seconds > 0.3
        files.append(path)
    dialogue = ScriptedDialogue(
        [
            reply("您家在哪里?"),
            reply("您讲的是沿河路206号,停电了。对不对?"),
            reply("记下了。", ticket_no="GD1", ended=True),
        ]
    )
    try:
        story = await run_call(
            files, "13971800123", dialogue, recogniser, voice, NotingDesk(), Settings(home=tmp_path),
            intake=NotingIntake(), pace=8.0,
        )  # fmt: skip
    finally:
        await voice.close()
        await recogniser.close()
    heard = [turn.heard for turn in story.turns]
    assert len(heard) == 3 and heard[0] == "我家停电了" and "沿河路" in heard[1]
    # Who is first to hang up after the last word is a matter of milliseconds.
    assert story.ticket_no == "GD1" and story.outcome in ("goodbye", "hung_up")
    assert all(turn.seconds["first_audio"] < 1.0 for turn in story.turns)
