"""Weighted transducers in OpenFst's binary form, without OpenFst."""

import math
import struct
from pathlib import Path

import numpy as np

MAGIC = 2125659606
_VERSION, _FLAGS, _EXPANDED_MUTABLE = 2, 0, 3
_HEADER = "<iiQqqq"
_ARC = np.dtype([("input", "<i4"), ("output", "<i4"), ("cost", "<f4"), ("next", "<i4")])
_STATE = "<fq"

Arc = tuple[int, int, float, int]
"""(input label, output label, cost, next state); label 0 is empty."""


class Fst:
    """A VectorFst<StdArc>; costs are -ln of probabilities, the start is state 0."""

    def __init__(self) -> None:
        self.arcs: list[list[Arc]] = []
        self.final: dict[int, float] = {}

    def state(self) -> int:
        """A new state's number."""
        self.arcs.append([])
        return len(self.arcs) - 1

    def arc(self, source: int, target: int, *, label: int = 0, word: int = 0, cost: float = 0.0) -> None:
        self.arcs[source].append((label, word, cost, target))

    @property
    def arc_count(self) -> int:
        return sum(map(len, self.arcs))

    def write(self, path: Path) -> None:
        parts = [struct.pack("<i", MAGIC), _text("vector"), _text("standard")]
        parts.append(struct.pack(_HEADER, _VERSION, _FLAGS, _EXPANDED_MUTABLE, 0, len(self.arcs), self.arc_count))
        for state, arcs in enumerate(self.arcs):
            parts.append(struct.pack(_STATE, self.final.get(state, math.inf), len(arcs)))
            parts.append(np.array(arcs, _ARC).tobytes())
        path.write_bytes(b"".join(parts))

    @classmethod
    def read(cls, path: Path) -> "Fst":
        """Raises ValueError for a file that `write` would not have written."""
        data = path.read_bytes()
        preamble = struct.pack("<i", MAGIC) + _text("vector") + _text("standard")
        if not data.startswith(preamble):
            raise ValueError(f"{path} is no VectorFst<StdArc>")
        position = len(preamble)
        version, _, _, start, states, arc_count = struct.unpack_from(_HEADER, data, position)
        position += struct.calcsize(_HEADER)
        if version != _VERSION or start != 0:
            raise ValueError(f"{path} has version {version} and start {start}")
        fst = cls()
        for _ in range(states):
            cost, count = struct.unpack_from(_STATE, data, position)
            position += struct.calcsize(_STATE)
            state = fst.state()
            if cost != math.inf:
                fst.final[state] = cost
            fst.arcs[state] = np.frombuffer(data, _ARC, count, position).tolist()
            position += count * _ARC.itemsize
        if position != len(data) or fst.arc_count != arc_count:
            raise ValueError(f"{path} is cut short or has a tail")
        return fst


def _text(text: str) -> bytes:
    return struct.pack("<i", len(text)) + text.encode()
