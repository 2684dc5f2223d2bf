"""What every recogniser promises, whoever made its model: Vosk with the demo model, sherpa-onnx with two that know two tones,
Whisper with one that knows a sentence."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bot.settings import Settings, SpeechSettings
from bot.speech.models import DEMO, ModelMissing, in_use, look_at
from bot.speech.port import Recogniser, RecogniserFailed
from bot.speech.recognise import VoskRecogniser
from bot.speech.recogniser_of import make_recogniser
from bot.speech.sherpa import make_sherpa
from bot.speech.whisper import WhisperRecogniser
from tests.speech.tiny import made, tones
from tools.demo_model.speaker import speak_demo

# Real recognisers on real sound.
pytestmark = pytest.mark.slow

needs_sherpa = pytest.mark.skipif(
    importlib.util.find_spec("sherpa_onnx") is None,
    reason="NOT TESTED: sherpa-onnx is missing (uv sync --extra sherpa)",
)
needs_whisper = pytest.mark.skipif(
    importlib.util.find_spec("faster_whisper") is None,
    reason="NOT TESTED: faster-whisper is missing (uv sync --extra whisper)",
)


@dataclass
class Kind:
    """One kind of recogniser: its model, and a sentence that it knows."""

    folder: Path
    make: Callable[[Path], Recogniser]
    said: str
    #: the sentence at a rate
    sound: Callable[[int], bytes]


def spoken(rate: int) -> bytes:
    import soxr

    return np.asarray(soxr.resample(speak_demo("我家停电了"), 8000, rate), "<i2").tobytes()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that know two tones."""
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(
    scope="module",
    params=[
        "vosk",
        *(pytest.param(one, marks=needs_sherpa) for one in ("SenseVoice", "streaming transducer")),
        pytest.param("whisper", marks=needs_whisper),
    ],
)
def kind(request: pytest.FixtureRequest, tiny: Path) -> Kind:
    if request.param == "vosk":
        return Kind(DEMO, VoskRecogniser, "我家停电了", spoken)
    if request.param == "whisper":
        from tests.speech.tiny_whisper import make_tiny_whisper

        return Kind(make_tiny_whisper(tiny / "whisper", "我家停电了"), WhisperRecogniser, "我家停电了", spoken)
    return Kind(made(request.param, tiny).path, lambda folder: make_sherpa(look_at(folder)), "停电", tones)


@pytest.fixture(scope="module")
def recogniser(kind: Kind) -> Recogniser:
    return kind.make(kind.folder)


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
async def test_a_sentence_is_heard_at_any_rate_and_in_pieces_of_any_size(
    recogniser: Recogniser, kind: Kind, rate: int
) -> None:
    pcm = kind.sound(rate)
    for step in (481, 6400, len(pcm)):
        session = recogniser.begin(rate)
        for at in range(0, len(pcm), step):
            await session.feed(pcm[at : at + step])
        heard = await session.finish()
        assert heard.text == kind.said
        assert heard.seconds == pytest.approx(len(pcm) / 2 / rate, abs=0.01)
        assert heard.unknown_share == 0.0


async def test_many_utterances_at_once_share_one_model_and_the_loop_stays_free(
    recogniser: Recogniser, kind: Kind
) -> None:
    pcm = kind.sound(8000)
    late: list[float] = []

    async def ticks() -> None:
        while True:
            due = time.monotonic() + 0.02
            await asyncio.sleep(0.02)
            late.append(time.monotonic() - due)

    async def hear() -> str:
        session = recogniser.begin(8000)
        for at in range(0, len(pcm), 320):
            await session.feed(pcm[at : at + 320])
        return (await session.finish()).text

    ticking = asyncio.create_task(ticks())
    own, all_of_us = time.thread_time(), time.process_time()
    texts = await asyncio.gather(*(hear() for _ in range(8)))
    own, all_of_us = time.thread_time() - own, time.process_time() - all_of_us
    ticking.cancel()
    assert set(texts) == {kind.said}
    # On a busy machine others make it late; what it does itself is little either way.
    assert sorted(late or [0.0])[len(late) // 2] < 0.02 or own < all_of_us / 4


async def test_silence_and_nothing_at_all_are_no_text(recogniser: Recogniser) -> None:
    nothing = await recogniser.begin(8000).finish()
    assert (nothing.text, nothing.alternatives, nothing.unknown_share) == ("", (), 0.0)
    for quiet in (bytes(32000), b"\x01", bytes(321)):
        session = recogniser.begin(8000)
        await session.feed(quiet)
        assert (await session.finish()).text == ""


async def test_a_closed_recogniser_fails_in_plain_words(kind: Kind) -> None:
    other = kind.make(kind.folder)
    session = other.begin(8000)
    await other.close()
    with pytest.raises(RecogniserFailed):
        await session.feed(kind.sound(8000))
        await session.finish()


def test_a_model_that_is_missing_or_broken_is_told_with_what_to_do(kind: Kind, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no speech model here"):
        kind.make(tmp_path / "nowhere")
    broken = tmp_path / "broken"
    shutil.copytree(kind.folder, broken)
    largest = max((path for path in broken.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[: largest.stat().st_size // 2])
    with pytest.raises(ModelMissing, match=str(broken)):
        kind.make(broken)


# ---- sherpa-onnx alone ----------------------------------------------------------------------------


def test_the_folder_says_whose_model_it_is(tmp_path: Path, tiny: Path) -> None:
    folder = made("SenseVoice", tiny).path
    chosen = Settings(home=tmp_path, speech=SpeechSettings(model=str(folder)))
    assert (in_use(chosen).engine, in_use(chosen).rate, in_use(chosen).demo) == ("sherpa", 16000, False)
    shutil.copytree(folder, tmp_path / "models" / "own")
    assert in_use(Settings(home=tmp_path)).path == tmp_path / "models" / "own"
    assert in_use(chosen).layout.name == "SenseVoice"  # type: ignore[union-attr]


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny: Path) -> None:
    folder = made("SenseVoice", tiny).path
    monkeypatch.setattr("bot.speech.sherpa_model.installed", lambda: False)
    with pytest.raises(ModelMissing, match="uv sync --extra sherpa"):
        make_recogniser(Settings(home=tmp_path, speech=SpeechSettings(model=str(folder))))
