"""Reliability diagrams: how sure the understanding or a look-up was, and how often it was right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bot.bench.folds import HeldOut, probabilities
from bot.dialogue.frozen import calibration_error
from bot.settings import PROJECT

PICTURE = PROJECT / "docs" / "pictures" / "reliability.png"
PLACES = PROJECT / "docs" / "pictures" / "places.png"
_BINS = 10
#: of the one before and the one that counts
_COLOURS = ("#c0504d", "#1f6f54")


def curve(found: HeldOut, temperature: float) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, sentences) of each bin of confidence that holds any."""
    likely = probabilities(found.scores, temperature)
    return _points(likely.max(axis=1), likely.argmax(axis=1) == found.truth)


def _points(sure: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> list[tuple[float, float, int]]:
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    return [
        (float(sure[bins == one].mean()), float(right[bins == one].mean()), int((bins == one).sum()))
        for one in range(_BINS)
        if (bins == one).any()
    ]


def draw(found: HeldOut, temperature: float, errors: tuple[float, float], file: Path = PICTURE) -> Path:
    """Before and after calibration, beside the line on which confidence keeps its word."""
    return _drawn(
        {
            f"before: calibration error {errors[0]:.3f}": curve(found, 1.0),
            f"after, temperature {temperature}: {errors[1]:.3f}": curve(found, temperature),
        },
        f"{len(found.truth):,} held-out training sentences, clean and simulated speech",
        ("confidence", "share of sentences understood rightly"),
        file,
    )


def draw_beliefs(beliefs: dict[str, list[tuple[float, bool]]], file: Path = PLACES) -> Path:
    """How sure look-ups were of the likeliest grid, and how often it was that one; `beliefs` by what gave them."""
    lines = {
        f"{name}: calibration error {calibration_error(beliefs[name]):.3f}": _points(
            np.array([sure for sure, _ in beliefs[name]]), np.array([right for _, right in beliefs[name]])
        )
        for name in sorted(beliefs)  # before, now
    }
    count = sum(number for *_, number in list(lines.values())[-1])
    title = f"{count:,} spoken addresses, two counties, two kinds of noise, many strengths"
    return _drawn(lines, title, ("belief in the likeliest grid", "share in which it was that grid"), file)


def _drawn(lines: dict[str, list[tuple[float, float, int]]], title: str, names: tuple[str, str], file: Path) -> Path:
    """Curves of (sure, right, number), how many there are of the last below; → the file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(
        2, 1, figsize=(6.4, 7.2), dpi=110, sharex=True, gridspec_kw={"height_ratios": (3, 1)}
    )
    above.plot(
        (0, 1), (0, 1), color="#999999", linestyle="--", linewidth=1, label=f"{names[0].split()[0]} keeps its word"
    )
    points: list[tuple[float, float, int]] = []
    for (label, points), colour in zip(lines.items(), _COLOURS[-len(lines) :], strict=True):
        above.plot(*zip(*[(sure, right) for sure, right, _ in points], strict=True), "o-", color=colour, label=label)
    above.set(ylabel=names[1], xlim=(0, 1), ylim=(0, 1))
    above.set_title(title, fontsize=10)
    above.legend(loc="upper left", frameon=False)
    below.bar([sure for sure, _, _ in points], [number for *_, number in points], width=0.07, color=_COLOURS[-1])
    below.set(xlabel=names[0], ylabel="sentences")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Software": None})
    pyplot.close(figure)
    return file
