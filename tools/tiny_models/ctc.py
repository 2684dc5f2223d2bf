"""Tiny models of one file that hear a turn when it is over: CTC of several makers, SenseVoice, Paraformer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tools.tiny_models.graph import (
    FLOAT,
    INT32,
    INT64,
    MELS,
    TOKENS,
    Graph,
    base64_tokens,
    ones,
    tones,
    write_tokens,
    zeros,
)

#: log energy of silence, where samples are from -1 to 1 and where they are 16 bits
QUIET, QUIET_16_BITS = -5.0, 16.0
_STACKED = 7


def _save(graph: Graph, folder: Path, metadata: dict[str, object], tokens: tuple[str, ...] = TOKENS) -> None:
    graph.save(folder / "model.int8.onnx", {"vocab_size": len(tokens), **metadata})
    write_tokens(folder, tokens)


def _of_frames(folder: Path, quiet: float, metadata: dict[str, object]) -> None:
    """x (N, T, 80), x_lens (N) → logits (N, T, tokens) and their lengths."""
    graph = Graph()
    features = graph.input("x", FLOAT, ["N", "T", MELS])
    lengths = graph.input("x_lens", INT64, ["N"])
    graph.output("log_probs", FLOAT, ["N", "T", len(TOKENS)], tones(graph, features, quiet))
    graph.output("log_probs_len", INT64, ["N"], lengths)
    _save(graph, folder, metadata)


def zipformer_ctc(folder: Path) -> None:
    _of_frames(folder, QUIET, {"model_type": "zipformer2_ctc"})


def wenet_ctc(folder: Path) -> None:
    _of_frames(folder, QUIET_16_BITS, {"model_type": "wenet_ctc", "subsampling_factor": 1})


def fire_red_ctc(folder: Path) -> None:
    _of_frames(
        folder,
        QUIET_16_BITS,
        {"model_type": "fire-red-asr-2-ctc", "cmvn_mean": zeros(MELS), "cmvn_inv_stddev": ones(MELS)},
    )


def dolphin_ctc(folder: Path) -> None:
    _of_frames(folder, QUIET, {"model_type": "dolphin", "mean": zeros(MELS), "invstd": ones(MELS)})


def nemo_ctc(folder: Path) -> None:
    """audio_signal (N, 80, T), length (N) → logprobs (N, T, tokens)."""
    graph = Graph()
    features = graph.add("Transpose", graph.input("audio_signal", FLOAT, ["N", MELS, "T"]), perm=[0, 2, 1])
    graph.input("length", INT64, ["N"])
    graph.output("logprobs", FLOAT, ["N", "T", len(TOKENS)], tones(graph, features, QUIET))
    _save(graph, folder, {"model_type": "EncDecCTCModelBPE", "subsampling_factor": 1, "normalize_type": ""})


def telespeech_ctc(folder: Path) -> None:
    """x (1, T, 40) of cepstra → logits (T, 1, tokens). A low tone has a large second coefficient, a high one a
    small third; sherpa-onnx brings their mean to 0 and their variance to 1."""
    graph = Graph()
    features = graph.add("Transpose", graph.input("x", FLOAT, [1, "T", 40]), perm=[1, 0, 2])
    weights = np.zeros((40, len(TOKENS)))
    weights[1, 1], weights[2, 2] = 1.0, -1.0
    logits = graph.add("MatMul", features, graph.constant(weights))
    silence = graph.constant([1.2, 0.0, 0.0])
    graph.output("logits", FLOAT, ["T", 1, len(TOKENS)], graph.add("Add", logits, silence))
    _save(graph, folder, {"model_type": "telespeech_ctc"})


def omnilingual_ctc(folder: Path) -> None:
    """x (N, samples) → logits (N, T, tokens): 20 ms of sound against a low and a high tone."""
    length = 320
    time = np.arange(length) / 16000
    waves = [part(2 * np.pi * tone * time) for tone in (400, 1500) for part in (np.sin, np.cos)]
    graph = Graph()
    sound = graph.add("Unsqueeze", graph.input("x", FLOAT, ["N", "S"]), graph.constant([1], np.int64))
    filtered = graph.add(
        "Conv", sound, graph.constant(np.array(waves)[:, None, :] / length), strides=[length], kernel_shape=[length]
    )
    energies = graph.add("Transpose", graph.add("Mul", filtered, filtered), perm=[0, 2, 1])
    both = graph.constant([[0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]])
    logits = graph.add("Add", graph.add("MatMul", energies, both), graph.constant([0.05, 0.0, 0.0]))
    graph.output("logits", FLOAT, ["N", "T", len(TOKENS)], logits)
    _save(graph, folder, {"model_type": "omnilingual-asr", "sample_rate": 16000}, ("<s>", *TOKENS[1:]))


def paraformer(folder: Path) -> None:
    """speech (N, T, 560), speech_lengths (N) → logits (N, tokens heard, tokens), token_num (N): always both tones."""
    graph = Graph()
    speech = graph.input("speech", FLOAT, ["N", "T", MELS * _STACKED])
    lengths = graph.input("speech_lengths", INT32, ["N"])
    nothing = graph.add("Mul", graph.add("ReduceMax", speech, axes=[1, 2], keepdims=1), graph.constant([0.0]))
    written = np.zeros((1, 2, 4))
    written[0, 0, 1] = written[0, 1, 2] = 1.0
    graph.output("logits", FLOAT, ["N", "L", 4], graph.add("Add", nothing, graph.constant(written)))
    graph.output("token_num", INT32, ["N"], lengths)
    facts = {"lfr_window_size": _STACKED, "lfr_window_shift": 6, "neg_mean": zeros(560), "inv_stddev": ones(560)}
    _save(graph, folder, {"model_type": "paraformer", **facts}, (*TOKENS, "</s>"))


def fun_asr_nano_ctc(folder: Path) -> None:
    """x (N, T, 560) → logits (N, T, tokens): the head of Fun-ASR-Nano, in SenseVoice's form with one input."""
    graph = Graph()
    features = graph.input("x", FLOAT, ["N", "T", MELS * _STACKED])
    graph.output("logits", FLOAT, ["N", "T", len(TOKENS)], tones(graph, features, QUIET_16_BITS, _STACKED))
    facts = {"comment": "Fun-ASR-Nano CTC", "lfr_window_size": _STACKED, "lfr_window_shift": 6, "normalize_samples": 0}
    _save(graph, folder, {"model_type": "sense_voice_ctc", **facts}, base64_tokens(TOKENS))


