"""A small graph in ONNX, written down node by node, and the parts that several tiny models have in common."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

#: a low tone is 停 and a high one 电; what a tiny model writes
LOW, HIGH = "停", "电"
TOKENS = ("<blk>", LOW, HIGH)
MELS = 80
#: mel bins of a 16 kHz filter bank below about 800 Hz, and above
_SPLIT, _TOP = 22, 60
FLOAT, INT32, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL
Shape = Sequence[int | str]


class Graph:
    """Nodes as they are added; `save` checks and writes them."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._count = 0

    def input(self, name: str, kind: int, shape: Shape) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, name: str, kind: int, shape: Shape, made_from: str) -> None:
        self._nodes.append(helper.make_node("Identity", [made_from], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, kind, list(shape)))

    def constant(self, values: ArrayLike, kind: Any = np.float32) -> str:
        self._count += 1
        name = f"constant_{self._count}"
        self._constants.append(numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def add(self, operation: str, *inputs: str, **attributes: Any) -> str:
        self._count += 1
        name = f"value_{self._count}"
        self._nodes.append(helper.make_node(operation, list(inputs), [name], **attributes))
        return name

    def state(self, name: str, kind: int, shape: Shape) -> None:
        """An input that comes out again as new_NAME."""
        self.output(f"new_{name}", kind, shape, self.input(name, kind, shape))

    def save(self, file: Path, metadata: Mapping[str, object]) -> None:
        graph = helper.make_graph(self._nodes, "tiny", self._inputs, self._outputs, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        for key, value in metadata.items():
            entry = model.metadata_props.add()
            entry.key, entry.value = key, str(value)
        onnx.checker.check_model(model)
        file.write_bytes(model.SerializeToString())


def tones(graph: Graph, features: str, quiet: float, stacked: int = 1) -> str:
    """Mel energies (N, T, stacked * 80), logarithms → scores (N, T, 3): silence, low tone, high tone."""
    frames = np.arange(stacked)[:, None] * MELS
    scores = []
    for bins in (np.arange(2, _SPLIT), np.arange(_SPLIT + 2, _TOP)):
        part = graph.add("Gather", features, graph.constant((frames + bins).ravel(), np.int64), axis=2)
        scores.append(graph.add("ReduceMax", part, axes=[2], keepdims=1))
    low, high = scores
    nothing = graph.add("Mul", low, graph.constant([0.0]))
    # The weaker of two falls below silence: each tone is heard in the other's bins as well.
    clear = [graph.add("Sub", one, graph.add("Mul", graph.add("Relu", graph.add("Sub", other, one)), graph.constant([9.0])))
             for one, other in ((low, high), (high, low))]  # fmt: skip
    return graph.add("Concat", graph.add("Add", nothing, graph.constant([quiet])), *clear, axis=2)


def write_tokens(folder: Path, tokens: Sequence[str] = TOKENS, name: str = "tokens.txt") -> None:
    """The list of tokens that lies beside a model."""
    (folder / name).write_text("".join(f"{token} {number}\n" for number, token in enumerate(tokens)), "utf-8")


def base64_tokens(tokens: Sequence[str]) -> tuple[str, ...]:
    """As Whisper's and Fun-ASR-Nano's lists have them."""
    return tuple(base64.b64encode(token.encode()).decode() for token in tokens)


def zeros(count: int) -> str:
    return ",".join("0" for _ in range(count))


def ones(count: int) -> str:
    return ",".join("1" for _ in range(count))
