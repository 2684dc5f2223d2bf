"""A folder is known by its files and by what they say of themselves; what is wrong with it is said with its form."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bot.speech.layouts import FAMILIES, layout_of
from bot.speech.model_errors import ModelMissing
from bot.speech.models import DEMO, installed_models, look_at
from bot.speech.onnx_facts import facts_of
from tools.tiny_models.forms import TINY, make
from tools.tiny_models.graph import FLOAT, INT64, Graph, write_tokens


def onnx(file: Path, *inputs: str, **metadata: object) -> None:
    """A file that says no more than that."""
    graph = Graph()
    for name in inputs or ("x", "x_lens"):
        graph.input(name, FLOAT, ["N"])
    graph.output("y", INT64, [1], graph.constant([1], np.int64))
    graph.save(file, metadata)


def tokenizer(folder: Path, *names: str) -> None:
    folder.mkdir()
    for name in names or ("vocab.json", "merges.txt", "tokenizer.json"):
        (folder / name).write_text("{}")


@pytest.mark.parametrize("name", TINY)
def test_every_form_is_known_by_its_files(name: str, tmp_path: Path) -> None:
    found = layout_of(make(name, tmp_path / "called-anything"))
    assert found is not None
    assert found.name == name
    assert found.streaming is name.startswith("streaming")
    assert all(path.is_file() for path in found.files.values())


def test_an_offline_and_a_streaming_transducer_are_told_apart_by_what_the_encoder_says(tmp_path: Path) -> None:
    offline = layout_of(make("transducer", tmp_path / "sherpa-onnx-streaming-zipformer-zh"))
    online = layout_of(make("streaming transducer", tmp_path / "sherpa-onnx-zipformer-zh"))
    assert offline is not None and online is not None
    assert not offline.streaming and offline.family.hot_words == "beam"
    assert online.streaming and online.family.hot_words == "beam"


def test_models_with_a_language_model_and_moonshine_are_known(tmp_path: Path) -> None:
    qwen = tmp_path / "qwen"
    qwen.mkdir()
    for name in ("conv_frontend.onnx", "encoder.int8.onnx", "decoder.int8.onnx"):
        onnx(qwen / name)
    tokenizer(qwen / "tokenizer", "vocab.json", "merges.txt", "tokenizer_config.json")
    found = layout_of(qwen)
    assert found is not None and found.name == "Qwen3-ASR" and found.files["tokenizer"] == qwen / "tokenizer"

    nano = tmp_path / "nano"
    nano.mkdir()
    for name in ("encoder_adaptor.int8.onnx", "llm.int8.onnx", "embedding.int8.onnx"):
        onnx(nano / name)
    tokenizer(nano / "Qwen3-0.6B")
    found = layout_of(nano)
    assert found is not None and found.name == "Fun-ASR-Nano"
    assert set(found.files) == {"encoder_adaptor", "llm", "embedding", "tokenizer"}

    moonshine = tmp_path / "moonshine"
    moonshine.mkdir()
    for name in ("preprocess.onnx", "encode.int8.onnx", "uncached_decode.int8.onnx", "cached_decode.int8.onnx"):
        onnx(moonshine / name)
    write_tokens(moonshine)
    found = layout_of(moonshine)
    assert found is not None and found.name == "Moonshine"
    assert found.files["cached_decoder"].name == "cached_decode.int8.onnx"

    second = tmp_path / "moonshine-2"
    second.mkdir()
    for name in ("encoder_model.ort", "decoder_model_merged.ort"):
        (second / name).write_bytes(b"ORTM")
    write_tokens(second)
    found = layout_of(second)
    assert found is not None and found.name == "Moonshine 2"

    cohere = tmp_path / "cohere"
    cohere.mkdir()
    onnx(cohere / "encoder.int8.onnx", model_type="cohere-transcribe-1")
    onnx(cohere / "decoder.int8.onnx")
    write_tokens(cohere)
    found = layout_of(cohere)
    assert found is not None and found.name == "Cohere Transcribe"


def test_small_files_are_taken_before_whole_ones(tmp_path: Path) -> None:
    make("transducer", tmp_path)
    for part in ("encoder", "joiner"):
        shutil.copy(tmp_path / f"{part}-epoch-1-avg-1.int8.onnx", tmp_path / f"{part}-epoch-1-avg-1.onnx")
        shutil.copy(tmp_path / f"{part}-epoch-1-avg-1.int8.onnx", tmp_path / f"{part}-epoch-1-avg-1.fp16.onnx")
    found = layout_of(tmp_path)
    assert found is not None
    assert [found.files[part].name for part in ("encoder", "decoder", "joiner")] == [
        "encoder-epoch-1-avg-1.int8.onnx", "decoder-epoch-1-avg-1.onnx", "joiner-epoch-1-avg-1.int8.onnx",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "gone", "told"),
    [
        ("transducer", "joiner-epoch-1-avg-1.int8.onnx", r"'transducer' that lacks joiner\*\.onnx"),
        ("transducer", "decoder-epoch-1-avg-1.onnx", r"'transducer' that lacks decoder\*\.onnx"),
        ("SenseVoice", "tokens.txt", r"'one file' that lacks tokens\.txt"),
        ("Whisper", "tiny-tokens.txt", r"'encoder and decoder' that lacks tokens\.txt"),
        ("Whisper", "tiny-decoder.int8.onnx", r"'encoder and decoder' that lacks decoder\*\.onnx"),
        ("streaming Paraformer", "decoder.int8.onnx", r"'encoder and decoder' that lacks decoder\*\.onnx"),
    ],
)
def test_a_part_that_is_missing_is_named_with_its_form(form: str, gone: str, told: str, tmp_path: Path) -> None:
    make(form, tmp_path)
    (tmp_path / gone).unlink()
    with pytest.raises(ModelMissing, match=told):
        look_at(tmp_path)


def test_a_language_model_without_its_tokenizer_is_told_what_to_bring(tmp_path: Path) -> None:
    for name in ("conv_frontend.onnx", "encoder.int8.onnx", "decoder.int8.onnx"):
        onnx(tmp_path / name)
    tokenizer(tmp_path / "tokenizer", "vocab.json")
    with pytest.raises(ModelMissing, match=r"'Qwen3-ASR' that lacks a folder with vocab\.json and merges\.txt"):
        look_at(tmp_path)


def test_two_models_in_one_folder_are_both_named(tmp_path: Path) -> None:
    make("WeNet CTC", tmp_path)
    make("streaming WeNet CTC", tmp_path)
    with pytest.raises(ModelMissing, match=r"several models in it \(model-streaming.int8.onnx, model.int8.onnx\)"):
        look_at(tmp_path)
    other = make("transducer", tmp_path / "other")
    make("zipformer CTC", other)
    with pytest.raises(ModelMissing, match=r"'transducer' and model\.int8\.onnx beside it"):
        look_at(other)


def test_a_kind_that_nobody_loads_is_named_with_those_that_are(tmp_path: Path) -> None:
    onnx(tmp_path / "model.onnx", model_type="kokoro")
    write_tokens(tmp_path)
    with pytest.raises(ModelMissing, match=r"kind 'kokoro'; of the form 'one file' Gege loads SenseVoice"):
        look_at(tmp_path)
    onnx(tmp_path / "model.onnx", model_type="medasr_ctc")
    with pytest.raises(ModelMissing, match="MedASR, which hears no Chinese"):
        look_at(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    onnx(other / "vad.onnx")
    onnx(other / "punctuation.onnx")
    with pytest.raises(ModelMissing, match=r"punctuation\.onnx, vad\.onnx are no form"):
        look_at(other)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"version https://git-lfs.github.com/spec/v1\n"])
def test_a_file_that_is_no_model_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    make("SenseVoice", tmp_path)
    (tmp_path / "model.int8.onnx").write_bytes(content)
    with pytest.raises(ModelMissing, match=r"model\.int8\.onnx: no ONNX model, or not the whole of it"):
        look_at(tmp_path)


def test_a_file_that_was_cut_off_is_said_to_be_none(tmp_path: Path) -> None:
    make("SenseVoice", tmp_path)
    file = tmp_path / "model.int8.onnx"
    whole = file.read_bytes()
    for size in range(1, len(whole), 97):
        file.write_bytes(whole[:size])
        with pytest.raises(ModelMissing, match=r"no ONNX model|is of kind"):
            look_at(tmp_path)


def test_a_broken_folder_among_the_installed_ones_is_passed_over(tmp_path: Path) -> None:
    models = tmp_path / "models"
    make("transducer", models / "broken")
    (models / "broken" / "joiner-epoch-1-avg-1.int8.onnx").unlink()
    make("SenseVoice", models / "good")
    assert [model.name for model in installed_models(tmp_path)] == ["good"]


def test_what_is_no_model_of_sherpa_onnx_is_left_to_others(tmp_path: Path) -> None:
    assert layout_of(DEMO) is None
    assert layout_of(tmp_path) is None
    assert layout_of(tmp_path / "nowhere") is None


def test_facts_are_read_without_loading_the_weights(tmp_path: Path) -> None:
    graph = Graph()
    features = graph.input("x", FLOAT, ["N", 1_000_000])
    graph.output("y", FLOAT, ["N", 1_000_000], graph.add("Add", features, graph.constant(np.ones(1_000_000))))
    graph.save(tmp_path / "large.onnx", {"model_type": "any", "words": "停电"})
    facts = facts_of(tmp_path / "large.onnx")
    assert (facts.inputs, facts.outputs, facts.kind) == (("x",), ("y",), "any")
    assert facts.metadata["words"] == "停电"


def test_each_family_has_a_name_of_its_own_and_a_row_in_the_documents() -> None:
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names)
    page = (Path(__file__).parents[2] / "docs" / "speech.md").read_text("utf-8")
    assert [name for name in names if f"| {name} |" not in page] == []
