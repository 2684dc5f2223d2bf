"""The percentile that every measurement of `gege bench` tells."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share (0 to 1) of them lies, the longest for 1. Raises IndexError of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
