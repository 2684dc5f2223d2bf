"""Which speech model is in use, and what lies in a folder instead of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import Settings, SpeechSettings
from bot.speech import models
from bot.speech.models import ModelMissing, in_use, installed_models, look_at, named, needs
from bot.speech.recognise import VoskRecogniser
from tests.speech.vosk_folder import make_folder


def settings(home: Path, model: str = "") -> Settings:
    return Settings(home=home, speech=SpeechSettings(model=model))


def test_the_model_of_the_settings_then_the_installed_then_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "DEMO", make_folder(tmp_path / "demo"))
    home = tmp_path / "home"
    assert in_use(settings(home)).demo
    make_folder(home / "models" / "b")
    (home / "models" / "a").mkdir()
    assert in_use(settings(home)).path == home / "models" / "b"
    chosen = settings(home, str(make_folder(tmp_path / "own")))
    assert in_use(chosen).path == tmp_path / "own" and in_use(chosen).rate == 8000


def test_a_name_under_the_sites_models_is_enough(tmp_path: Path) -> None:
    make_folder(tmp_path / "models" / "good")
    make_folder(tmp_path / "models" / "better")
    assert in_use(settings(tmp_path, "good")).path == tmp_path / "models" / "good"
    with pytest.raises(ModelMissing, match=r"best: no speech model here of this name; installed .*: better, good"):
        in_use(settings(tmp_path, "best"))
    with pytest.raises(ModelMissing, match="gege models fetch whisper-base brings it"):
        named(settings(tmp_path), "whisper-base")


def test_what_is_never_a_default_is_only_in_use_when_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "DEMO", make_folder(tmp_path / "demo"))
    make_folder(tmp_path / "models" / "whisper-base")
    assert in_use(settings(tmp_path)).demo
    assert in_use(settings(tmp_path, "whisper-base")).name == "whisper-base"


def test_a_model_on_its_way_in_is_not_there_yet(tmp_path: Path) -> None:
    make_folder(tmp_path / "models" / ".new-1")
    assert installed_models(tmp_path) == []


def test_a_wrong_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ModelMissing, match="gege models install") as caught:
            VoskRecogniser(folder)
        assert str(folder) in str(caught.value)


def test_a_folder_that_vosk_cannot_load_is_named_as_well(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="cannot load"):
        VoskRecogniser(make_folder(tmp_path / "broken"))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["model.safetensors", "config.json"], "a PyTorch model; take its form for sherpa-onnx"),
        (["model.pt", "tokens.txt"], "a PyTorch model"),
        (["qwen3-asr.gguf"], r"a model of llama.cpp; serve it elsewhere \(\[speech.remote\]\)"),
        (["ggml-base.bin"], "a model of whisper.cpp"),
        (["voices.bin", "tokens.txt"], "a voice, which speaks and does not hear"),
        (["some-1.0-py3-none-any.whl"], "packages of Python"),
        (["model.bin", "config.json"], "missing of a Whisper model: tokenizer.json, vocabulary.json"),
        (["holiday.jpg", "notes.txt"], "it holds holiday.jpg, notes.txt"),
        ([], "it is empty"),
    ],
)
def test_a_folder_of_the_wrong_kind_is_called_what_it_is(tmp_path: Path, files: list[str], words: str) -> None:
    for file in files:
        (tmp_path / file).write_text("x")
    with pytest.raises(ModelMissing, match=words):
        look_at(tmp_path)


def test_an_engine_that_is_not_installed_is_told_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModelMissing, match="uv sync --extra whisper"):
        needs("whisper")
    needs("vosk")
