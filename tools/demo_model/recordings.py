"""Recordings of people for the acoustic net: read from Kaldi data directories, aligned with a net, written as parts that
shards.py takes as it takes the neural voices'."""

import json
import random
import wave
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from bot.foundation.errors import Refused

from .alignment import Aligned, Aligner
from .features import SAMPLE_RATE
from .shards import aligned_file

Progress = Callable[[str], object]
_PART = 60
"""Recordings of one part."""
_PEAK = 28_000


class CorpusRefused(Refused, ValueError):
    """Nothing was built; the message says why."""


@dataclass(frozen=True)
class Recording:
    """One utterance of a corpus; 8 kHz samples in int16 scale."""

    name: str
    speaker: str
    text: str
    samples: np.ndarray


def read_corpora(folders: Iterable[Path]) -> list[Recording]:
    """Utterances of Kaldi data directories (`gege corpus export`). Raises CorpusRefused."""
    found: dict[str, Recording] = {}
    for folder in folders:
        try:
            paths, texts, speakers = (_table(folder / name) for name in ("wav.scp", "text", "utt2spk"))
            for name, path in paths.items():
                samples = _samples(folder / path)
                found[name] = Recording(name, speakers[name], texts[name], samples)
        except (OSError, KeyError, ValueError, EOFError, wave.Error) as problem:
            raise CorpusRefused(f"{folder} is no corpus that can be read: {problem}") from problem
    return [found[name] for name in sorted(found)]


def _table(file: Path) -> dict[str, str]:
    rows = (line.split(maxsplit=1) for line in file.read_text("utf-8").splitlines() if line.strip())
    return {name: value for name, value in rows}


def _samples(file: Path) -> np.ndarray:
    with wave.open(str(file), "rb") as sound:
        if (sound.getnchannels(), sound.getsampwidth()) != (1, 2):
            raise ValueError(f"{file.name} is not 16-bit mono")
        samples = np.frombuffer(sound.readframes(-1), "<i2")
        rate = sound.getframerate()
    return samples if rate == SAMPLE_RATE else np.asarray(soxr.resample(samples, rate, SAMPLE_RATE), "<i2")


def align_recordings(
    aligner: Aligner, recordings: Sequence[Recording], progress: Progress
) -> list[tuple[Recording, Aligned]]:
    """What can be aligned, and what was said in which; the rest is told and left out."""
    aligned, lost = [], Counter[str]()
    for one in recordings:
        found = aligner.align(one.samples, one.text)
        if found is None:
            lost["words without a reading, or too little sound"] += 1
        elif not found.fits:
            lost["wrong words would fit as well"] += 1
        else:
            aligned.append((one, found))
    told = "".join(f"; {count} left out: {reason}" for reason, count in sorted(lost.items()))
    progress(f"aligned: {len(aligned)} of {len(recordings)} recordings{told}")
    return aligned


def write_parts(aligned: Sequence[tuple[Recording, Aligned]], folder: Path, seed: int = 1) -> list[Path]:
    """The recordings, the speakers mixed, and what stands where in them, in parts like those of neural.py. They are aligned
    already: a part tells no lengths of a voice and no text."""
    folder.mkdir(parents=True, exist_ok=True)
    mixed = list(aligned)
    random.Random(seed).shuffle(mixed)
    parts = []
    for number, start in enumerate(range(0, len(mixed), _PART), 1):
        some = mixed[start : start + _PART]
        part = folder / f"spoken-{number:04d}.npz"
        sounds = [np.round(one.samples / max(1, np.abs(one.samples.astype(int)).max()) * _PEAK) for one, _ in some]
        labels = [found.labels for _, found in some]
        np.savez(
            part,
            samples=np.concatenate(sounds).astype(np.int16),
            lengths=np.array([len(one) for one in sounds], np.int32),
            segments=np.zeros((0, 4), np.int32),
            texts=json.dumps([[] for _ in some]),
        )
        np.savez(
            aligned_file(part),
            labels=np.concatenate(labels).astype(np.int16),
            lengths=np.array([len(one) for one in labels]),
        )
        parts.append(part)
    return parts
