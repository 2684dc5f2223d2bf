"""Speaking: recorded prompts first, then espeak-ng in a child process that may die."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.speech import speak
from bot.speech.audio import write_wav
from bot.speech.speak import EspeakProcess, GegeVoice, VoiceFailed, prompt_name


@pytest.fixture
async def voice(tmp_path: Path) -> AsyncIterator[GegeVoice]:
    voice = GegeVoice(tmp_path)
    yield voice
    await voice.close()


async def test_a_sentence_becomes_sound_and_comes_from_the_cache_afterwards(voice: GegeVoice, tmp_path: Path) -> None:
    pcm = await voice.say("您讲的是沿河路206号。", 8000)
    assert 2.0 < len(pcm) / 16000 < 6.0 and np.abs(np.frombuffer(pcm, "<i2")).max() > 3000
    assert len(await voice.say("您讲的是沿河路206号。", 16000)) == pytest.approx(2 * len(pcm), rel=0.01)
    await voice.close()
    again = GegeVoice(tmp_path)
    assert await again.say("您讲的是沿河路206号。", 8000) == pcm
    assert again.engine.starts == 0, "the cache on disk was not used"


async def test_the_first_sentence_comes_before_the_last_is_made(voice: GegeVoice) -> None:
    await voice.start()
    began = time.monotonic()
    parts = voice.stream("记下了。" + "归程师傅管这一片,他的电话是13971800123。" * 3, 8000)
    await anext(parts)
    assert time.monotonic() - began < 0.5
    assert len([part async for part in parts]) == 3


async def test_a_dead_child_is_started_again(voice: GegeVoice) -> None:
    await voice.say("一句话。")
    assert voice.engine._process is not None
    voice.engine._process.kill()
    assert await voice.say("另一句话。")
    assert voice.engine.starts == 2


async def test_a_voice_that_does_not_start_fails_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speak.sys, "executable", "/bin/false")
    with pytest.raises(VoiceFailed, match="gege doctor"):
        await EspeakProcess().speak("ni3 hao3")


async def test_nothing_to_say_is_no_sound(voice: GegeVoice) -> None:
    assert await voice.say("") == b"" and await voice.say("😀") == b""
    assert voice.engine.starts == 0


async def test_a_managers_recording_comes_before_the_machine(voice: GegeVoice, tmp_path: Path) -> None:
    mark = np.full(16000, 1234, np.int16)
    write_wav(tmp_path / "prompts" / "greeting.wav", mark, 16000)
    write_wav(tmp_path / "prompts" / prompt_name("慢慢讲。"), mark, 16000)
    (tmp_path / "prompts" / "index.json").write_text(json.dumps({"您好。不急。": "greeting.wav"}), "utf-8")
    for text in ("您好。不急。", "慢慢讲。"):
        assert len(await voice.say(text, 8000)) == 16000
    assert len(await voice.say("慢慢讲。慢慢讲。", 8000)) == 32000
    assert voice.engine.starts == 0


async def test_a_broken_recording_or_index_does_not_silence_gege(voice: GegeVoice, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / prompt_name("好。")).write_bytes(b"broken")
    (tmp_path / "secret.wav").write_bytes(b"x")
    for index in ("no json", "[1]", json.dumps({"好。": "../secret.wav"})):
        (tmp_path / "prompts" / "index.json").write_text(index)
        assert len(await voice.say("好。", 8000)) > 1000
