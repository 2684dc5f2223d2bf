"""From neural speech to what the net learns from: each utterance over several lines, at several speeds, as features and labels.

Labels come from the voice's own lengths at first; once a net can align, from what it finds (`aligned-NNNN.npz` beside the
part). A child process works on one part, as in corpus.py."""

import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soxr

from . import children
from .alignment import Scorer, best_path
from .features import DIMENSION, FIRST_FRAME_CENTRE, FRAMES_PER_SECOND, SAMPLE_RATE, mfcc
from .line import Line
from .phones import phone_table, phones

SLOWEST, FASTEST = 0.87, 1.15
"""Resampled: the voice's height and the size of its mouth change with the speed."""
_SAMPLES_A_FRAME = SAMPLE_RATE // FRAMES_PER_SECOND


def utterances(part: Path) -> list[tuple[np.ndarray, np.ndarray, list[list[str]]]]:
    """(samples, rows of first and last sample of each phone, words as toned syllables) of a part of neural.py."""
    with np.load(part) as file:
        edges = np.cumsum(file["lengths"])[:-1]
        samples, rows = np.split(file["samples"], edges), file["segments"]
        texts = json.loads(str(file["texts"]))
    return [(one, rows[rows[:, 0] == number][:, 2:], texts[number]) for number, one in enumerate(samples)]


def said(words: Sequence[Sequence[str]]) -> list[list[str]]:
    """The words without the marks."""
    return [list(word) for word in words if word[0][0].isalpha()]


def first_labels(samples: np.ndarray, rows: np.ndarray, words: Sequence[Sequence[str]]) -> np.ndarray:
    """The pdf of each 10 ms frame by the voice's own lengths; a phone's time is split equally among its states."""
    labels = np.zeros(len(samples) // _SAMPLES_A_FRAME, np.int16)
    names = [phone for word in said(words) for syllable in word for phone in phones(syllable)]
    for name, (first, last) in zip(names, rows, strict=True):
        states = phone_table().pdfs[name]
        edges = np.linspace(first, last, len(states) + 1) / _SAMPLES_A_FRAME - FIRST_FRAME_CENTRE
        for pdf, begin, end in zip(states, edges, edges[1:], strict=False):
            labels[max(round(begin), 0) : max(round(end), 0)] = pdf
    return labels


def aligned_file(part: Path) -> Path:
    return part.with_name(part.name.replace("spoken-", "aligned-"))


def align(part: Path, net: Path) -> None:
    """Writes the labels that the net finds; an utterance that does not fit keeps none (length 0)."""
    with np.load(net) as arrays:
        scorer = Scorer(dict(arrays))
    labels = []
    for samples, _, words in utterances(part):
        found = best_path(scorer.likelihood(mfcc(samples)), [[word] for word in said(words)])
        labels.append(np.zeros(0, np.int16) if found is None else found[1].astype(np.int16))
    out = aligned_file(part)
    np.savez(
        out.with_suffix(".part.npz"), labels=np.concatenate(labels), lengths=np.array([len(one) for one in labels])
    )
    out.with_suffix(".part.npz").replace(out)


def write_shard(part: Path, out: Path, copies: int, seed: int) -> None:
    """Features and labels as training.py wants them."""
    draw, line = random.Random(seed), Line(seed)
    found = utterances(part)
    if aligned_file(part).is_file():
        with np.load(aligned_file(part)) as file:
            labels = np.split(file["labels"], np.cumsum(file["lengths"])[:-1])
    else:
        labels = [first_labels(*one) for one in found]
    features, kept = [np.zeros((0, DIMENSION), np.float16)], [np.zeros(0, np.int16)]
    for _ in range(copies):
        for (samples, _, _), own in zip(found, labels, strict=True):
            if not len(own):
                continue
            speed = draw.uniform(SLOWEST, FASTEST)
            before, after = (int(draw.uniform(0.05, 0.5) * FRAMES_PER_SECOND) for _ in range(2))
            moved = soxr.resample(samples.astype(np.float64), SAMPLE_RATE * speed, SAMPLE_RATE)
            moved = np.pad(moved, (before * _SAMPLES_A_FRAME, after * _SAMPLES_A_FRAME))
            frames = mfcc(line.degrade(moved))
            at = ((np.arange(len(frames)) - before) * speed).astype(int)
            features.append(frames.astype(np.float16))
            kept.append(np.where((at >= 0) & (at < len(own)), own[np.clip(at, 0, len(own) - 1)], 0).astype(np.int16))
    lengths = np.array([len(one) for one in features[1:]], np.int32)
    part_out = out.with_suffix(".part.npz")
    np.savez(part_out, features=np.concatenate(features), labels=np.concatenate(kept), lengths=lengths)
    part_out.replace(out)


def _every_tenth(what: str, count: int, progress: Callable[[str], object]) -> Callable[[int], object]:
    return lambda done: progress(f"{what}: {done} of {count} parts") if done % 10 == 0 else None


def align_all(parts: Sequence[Path], net: Path, *, workers: int, progress: Callable[[str], object]) -> None:
    """Labels of all parts, those that are newer than the net kept."""
    old = [one for one in parts if not (to := aligned_file(one)).is_file() or to.stat().st_mtime < net.stat().st_mtime]
    jobs = [("align", str(one), str(net)) for one in old]
    children.run(__spec__.name, jobs, workers, told=_every_tenth("aligning", len(jobs), progress))


def write_shards(
    parts: Sequence[Path], folder: Path, copies: int, *, workers: int, progress: Callable[[str], object]
) -> list[Path]:
    """One shard for each part in `folder`; what is there is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    out = {part: folder / part.name for part in parts}
    jobs = [
        ("shard", str(part), str(to), str(copies), str(number))
        for number, (part, to) in enumerate(out.items())
        if not to.is_file()
    ]
    children.run(__spec__.name, jobs, workers, told=_every_tenth("lines and speeds", len(jobs), progress))
    return list(out.values())


if __name__ == "__main__":
    kind, first, second, *rest = sys.argv[1:]
    if kind == "align":
        align(Path(first), Path(second))
    else:
        write_shard(Path(first), Path(second), int(rest[0]), int(rest[1]))
