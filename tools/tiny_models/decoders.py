"""Tiny models whose decoder writes token after token: FireRedASR AED and Whisper. They always write both tones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tools.tiny_models.graph import FLOAT, INT64, MELS, TOKENS, Graph, base64_tokens, ones, write_tokens, zeros

_STEPS = 32


def fire_red_aed(folder: Path) -> None:
    """x (N, T, 80), x_lens → cross_k, cross_v; decoder: one token a step, by its place."""
    tokens = (*TOKENS, "<sos>", "<eos>")
    facts = {"num_decoder_layers": 1, "num_head": 1, "head_dim": 1, "sos": 3, "eos": 4, "max_len": _STEPS}
    _encoder(folder, "encoder.int8.onnx", ["N", "T", MELS], {
        "model_type": "fire-red-asr", **facts, "cmvn_mean": zeros(MELS), "cmvn_inv_stddev": ones(MELS)
    }, lengths=True)  # fmt: skip
    _decoder(folder, "decoder.int8.onnx", written=(1, 2), end=4, count=len(tokens), cache=[1, "N", "C", 1, 1], before=0)
    write_tokens(folder, tokens)


def whisper(folder: Path) -> None:
    """mel (1, 80, 3000) → cross_k, cross_v; decoder: one token a step, by its place."""
    tokens = (*TOKENS, "<|endoftext|>", "<|sot|>", "<|zh|>", "<|transcribe|>", "<|translate|>", "<|no_timestamps|>",
              "<|no_speech|>", " ")  # fmt: skip
    facts = {
        "model_type": "whisper-tiny", "n_mels": MELS, "n_audio_ctx": 1500, "n_text_layer": 1, "n_text_ctx": _STEPS,
        "n_text_state": 1, "n_vocab": len(tokens), "sot": 4, "eot": 3, "blank_id": 10, "translate": 7, "transcribe": 6,
        "is_multilingual": 1, "no_timestamps": 8, "no_speech": 9, "sot_index": 0, "sot_prev": 4, "sot_lm": 4,
        "sot_sequence": "4,5,6", "all_language_tokens": 5, "all_language_codes": "zh",
    }  # fmt: skip
    _encoder(folder, "tiny-encoder.int8.onnx", ["N", MELS, "T"], facts, lengths=False)
    # The first step sees sot, language, task and no_timestamps.
    _decoder(
        folder, "tiny-decoder.int8.onnx", written=(1, 2), end=3, count=len(tokens), cache=[1, "N", "C", 1], before=3
    )
    write_tokens(folder, base64_tokens(tokens), "tiny-tokens.txt")


def _encoder(folder: Path, name: str, shape: list[int | str], facts: dict[str, object], lengths: bool) -> None:
    graph = Graph()
    features = graph.input("x" if lengths else "mel", FLOAT, shape)
    if lengths:
        graph.input("x_lens", INT64, ["N"])
    heard = graph.add("Unsqueeze", features, graph.constant([0], np.int64))
    for part in ("n_layer_cross_k", "n_layer_cross_v"):
        graph.output(part, FLOAT, [1, *shape], heard)
    graph.save(folder / name, facts)


def _decoder(
    folder: Path, name: str, written: tuple[int, int], end: int, count: int, cache: list[int | str], before: int
) -> None:
    """tokens (N, L) and caches, offset (1) → logits (N, L, count) that depend on the place alone. The first token is
    written behind `before` others."""
    graph = Graph()
    tokens = graph.input("tokens", INT64, ["N", "L"])
    caches = [graph.input(f"in_n_layer_self_{part}_cache", FLOAT, cache) for part in ("k", "v")]
    for part in ("k", "v"):
        graph.input(f"n_layer_cross_{part}", FLOAT, [1, "N", "A", "B"])
    offset = graph.input("offset", INT64, [1])
    table = np.zeros((_STEPS + 8, count))
    table[:, end] = 1.0
    table[before], table[before + 1] = np.eye(count)[written[0]], np.eye(count)[written[1]]
    # places of the tokens: offset, offset + 1 …
    one = graph.constant([1], np.int64)
    length = graph.add("Gather", graph.add("Shape", tokens), one)
    counted = graph.add("NonZero", graph.add("ConstantOfShape", length, value=_one()))
    places = graph.add("Add", graph.add("Squeeze", counted, graph.constant([0], np.int64)), offset)
    rows = graph.add("Gather", graph.constant(table), places, axis=0)
    graph.output("logits", FLOAT, ["N", "L", count], graph.add("Unsqueeze", rows, graph.constant([0], np.int64)))
    for part, each in zip(("k", "v"), caches, strict=True):
        graph.output(f"out_n_layer_self_{part}_cache", FLOAT, cache, each)
    graph.save(folder / name, {})


def _one() -> object:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.ones(1, np.int64))
