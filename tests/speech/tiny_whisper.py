"""A Whisper that says one sentence to any sound: small, made at once, loaded by the real faster-whisper."""

from __future__ import annotations

import json
from pathlib import Path

import ctranslate2
import numpy as np
from ctranslate2.specs.attention_spec import MultiHeadAttentionSpec
from ctranslate2.specs.common_spec import LayerNormSpec, LinearSpec

_WIDTH = 64
_CONTEXT = 448
_LANGUAGES = ("en", "zh", "yue", "de")
_END = "<|endoftext|>"
_START = "<|startoftranscript|>"
_SPECIAL = (
    _END, _START, *(f"<|{name}|>" for name in _LANGUAGES), "<|translate|>", "<|transcribe|>", "<|startoflm|>",
    "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>", "<|0.00|>",
)  # fmt: skip


def make_tiny_whisper(folder: Path, says: str, *, language: str = "zh") -> Path:
    """A model folder whose decoder goes through the characters of `says` (each once) and takes all sound for `language`."""
    folder.mkdir(parents=True, exist_ok=True)
    # An empty word is how the library tells a model of many languages from one of English.
    fillers = [f"w{number}" for number in range(200)]
    tokens = [*dict.fromkeys(says), "。", "", *fillers, *_SPECIAL]
    number = {token: at for at, token in enumerate(tokens)}
    after = dict(zip(["<|notimestamps|>", *says], [*says, _END], strict=True))
    after[_START] = f"<|{language}|>"

    draw = np.random.default_rng(1)
    embeddings = draw.standard_normal((len(tokens), _WIDTH)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    # Nothing but the last token decides: whatever follows it points where its own vector points.
    projection = np.zeros((len(tokens), _WIDTH), np.float32)
    for last, following in after.items():
        projection[number[following]] = embeddings[number[last]] * 1.5
    spec = ctranslate2.specs.WhisperSpec(1, 1, 1, 1)
    _fill(spec.encoder, encoder=True)
    _fill(spec.decoder, encoder=False)
    spec.encoder.position_encodings.encodings = np.zeros((1500, _WIDTH), np.float32)
    spec.decoder.position_encodings.encodings = np.zeros((_CONTEXT, _WIDTH), np.float32)
    spec.decoder.embeddings.weight = embeddings
    spec.decoder.projection.weight = projection
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [number[f"<|{name}|>"] for name in _LANGUAGES]
    spec.config.alignment_heads = [[0, 0]]
    spec.validate()
    spec.save(str(folder))
    _tokenizer(folder, number)
    return folder


def _fill(part: ctranslate2.specs.whisper_spec.WhisperEncoderSpec, encoder: bool) -> None:
    if encoder:
        for convolution, inside in ((part.conv1, 80), (part.conv2, _WIDTH)):
            convolution.weight = np.zeros((_WIDTH, inside, 3), np.float32)
            convolution.bias = np.zeros(_WIDTH, np.float32)
    _norm(part.layer_norm)
    for layer in part.layer:
        for attention in (layer.self_attention, *([] if encoder else [layer.attention])):
            _attention(attention)
        _norm(layer.ffn.layer_norm)
        _linear(layer.ffn.linear_0, _WIDTH, _WIDTH)
        _linear(layer.ffn.linear_1, _WIDTH, _WIDTH)


def _attention(attention: MultiHeadAttentionSpec) -> None:
    _norm(attention.layer_norm)
    wide = [3, 1] if len(attention.linear) == 2 else [1, 2, 1]
    for linear, times in zip(attention.linear, wide, strict=True):
        _linear(linear, _WIDTH * times, _WIDTH)


def _linear(linear: LinearSpec, out: int, inside: int) -> None:
    linear.weight = np.zeros((out, inside), np.float32)
    linear.bias = np.zeros(out, np.float32)


def _norm(norm: LayerNormSpec) -> None:
    norm.gamma = np.ones(_WIDTH, np.float32)
    norm.beta = np.zeros(_WIDTH, np.float32)


def _tokenizer(folder: Path, number: dict[str, int]) -> None:
    special = [
        {"id": number[one], "content": one, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for one in _SPECIAL
    ]  # fmt: skip
    file = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": False},
        "post_processor": None, "decoder": {"type": "Fuse"},
        "model": {"type": "WordLevel", "vocab": number, "unk_token": "。"},
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(file, ensure_ascii=False), "utf-8")
