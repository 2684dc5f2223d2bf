"""G.711: A-law and mu-law, by tables (levels checked against libsndfile, decision values against baresip)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PCMU, PCMA = 0, 8
#: silence on the wire
SILENT = {PCMU: b"\xff", PCMA: b"\xd5"}


def _alaw() -> NDArray[np.int16]:
    code = np.arange(256) ^ 0x55
    segment, step = (code >> 4) & 7, (code & 15) << 4
    size = np.where(segment == 0, step + 8, (step + 0x108) << np.maximum(segment - 1, 0))
    # The sign bit of A-law says "positive".
    return np.where(code & 0x80, size, -size).astype(np.int16)


def _ulaw() -> NDArray[np.int16]:
    code = ~np.arange(256) & 0xFF
    size = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -size, size).astype(np.int16)


def _codes(decoded: NDArray[np.int16], zero: int) -> NDArray[np.uint8]:
    """The code of each sample, by sign and magnitude: an interval begins at its decision value (G.711, tables 1 and 2),
    and its level is the middle of it."""
    samples = np.arange(-32768, 32768)
    codes = np.empty(len(samples), np.uint8)
    # The sign bit says "positive" in both; of mu-law's two zeros each sign has its own.
    for sign, mine in ((0x80, samples >= 0), (0, samples < 0)):
        own = np.flatnonzero((np.arange(256) & 0x80) == sign)
        own = own[np.argsort(np.abs(decoded[own].astype(int)), kind="stable")]
        levels = np.abs(decoded[own].astype(int))
        edges = [0] if levels[0] else [0, levels[1] // 2]
        while len(edges) < len(levels):
            edges.append(2 * levels[len(edges) - 1] - edges[-1])
        codes[mine] = own[np.searchsorted(edges, np.abs(samples[mine]), side="right") - 1]
    codes[32768] = zero
    # Indexed by the sample's bits as an unsigned number.
    return np.concatenate([codes[32768:], codes[:32768]])


_DECODE = {PCMU: _ulaw(), PCMA: _alaw()}
_ENCODE = {kind: _codes(_DECODE[kind], SILENT[kind][0]) for kind in (PCMU, PCMA)}


def decode(payload: bytes, kind: int) -> bytes:
    """int16 little-endian samples of a payload."""
    return _DECODE[kind][np.frombuffer(payload, np.uint8)].astype("<i2").tobytes()


def encode(pcm: bytes, kind: int) -> bytes:
    """The payload of int16 little-endian samples."""
    return _ENCODE[kind][np.frombuffer(pcm, "<u2")].tobytes()
