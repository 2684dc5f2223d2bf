"""A manager's own recordings inside sentences that the machine completes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.speech.audio import Samples, Sound, write_wav
from bot.speech.engine import Sentence
from bot.speech.level import levelled, loudness
from bot.speech.recorded import RecordedPrompts, prompt_name
from bot.speech.sentence_plan import Planner
from bot.speech.speak import EspeakProcess, GegeVoice
from tests.speech.test_level import tone, voice

PLANNER = Planner(["他的电话是{phone}。", "记下了,归{manager}管。"], ["归师傅"])
RATE = 16000


class Engine(EspeakProcess):
    """espeak-ng, and what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def speak(self, sentence: Sentence) -> Sound:
        self.asked.append(sentence.pinyin)
        return await super().speak(sentence)


@pytest.fixture
async def gege(tmp_path: Path) -> AsyncIterator[GegeVoice]:
    gege = GegeVoice(tmp_path, engine=Engine(), planner=lambda: PLANNER, loudness=-19.0)
    yield gege
    await gege.close()


def asked(gege: GegeVoice) -> list[str]:
    assert isinstance(gege.engine, Engine)
    return gege.engine.asked


def contains(whole: Samples, part: Samples) -> float:
    """How well the best place of `whole` fits `part` (1 = the same but for its loudness)."""
    wide, narrow = whole.astype(np.float64), part.astype(np.float64)
    size = 1 << (len(wide) + len(narrow)).bit_length()
    fit = np.fft.irfft(np.fft.rfft(wide, size) * np.conj(np.fft.rfft(narrow, size)), size)[: len(wide)]
    at = int(np.argmax(fit))
    there = wide[at : at + len(narrow)]
    return float(np.dot(there, narrow[: len(there)]) / (np.linalg.norm(there) * np.linalg.norm(narrow) + 1e-9))


async def said(gege: GegeVoice, text: str, rate: int = RATE) -> Samples:
    return np.frombuffer(await gege.say(text, rate), "<i2").astype(np.int16)


async def test_a_sentence_all_of_whose_parts_are_recorded_needs_no_machine(gege: GegeVoice) -> None:
    own = {
        word: tone(0.3, 0.3, 200 + 50 * number) for number, word in enumerate(["他的电话是", *"零一二三四五六七八九幺"])
    }
    for word, samples in own.items():
        gege.recorded.keep(word, samples, RATE)
    whole = await said(gege, "他的电话是13907150024。")
    assert asked(gege) == []
    assert len(whole) / RATE == pytest.approx(12 * 0.3 + 0.3 + 9 * 0.035 + 2 * 0.14, abs=0.15)
    assert all(contains(whole, own[word][800:4000]) > 0.9 for word in ("他的电话是", *"幺三九零"))
    assert len(await said(gege, "他的电话是13907150024。", 8000)) == pytest.approx(len(whole) / 2, abs=20)


async def test_only_what_is_missing_is_spoken_by_the_machine_and_equally_loud(gege: GegeVoice) -> None:
    mine = voice(0.8, 0.1)
    gege.recorded.keep("归师傅", mine, RATE)
    whole = await said(gege, "记下了,归归师傅管。")
    assert len(asked(gege)) == 2 and "shi1" not in " ".join(asked(gege))
    assert contains(whole, mine[2000:12000]) > 0.95
    middle = len(whole) // 2
    for half in (whole[:middle], whole[middle:]):
        assert loudness(half, RATE) == pytest.approx(-19.0, abs=2.5)


async def test_nothing_recorded_is_one_sentence_of_the_machine(gege: GegeVoice) -> None:
    await said(gege, "记下了,归归师傅管。")
    assert len(asked(gege)) == 1


async def test_a_recording_is_heard_at_once_replaced_at_once_and_gone_at_once(gege: GegeVoice, tmp_path: Path) -> None:
    first, second = tone(0.5, 0.3, 300), tone(0.5, 0.3, 500)
    before = await said(gege, "您慢走。")
    shelf = RecordedPrompts(tmp_path / "prompts")
    for mark in (first, second):
        shelf.keep("您慢走。", mark, RATE)
        assert contains(await said(gege, "您慢走。"), mark) > 0.99
    assert shelf.remove("您慢走。") and not shelf.remove("您慢走。")
    assert np.array_equal(await said(gege, "您慢走。"), before)


async def test_a_new_take_wins_over_a_file_that_the_index_names(gege: GegeVoice, tmp_path: Path) -> None:
    shelf = tmp_path / "prompts"
    write_wav(shelf / "old.wav", tone(0.5, 0.3, 300), RATE)
    (shelf / "index.json").write_text(json.dumps({"您慢走。": "old.wav", "好。": "good.wav"}), "utf-8")
    gege.recorded.keep("您慢走。", tone(0.5, 0.3, 500), RATE)
    assert contains(await said(gege, "您慢走。"), tone(0.5, 0.3, 500)) > 0.99
    assert json.loads((shelf / "index.json").read_text("utf-8")) == {"好。": "good.wav"}
    assert gege.recorded.remove("您慢走。") and gege.recorded.file("您慢走。") is None
    assert (shelf / prompt_name("您慢走。")).exists() is False


async def test_loudness_and_speed_of_a_site_are_for_recordings_and_machine_alike(tmp_path: Path) -> None:
    slow = GegeVoice(tmp_path, planner=lambda: PLANNER, loudness=-15.0, speed=0.8)
    normal = GegeVoice(tmp_path, planner=lambda: PLANNER, loudness=-19.0)
    normal.recorded.keep("您慢走。", levelled(voice(1.0, 0.5), RATE, -19.0), RATE)
    try:
        for sentence in ("您慢走。", "有事再打来,莫急。"):
            usual, louder = await said(normal, sentence), await said(slow, sentence)
            assert loudness(louder, RATE) == pytest.approx(-15.0, abs=1.0)
            assert loudness(usual, RATE) == pytest.approx(-19.0, abs=1.0)
            assert len(louder) > 1.1 * len(usual)
    finally:
        await slow.close()
        await normal.close()


async def test_a_broken_part_is_spoken_by_the_machine(gege: GegeVoice, tmp_path: Path) -> None:
    gege.recorded.keep("归师傅", voice(0.8, 0.1), RATE)
    (tmp_path / "prompts" / prompt_name("管")).write_bytes(b"broken")
    assert len(await said(gege, "记下了,归归师傅管。")) > RATE
