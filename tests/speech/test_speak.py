"""Speaking: recorded prompts first, then espeak-ng in a child process that may die."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.settings import SiteSettings
from bot.speech import espeak, sound_cache
from bot.speech.audio import write_wav
from bot.speech.engine import Sentence
from bot.speech.sentence_plan import Planner
from bot.speech.speak import EspeakProcess, GegeVoice, VoiceFailed, prompt_name
from bot.voice.prompts import prompts
from bot.voice.repertoire import planner, sentences


@pytest.fixture
async def voice(tmp_path: Path) -> AsyncIterator[GegeVoice]:
    voice = GegeVoice(tmp_path)
    yield voice
    await voice.close()


def everybodys() -> Planner:
    return planner(SiteSettings())


async def test_a_sentence_becomes_sound_and_comes_from_the_cache_afterwards(tmp_path: Path) -> None:
    sentence = prompts().greeting
    voice, again = (GegeVoice(tmp_path, planner=everybodys) for _ in range(2))
    pcm = await voice.say(sentence, 8000)
    assert 1.0 < len(pcm) / 16000 < 12.0 and np.abs(np.frombuffer(pcm, "<i2")).max() > 3000
    assert len(await voice.say(sentence, 16000)) == pytest.approx(2 * len(pcm), rel=0.01)
    await voice.close()
    assert await again.say(sentence, 8000) == pcm
    assert again.engine.starts == 0, "the cache on disk was not used"
    await again.close()


async def test_what_is_said_to_one_person_leaves_no_file(tmp_path: Path) -> None:
    old = tmp_path / "cache" / "speech" / "0123456789abcdef01234567.wav"
    write_wav(old, np.zeros(1600, np.int16), 16000)
    voice = GegeVoice(tmp_path, planner=everybodys)
    await voice.start()
    assert not old.exists(), "what an earlier version kept goes"
    for private in ("到九月底,欠四个月,三百零八块四角四分。", "您讲的是桃溪社区桃溪路117号,户主李月民。", "李月民"):
        assert await voice.say(private)
    assert list(tmp_path.rglob("*.wav")) == []
    starts = voice.engine.starts
    assert await voice.say("李月民") and voice.engine.starts == starts
    await voice.say(prompts().greeting)
    assert list(tmp_path.rglob("*.wav"))
    await voice.close()


def test_no_sentence_with_a_value_in_it_is_said_to_everybody() -> None:
    plan = everybodys()
    filled = [each.context.replace("…", "李月民") for each in sentences(SiteSettings()) if each.context]
    assert len(filled) > 50
    assert [each for each in filled if plan.everybodys(each)] == []


async def test_the_memory_for_what_is_said_is_bounded(voice: GegeVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_cache, "_IN_MEMORY", 2)
    for word in ("一", "二", "三"):
        await voice.say(word)
    known = [voice.cache.remembered(Sentence.of(word), voice.engine) is not None for word in ("一", "二", "三")]
    assert known == [False, True, True]


async def test_the_first_sentence_comes_before_the_last_is_made(voice: GegeVoice) -> None:
    await voice.start()
    began = time.monotonic()
    parts = voice.stream("记下了。" + "归程师傅管这一片,他的电话是13971800123。" * 3, 8000)
    await anext(parts)
    assert time.monotonic() - began < 0.5
    assert len([part async for part in parts]) == 3


async def test_a_dead_child_is_started_again(voice: GegeVoice) -> None:
    await voice.say("一句话。")
    child = voice.engine.child
    assert child._process is not None
    child._process.kill()
    assert await voice.say("另一句话。")
    assert voice.engine.starts == 2


async def test_a_voice_that_does_not_start_fails_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak.sys, "executable", "/bin/false")
    with pytest.raises(VoiceFailed, match="gege doctor"):
        await EspeakProcess().speak(Sentence.of("您好。"))


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
