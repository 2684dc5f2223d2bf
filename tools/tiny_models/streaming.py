"""Tiny models that hear while somebody speaks and are no transducers: CTC of zipformer, WeNet and NeMo, Paraformer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tools.tiny_models.ctc import QUIET, QUIET_16_BITS
from tools.tiny_models.graph import BOOL, FLOAT, INT32, INT64, MELS, TOKENS, Graph, ones, tones, write_tokens, zeros
from tools.tiny_models.transducers import STREAMING_FACTS, keep_states, streaming_scores

_STACKED = 7
#: WeNet: chunks of 16 frames, 4 of them remembered (bot/speech/layouts.py leaves sherpa-onnx's own figures)
_CHUNK, _LEFT = 16, 4
_WIDTH = len(TOKENS)


def streaming_zipformer_ctc(folder: Path) -> None:
    graph = Graph()
    scores = streaming_scores(graph)
    graph.output("log_probs", FLOAT, ["N", "T", _WIDTH], scores)
    keep_states(graph)
    graph.save(folder / "ctc-epoch-1-avg-1-chunk-16-left-128.int8.onnx", STREAMING_FACTS)
    write_tokens(folder)


def streaming_wenet_ctc(folder: Path) -> None:
    graph = Graph()
    features = graph.input("chunk", FLOAT, ["N", "T", MELS])
    for name in ("offset", "required_cache_size"):
        graph.input(name, INT64, [1])
    attention = graph.input("attn_cache", FLOAT, [1, 1, _CHUNK * _LEFT, 2])
    convolution = graph.input("conv_cache", FLOAT, [1, "N", 1, 1])
    graph.input("attn_mask", BOOL, ["N", 1, _CHUNK * (_LEFT + 1)])
    graph.output("log_probs", FLOAT, ["N", "T", _WIDTH], tones(graph, features, QUIET_16_BITS))
    graph.output("next_att_cache", FLOAT, [1, 1, _CHUNK * _LEFT, 2], attention)
    graph.output("next_conv_cache", FLOAT, [1, "N", 1, 1], convolution)
    facts = {"head": 1, "num_blocks": 1, "output_size": 1, "cnn_module_kernel": 2, "right_context": 6}
    graph.save(
        folder / "model-streaming.int8.onnx",
        {"model_type": "wenet_ctc", "subsampling_factor": 4, "vocab_size": _WIDTH, **facts},
    )
    write_tokens(folder, ("<blank>", *TOKENS[1:]))


def streaming_nemo_ctc(folder: Path) -> None:
    graph = Graph()
    features = graph.add("Transpose", graph.input("audio_signal", FLOAT, ["N", MELS, "T"]), perm=[0, 2, 1])
    length = graph.input("length", INT64, ["N"])
    # NeMo's blank is the last token.
    scores = graph.add("Gather", tones(graph, features, QUIET), graph.constant([1, 2, 0], np.int64), axis=2)
    graph.output("logprobs", FLOAT, ["N", "T", _WIDTH], scores)
    caches = {
        "cache_last_channel": graph.input("cache_last_channel", FLOAT, ["N", 1, 1, 1]),
        "cache_last_time": graph.input("cache_last_time", FLOAT, ["N", 1, 1, 1]),
    }
    lengths = graph.input("cache_last_channel_len", INT64, ["N"])
    graph.output("encoded_lengths", INT64, ["N"], length)
    for name, cache in caches.items():
        graph.output(f"{name}_next", FLOAT, ["N", 1, 1, 1], cache)
    graph.output("cache_last_channel_next_len", INT64, ["N"], lengths)
    sizes = {f"cache_last_{which}_dim{number}": 1 for which in ("channel", "time") for number in (1, 2, 3)}
    facts = {"window_size": 40, "chunk_shift": 32, "subsampling_factor": 1, "vocab_size": _WIDTH - 1}
    graph.save(folder / "model.int8.onnx", {"model_type": "EncDecCTCModelBPE", "normalize_type": "", **facts, **sizes})
    write_tokens(folder, (*TOKENS[1:], TOKENS[0]))


def streaming_paraformer(folder: Path) -> None:
    """The encoder fires once in each chunk with its loudness; the decoder writes the tone that it was."""
    width = MELS * _STACKED
    encoder = Graph()
    speech = encoder.input("speech", FLOAT, ["N", "T", width])
    lengths = encoder.input("speech_lengths", INT32, ["N"])
    # Paraformer's input is scaled by sherpa-onnx with the square root of encoder_output_size.
    scores = tones(encoder, speech, QUIET_16_BITS * np.sqrt(3), _STACKED)
    encoder.output("enc", FLOAT, ["N", "T", _WIDTH], scores)
    encoder.output("enc_len", INT32, ["N"], lengths)
    nothing = encoder.add("Mul", encoder.add("ReduceMax", speech, axes=[2], keepdims=0), encoder.constant([0.0]))
    encoder.output("alphas", FLOAT, ["N", "T"], encoder.add("Add", nothing, encoder.constant([0.2])))
    facts = {"lfr_window_size": _STACKED, "lfr_window_shift": 6, "neg_mean": zeros(width), "inv_stddev": ones(width)}
    sizes = {"encoder_output_size": _WIDTH, "decoder_num_blocks": 1, "decoder_kernel_size": 2, "vocab_size": _WIDTH}
    encoder.save(folder / "encoder.int8.onnx", {"model_type": "paraformer", **facts, **sizes})
    decoder = Graph()
    decoder.input("enc", FLOAT, ["N", "T", _WIDTH])
    decoder.input("enc_len", INT32, ["N"])
    heard = decoder.input("acoustic_embeds", FLOAT, ["N", "U", _WIDTH])
    decoder.input("acoustic_embeds_len", INT32, ["N"])
    cache = decoder.input("in_cache_0", FLOAT, ["N", _WIDTH, 1])
    decoder.output("logits", FLOAT, ["N", "U", _WIDTH], heard)
    decoder.output("sample_ids", INT64, ["N", "U"], decoder.add("ArgMax", heard, axis=2, keepdims=0))
    decoder.output("out_cache_0", FLOAT, ["N", _WIDTH, 1], cache)
    decoder.save(folder / "decoder.int8.onnx", {"model_type": "paraformer"})
    write_tokens(folder, ("<blank>", *TOKENS[1:]))
