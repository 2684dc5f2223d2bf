"""The reliability diagram: how sure the understanding was, and how often it was right, on held-out folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot.bench.folds import HeldOut, probabilities
from bot.settings import PROJECT

PICTURE = PROJECT / "docs" / "pictures" / "reliability.png"
_BINS = 10


def curve(found: HeldOut, temperature: float) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, sentences) of each bin of confidence that holds any."""
    likely = probabilities(found.scores, temperature)
    sure, right = likely.max(axis=1), likely.argmax(axis=1) == found.truth
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return [
        (float(sure[bins == one].mean()), float(right[bins == one].mean()), int((bins == one).sum()))
        for one in range(_BINS)
        if (bins == one).any()
    ]


def draw(found: HeldOut, temperature: float, errors: tuple[float, float], file: Path = PICTURE) -> Path:
    """Before and after calibration, beside the line on which confidence keeps its word."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(
        2, 1, figsize=(6.4, 7.2), dpi=110, sharex=True, gridspec_kw={"height_ratios": (3, 1)}
    )
    above.plot((0, 1), (0, 1), color="#999999", linestyle="--", linewidth=1, label="confidence keeps its word")
    before, after = curve(found, 1.0), curve(found, temperature)
    for points, colour, label in (
        (before, "#c0504d", f"before: calibration error {errors[0]:.3f}"),
        (after, "#1f6f54", f"after, temperature {temperature}: {errors[1]:.3f}"),
    ):
        above.plot(*zip(*[(sure, right) for sure, right, _ in points], strict=True), "o-", color=colour, label=label)
    above.set(ylabel="share of sentences understood rightly", xlim=(0, 1), ylim=(0, 1))
    above.set_title(f"{len(found.truth):,} held-out training sentences, clean and simulated speech", fontsize=10)
    above.legend(loc="upper left", frameon=False)
    below.bar([sure for sure, _, _ in after], [number for *_, number in after], width=0.07, color="#1f6f54")
    below.set(xlabel="confidence", ylabel="sentences")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Software": None})
    pyplot.close(figure)
    return file
