"""Tiny transducers: an encoder, a decoder that sees the last token, a joiner. Offline, and one that keeps its state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tools.tiny_models.ctc import QUIET
from tools.tiny_models.graph import FLOAT, INT64, MELS, TOKENS, Graph, tones, write_tokens

_WIDTH = len(TOKENS)
#: tokens before the next one that the decoder sees
_CONTEXT = 2
#: frames that a streaming encoder takes, and by how many it goes on
_CHUNK, _SHIFT = 45, 32
#: one layer of a zipformer, as small as it can be: shapes of its states, by the metadata below
_LAYER = {
    "cached_key_0": (1, "N", 1),
    "cached_nonlin_attn_0": (1, "N", 1, 3),
    "cached_val1_0": (1, "N", 1),
    "cached_val2_0": (1, "N", 1),
    "cached_conv1_0": ("N", 4, 1),
    "cached_conv2_0": ("N", 4, 1),
    "embed_states": ("N", 128, 3, 19),
}
#: what a zipformer that keeps its state says of itself
STREAMING_FACTS = {
    "model_type": "zipformer2",
    "encoder_dims": 4,
    "query_head_dims": 1,
    "value_head_dims": 1,
    "num_heads": 1,
    "num_encoder_layers": 1,
    "cnn_module_kernels": 3,
    "left_context_len": 1,
    "T": _CHUNK,
    "decode_chunk_len": _SHIFT,
}


def streaming_scores(graph: Graph) -> str:
    """x (N, 45, 80) → scores (N, 32, 3), of the frames by which the stream goes on."""
    features = graph.input("x", FLOAT, ["N", _CHUNK, MELS])
    whole = tones(graph, features, QUIET)
    span = (graph.constant([each], np.int64) for each in (0, _SHIFT, 1))
    return graph.add("Slice", whole, *span)


def keep_states(graph: Graph) -> None:
    """States of one layer go in and come out."""
    for name, shape in _LAYER.items():
        graph.state(name, FLOAT, shape)
    graph.state("processed_lens", INT64, ["N"])


def transducer(folder: Path) -> None:
    graph = Graph()
    features = graph.input("x", FLOAT, ["N", "T", MELS])
    lengths = graph.input("x_lens", INT64, ["N"])
    graph.output("encoder_out", FLOAT, ["N", "T", _WIDTH], tones(graph, features, QUIET))
    graph.output("encoder_out_lens", INT64, ["N"], lengths)
    graph.save(folder / "encoder-epoch-1-avg-1.int8.onnx", {"model_type": "zipformer2", "comment": "non-streaming"})
    _others(folder)


def streaming_transducer(folder: Path) -> None:
    graph = Graph()
    scores = streaming_scores(graph)
    graph.output("encoder_out", FLOAT, ["N", "T", _WIDTH], scores)
    keep_states(graph)
    graph.save(folder / "encoder-epoch-1-avg-1.int8.onnx", STREAMING_FACTS)
    _others(folder)


def _others(folder: Path, tokens: Sequence[str] = TOKENS) -> None:
    """The decoder forbids the last token and those that sound the same, so that a tone is written once; the joiner adds."""
    width = len(tokens)
    decoder = Graph()
    before = decoder.input("y", INT64, ["N", _CONTEXT])
    last = decoder.add("Gather", before, decoder.constant(_CONTEXT - 1, np.int64), axis=1)
    forbidden = -1000.0 * np.eye(width)
    forbidden[0, 0] = 0.0
    if width > _WIDTH:
        forbidden[1, _WIDTH] = forbidden[_WIDTH, 1] = -1000.0
    decoder.output("decoder_out", FLOAT, ["N", width], decoder.add("Gather", decoder.constant(forbidden), last, axis=0))
    decoder.save(folder / "decoder-epoch-1-avg-1.onnx", {"vocab_size": width, "context_size": _CONTEXT})
    joiner = Graph()
    both = [joiner.input(name, FLOAT, ["N", width]) for name in ("encoder_out", "decoder_out")]
    joiner.output("logit", FLOAT, ["N", width], joiner.add("Add", *both))
    joiner.save(folder / "joiner-epoch-1-avg-1.int8.onnx", {"joiner_dim": width})
    write_tokens(folder, tokens)


def ambiguous(folder: Path) -> None:
    """The transducer in a folder writes each low tone as 停 or as 亭, both alike."""
    graph = Graph()
    features = graph.input("x", FLOAT, ["N", "T", MELS])
    lengths = graph.input("x_lens", INT64, ["N"])
    doubled = graph.add("Gather", tones(graph, features, QUIET), graph.constant([0, 1, 2, 1], np.int64), axis=2)
    graph.output("encoder_out", FLOAT, ["N", "T", _WIDTH + 1], doubled)
    graph.output("encoder_out_lens", INT64, ["N"], lengths)
    graph.save(folder / "encoder-epoch-1-avg-1.int8.onnx", {"model_type": "zipformer2"})
    _others(folder, (*TOKENS, "亭"))
