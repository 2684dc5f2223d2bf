"""The acoustic net as training.py leaves it: affine layers in a row, some of which add what an earlier one gave."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layer:
    """`weight` (out × in, inputs in the order of the offsets), `bias`, the frames of 10 ms that it sees of the layer before."""

    weight: np.ndarray
    bias: np.ndarray
    offsets: np.ndarray
    relu: bool
    skip: int
    """The layer whose output is added before the rectifier; -1 for none."""


def layers_of(net: Mapping[str, np.ndarray]) -> list[Layer]:
    """The layers of the arrays `weight0`, `bias0`, `offsets0`, `relu0`, `skip0`, …"""
    count = sum(name.startswith("weight") for name in net)
    return [
        Layer(
            net[f"weight{index}"],
            net[f"bias{index}"],
            net[f"offsets{index}"],
            bool(net[f"relu{index}"]),
            int(net[f"skip{index}"]),
        )
        for index in range(count)
    ]


def scores(layers: list[Layer], features: np.ndarray) -> np.ndarray:
    """(frames, inputs) normalised features → (frames, pdfs), one row for every frame; Kaldi repeats the first and the last."""
    before, after = (sum(int(sign * layer.offsets[at]) for layer in layers) for sign, at in ((-1, 0), (1, -1)))
    x = np.pad(features, ((before, after), (0, 0)), mode="edge").astype(np.float32)
    begin = 0
    outputs: list[tuple[int, np.ndarray]] = []
    for layer in layers:
        first, last = int(layer.offsets[0]), int(layer.offsets[-1])
        inner = np.arange(-first, len(x) - last)
        x = np.concatenate([x[inner + int(offset)] for offset in layer.offsets], axis=1) @ layer.weight.T + layer.bias
        begin -= first
        if layer.skip >= 0:
            other, added = outputs[layer.skip]
            x = x + added[begin - other :][: len(x)]
        if layer.relu:
            x = np.maximum(x, 0)
        outputs.append((begin, x))
    return x
