"""A voice of sherpa-onnx, in the real library, by a tiny model; and one that is none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from bot.foundation.errors import Refused
from bot.speech.engine import Sentence, VoiceFailed
from bot.speech.sherpa_voice import SherpaVoiceProcess, look_at
from tools.tiny_models.voice import vits

needs_sherpa = pytest.mark.skipif(
    importlib.util.find_spec("sherpa_onnx") is None,
    reason="NOT TESTED: sherpa-onnx is missing (uv sync --extra sherpa)",
)


@needs_sherpa
async def test_it_speaks_at_the_sites_rate_and_writes_no_word_to_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    vits(tmp_path)
    usual, slow = SherpaVoiceProcess(tmp_path), SherpaVoiceProcess(tmp_path, words_per_minute=75)
    assert usual.name != slow.name
    sound = await usual.speak(Sentence.of("停电李月民"))
    assert (sound.rate, sound.seconds) == (16000, pytest.approx(0.2, abs=0.05))
    assert int(np.abs(sound.samples).max()) > 3000
    assert (await slow.speak(Sentence.of("停电"))).seconds > 1.5 * sound.seconds
    for engine in (usual, slow):
        await engine.close()
    assert "李" not in "".join(capfd.readouterr())


@needs_sherpa
@pytest.mark.parametrize("spoiled", ["cut", "another kind"])
async def test_a_model_that_cannot_speak_ends_its_own_process_alone(tmp_path: Path, spoiled: str) -> None:
    vits(tmp_path)
    model = tmp_path / "model.onnx"
    data = model.read_bytes()
    model.write_bytes(data[:500] if spoiled == "cut" else data.replace(b"sample_rate", b"simple_rate"))
    engine = SherpaVoiceProcess(tmp_path)
    with pytest.raises(VoiceFailed, match="cannot speak with the model in"):
        await engine.start()
    await engine.close()


@needs_sherpa
def test_a_folder_that_holds_no_voice_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"missing: a model .*, tokens.txt, lexicon.txt or espeak-ng-data"):
        SherpaVoiceProcess(tmp_path)


def test_voices_are_told_apart_by_their_files(tmp_path: Path) -> None:
    for name in ("model.onnx", "tokens.txt", "lexicon.txt", "number.fst"):
        (tmp_path / name).touch()
    found = look_at(tmp_path)
    assert found.kind == "vits" and set(found.files) == {"model", "tokens", "lexicon"}
    assert found.rules.endswith("number.fst")
    (tmp_path / "voices.bin").touch()
    (tmp_path / "model.int8.onnx").touch()
    assert look_at(tmp_path).kind == "kokoro" and look_at(tmp_path).files["model"].endswith("int8.onnx")
    matcha = tmp_path / "matcha"
    matcha.mkdir()
    for name in ("model-steps-3.onnx", "tokens.txt", "lexicon.txt"):
        (matcha / name).touch()
    with pytest.raises(Refused, match="missing: its vocoder"):
        look_at(matcha)
    (matcha / "vocos-22khz-univ.onnx").touch()
    assert look_at(matcha).files["vocoder"].endswith("vocos-22khz-univ.onnx")
