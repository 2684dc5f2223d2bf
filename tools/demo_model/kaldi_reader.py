"""Reads back the acoustic net that kaldi_writer.py wrote; nothing else's models."""

import re
import struct
from pathlib import Path

import numpy as np

from bot.foundation.errors import Refused

from .kaldi_writer import token


class NotOurs(Refused, ValueError):
    """These are not the files of a model of this project."""


def read_net(model_dir: Path) -> dict[str, np.ndarray]:
    """The folded net of a model folder, as training.py writes it: the arrays of net.py's layers, `priors`, `mean`,
    `mean_square`. Raises NotOurs."""
    try:
        data = (model_dir / "am" / "final.mdl").read_bytes()
        statistics = (model_dir / "am" / "global_cmvn.stats").read_text("ascii")
        net = _net(data[data.index(token("<Nnet3>")) :])
        rows = [[float(x) for x in line.split()] for line in re.findall(r"^\s+([^\[\]]+?)\s*\]?$", statistics, re.M)]
        (sums, squares) = (np.array(row) for row in rows)
    except (OSError, ValueError, IndexError, struct.error, UnicodeDecodeError) as problem:
        raise NotOurs(f"{model_dir} is no acoustic model of this project ({problem})") from problem
    net["mean"], net["mean_square"] = sums[:-1] / sums[-1], squares[:-1] / sums[-1]
    return net


def _net(data: bytes) -> dict[str, np.ndarray]:
    config, at = _config(data)
    net: dict[str, np.ndarray] = {}
    for index, (offsets, relu, skip) in enumerate(config):
        at = data.index(token(f"affine{index}"), at)
        at = data.index(token("<LinearParams>"), at) + len(token("<LinearParams>"))
        net[f"weight{index}"], at = _matrix(data, at)
        at = data.index(token("<BiasParams>"), at) + len(token("<BiasParams>"))
        net[f"bias{index}"], at = _vector(data, at)
        net[f"offsets{index}"], net[f"relu{index}"] = np.array(offsets), np.array(relu)
        net[f"skip{index}"] = np.array(skip)
    at = data.index(token("<Priors>"), at) + len(token("<Priors>"))
    net["priors"], _ = _vector(data, at)
    return net


def _config(data: bytes) -> tuple[list[tuple[list[int], bool, int]], int]:
    """Of each affine layer the frames that it sees, whether a rectifier follows, the layer that is added there (-1: none);
    and where the configuration ends."""
    end = data.index(b"\n\n")
    layers: list[tuple[list[int], bool, int]] = []
    for line in data[:end].decode("ascii").splitlines():
        name, _, seen = line.partition("input=")
        if name.startswith("component-node name=affine"):
            # An input without Offset() is the frame itself.
            parts = re.findall(r"Offset\(\w+, (-?\d+)\)|(?<![\w(])(\w+)(?=[,)]|$)", seen.removeprefix("Append("))
            layers.append(([int(offset) if offset else 0 for offset, _ in parts], False, -1))
        elif name.startswith("component-node name=relu"):
            added = re.fullmatch(r"Sum\(affine\d+, \w*?(\d+)\)", seen.strip())
            layers[-1] = (layers[-1][0], True, int(added.group(1)) if added else -1)
    if not layers:
        raise ValueError("no affine layer")
    return layers, end


def _matrix(data: bytes, at: int) -> tuple[np.ndarray, int]:
    """CompressedMatrix with two bytes an element."""
    if data[at : at + 4] != token("CM2"):
        raise ValueError("a matrix of another form")
    low, span, rows, columns = struct.unpack_from("<ffii", data, at + 4)
    start = at + 4 + struct.calcsize("<ffii")
    steps = np.frombuffer(data, "<u2", rows * columns, start).reshape(rows, columns)
    return (low + steps.astype(np.float32) * (span / 65535)).astype(np.float32), start + steps.nbytes


def _vector(data: bytes, at: int) -> tuple[np.ndarray, int]:
    if data[at : at + 3] != token("FV"):
        raise ValueError("a vector of another form")
    (length,) = struct.unpack_from("<xi", data, at + 3)
    values = np.frombuffer(data, "<f4", length, at + 8)
    return values, at + 8 + values.nbytes
