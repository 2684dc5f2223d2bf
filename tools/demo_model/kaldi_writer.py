"""Writes am/final.mdl and the configuration of a Vosk model in Kaldi's binary forms.

Matrices are stored as Kaldi's CompressedMatrix with two bytes an element ("CM2"), which Kaldi reads wherever
it expects a matrix: half the size, and an error below 1/65,535 of the matrix's range. Sources: kaldi/src
base/io-funcs, matrix/compressed-matrix, hmm/transition-model, nnet3/nnet-nnet.
"""

import math
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .features import DIMENSION, MFCC_CONF
from .net import layers_of
from .phones import PhoneTable

SELF_LOOP, FORWARD = 0.75, 0.25
"""Transition probabilities of every state."""
SUBSAMPLING = 3
"""Vosk counts 0.03 s a frame, whatever the model says."""
_BINARY = b"\0B"
_STATISTICS_FRAMES = 1e6

ACOUSTIC_SCALE, BEAM, MAX_ACTIVE = 0.5, 11.0, 2000
MODEL_CONF = (
    "--min-active=200\n--max-active={max_active}\n--beam={beam:g}\n--lattice-beam=6\n--acoustic-scale={acoustic_scale:g}\n"
    f"--frame-subsampling-factor={SUBSAMPLING}\n--endpoint.silence-phones=1\n"
    "--endpoint.rule2.min-trailing-silence=0.5\n--endpoint.rule3.min-trailing-silence=0.75\n"
    "--endpoint.rule4.min-trailing-silence=1.0\n"
)


def token(text: str) -> bytes:
    return text.encode() + b" "


def int32(value: int) -> bytes:
    """A basic type: its size in bytes, then the value."""
    return struct.pack("<bi", 4, value)


def float32(value: float) -> bytes:
    return struct.pack("<bf", 4, value)


def float64(value: float) -> bytes:
    return struct.pack("<bd", 8, value)


def integers(values: list[int]) -> bytes:
    """std::vector<int32>: element size, count, elements."""
    return struct.pack("<bi", 4, len(values)) + np.asarray(values, "<i4").tobytes()


def vector(values: np.ndarray) -> bytes:
    return token("FV") + int32(len(values)) + np.asarray(values, "<f4").tobytes()


def matrix(values: np.ndarray) -> bytes:
    """A matrix (rows, columns) as CompressedMatrix with two bytes an element."""
    low = float(values.min())
    span = max(float(values.max()) - low, 1e-9)
    steps = np.round((values - low) / span * 65535).astype("<u2")
    return token("CM2") + struct.pack("<ffii", low, span, *values.shape) + steps.tobytes()


def transition_model(table: PhoneTable) -> bytes:
    """One topology entry for phones of one state, one for phones of two; all transitions with the same
    probability."""
    phone_ids = list(range(1, len(table.id_pdfs)))
    states = [len(table.id_pdfs[phone]) for phone in phone_ids]
    parts = [token("<TransitionModel>"), token("<Topology>")]
    parts += [integers(phone_ids), integers([-1, *(count - 1 for count in states)]), int32(2)]
    for count in (1, 2):
        parts.append(int32(count + 1))
        for state in range(count):
            parts += [
                int32(state),
                int32(2),
                int32(state),
                float32(SELF_LOOP),
                int32(state + 1),
                float32(FORWARD),
            ]
        parts += [int32(-1), int32(0)]
    parts += [token("</Topology>"), token("<Triples>"), int32(len(table.triples))]
    parts += [int32(number) for triple in table.triples for number in triple]
    logs = np.array([0.0] + [math.log(SELF_LOOP), math.log(FORWARD)] * len(table.triples))
    parts += [
        token("</Triples>"),
        token("<LogProbs>"),
        vector(logs),
        token("</LogProbs>"),
        token("</TransitionModel>"),
    ]
    return b"".join(parts)


def _spliced(name: str, offsets: np.ndarray) -> str:
    frames = [name if offset == 0 else f"Offset({name}, {offset})" for offset in offsets.tolist()]
    return frames[0] if len(frames) == 1 else f"Append({', '.join(frames)})"