def sense_voice(folder: Path) -> None:
    """x (N, T, 560), x_length, language, text_norm (N) → logits (N, T + 4, tokens); the first four are no text."""
    first = ("<|zh|>", "<|NEUTRAL|>", "<|Speech|>", "<|woitn|>")
    tokens = (*TOKENS, *first)
    graph = Graph()
    features = graph.input("x", FLOAT, ["N", "T", MELS * _STACKED])
    for name in ("x_length", "language", "text_norm"):
        graph.input(name, INT32, ["N"])
    scores = tones(graph, features, QUIET_16_BITS, _STACKED)
    others = graph.add("MatMul", scores, graph.constant(np.zeros((len(TOKENS), len(first)))))
    logits = graph.add("Concat", scores, others, axis=2)
    begin = graph.constant(np.eye(len(tokens))[None, len(TOKENS) :])
    graph.output("logits", FLOAT, ["N", "L", len(tokens)], graph.add("Concat", begin, logits, axis=1))
    languages = {"auto": 0, "zh": 3, "en": 4, "yue": 7, "ja": 11, "ko": 12, "nospeech": 13}
    facts = {
        "model_type": "sense_voice_ctc",
        "normalize_samples": 0,
        "lfr_window_size": _STACKED,
        "lfr_window_shift": 6,
        "with_itn": 14,
        "without_itn": 15,
        "neg_mean": zeros(560),
        "inv_stddev": ones(560),
        **{f"lang_{name}": number for name, number in languages.items()},
    }
    _save(graph, folder, facts, tokens)
