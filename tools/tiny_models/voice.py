"""A tiny voice of sherpa-onnx (VITS): every token is 100 ms of a tone, low for 停 and high for 电."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tools.tiny_models.graph import FLOAT, HIGH, INT64, LOW, Graph, write_tokens

RATE = 16000
_TOKEN_S = 0.1


def vits(folder: Path) -> None:
    """x (1, N) tokens, x_length (1), noise_scale (1), length_scale (1), noise_scale_w (1) → y (1, 1, samples)."""
    graph = Graph()
    tokens = graph.input("x", INT64, [1, "N"])
    graph.input("x_length", INT64, [1])
    graph.input("noise_scale", FLOAT, [1])
    length = graph.input("length_scale", FLOAT, [1])
    graph.input("noise_scale_w", FLOAT, [1])
    time = np.arange(int(_TOKEN_S * RATE)) / RATE
    tones = np.stack([np.sin(2 * np.pi * hertz * time) * 0.3 for hertz in (0, 300, 600, 0, 0)])
    sound = graph.add("Gather", graph.constant(tones), tokens, axis=0)
    whole = graph.add("Reshape", sound, graph.constant([1, 1, -1], np.int64))
    scales = graph.add("Concat", graph.constant([1.0, 1.0]), length, axis=0)
    slower = graph.add("Resize", whole, "", scales, mode="linear")
    graph.output("y", FLOAT, [1, 1, "S"], slower)
    metadata = {
        "model_type": "vits", "comment": "tiny", "language": "Chinese", "add_blank": 0, "n_speakers": 0,
        "sample_rate": RATE, "punctuation": ", . ! ?",
    }  # fmt: skip
    graph.save(folder / "model.onnx", metadata)
    write_tokens(folder, ("_", "ting", "dian", ",", "。"))
    (folder / "lexicon.txt").write_text(f"{LOW} ting\n{HIGH} dian\n", "utf-8")