def _nonlinear(kind: str, dimension: int) -> bytes:
    empty = token("FV") + int32(0)
    parts = [token(f"<{kind}>"), token("<Dim>"), int32(dimension), token("<ValueAvg>"), empty]
    return b"".join([*parts, token("<DerivAvg>"), empty, token("<Count>"), float64(0), token(f"</{kind}>")])


def acoustic_net(net: Mapping[str, np.ndarray]) -> bytes:
    """nnet3 of the folded layers that training wrote (net.py) and `priors`."""
    layers = layers_of(net)
    config = [f"input-node name=input dim={DIMENSION}"]
    components: list[tuple[str, bytes]] = []
    names: list[str] = []
    previous = "input"
    left = right = 0
    for index, layer in enumerate(layers):
        left, right = left - int(layer.offsets[0]), right + int(layer.offsets[-1])
        affine = f"affine{index}"
        config.append(f"component-node name={affine} component={affine} input={_spliced(previous, layer.offsets)}")
        body = [
            token("<FixedAffineComponent>"),
            token("<LinearParams>"),
            matrix(layer.weight),
            token("<BiasParams>"),
        ]
        components.append((affine, b"".join([*body, vector(layer.bias), token("</FixedAffineComponent>")])))
        previous = affine
        last = index == len(layers) - 1
        if last or layer.relu:
            previous = "logsoftmax" if last else f"relu{index}"
            kind = "LogSoftmaxComponent" if last else "RectifiedLinearComponent"
            added = affine if layer.skip < 0 else f"Sum({affine}, {names[layer.skip]})"
            config.append(f"component-node name={previous} component={previous} input={added}")
            components.append((previous, _nonlinear(kind, len(layer.bias))))
        names.append(previous)
    config.append(f"output-node name=output input={previous} objective=linear")
    # Kaldi eats the rest of the line after the token and its space, and reads lines up to an empty one.
    parts = [token("<Nnet3>"), b"\n", "\n".join(config).encode(), b"\n\n", token("<NumComponents>")]
    parts.append(int32(len(components)))
    for name, body_bytes in components:
        parts += [token("<ComponentName>"), token(name), body_bytes]
    parts += [
        token("</Nnet3>"),
        token("<LeftContext>"),
        int32(left),
        token("<RightContext>"),
        int32(right),
    ]
    return b"".join([*parts, token("<Priors>"), vector(net["priors"])])


def mean_statistics(mean: np.ndarray, mean_square: np.ndarray) -> str:
    """Text of am/global_cmvn.stats: sums and count, sums of squares and 0. Its presence turns mean
    normalisation on."""
    rows = ((mean, _STATISTICS_FRAMES), (mean_square, 0.0))
    text = [" ".join(f"{x * _STATISTICS_FRAMES:.6g}" for x in values) + f" {count:g}" for values, count in rows]
    return " [\n  " + "\n  ".join(text) + " ]\n"


def write_acoustic_model(
    folder: Path, net: Mapping[str, np.ndarray], table: PhoneTable, *, acoustic_scale: float = ACOUSTIC_SCALE,
    beam: float = BEAM, max_active: int = MAX_ACTIVE,
) -> None:  # fmt: skip
    """am/ and conf/ of the model folder."""
    (folder / "am").mkdir(parents=True, exist_ok=True)
    (folder / "conf").mkdir(parents=True, exist_ok=True)
    (folder / "am" / "final.mdl").write_bytes(_BINARY + transition_model(table) + acoustic_net(net))
    statistics = mean_statistics(net["mean"], net["mean_square"])
    (folder / "am" / "global_cmvn.stats").write_text(statistics, encoding="ascii")
    (folder / "conf" / "mfcc.conf").write_text(MFCC_CONF, encoding="ascii")
    settings = MODEL_CONF.format(beam=beam, acoustic_scale=acoustic_scale, max_active=max_active)
    (folder / "conf" / "model.conf").write_text(settings, encoding="ascii")
