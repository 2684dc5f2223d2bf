"""Speaks sentences with espeak-ng in child processes: for demo recordings, tests and the bench."""

import json
import random
import subprocess
import sys
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soxr

from .features import SAMPLE_RATE
from .phones import readings
from .texts import PROJECT, Splitter

OLD_RESIDENT = "grandma"
"""A voice that training never heard."""
_PEAK = 16000
_TIMEOUT_SECONDS = 120
_JOBS_PER_CHILD = 40


@dataclass(frozen=True)
class Job:
    """One sentence to speak."""

    syllables: tuple[str, ...]
    """Toned pinyin."""
    voice: str = OLD_RESIDENT
    """A variant of espeak's voice; see synthesis.HELD_OUT_VOICES."""
    rate: int = 140
    """Words a minute, as espeak counts."""
    pitch: int = 50
    pitch_range: int = 50
    percent: int = 100
    """Above 100 slower and lower."""


@cache
def _splitter() -> Splitter:
    return Splitter()


def syllables_of(text: str) -> tuple[str, ...]:
    """A Chinese text (digits allowed) as toned syllables. Raises ValueError when nothing in it can be
    spoken."""
    syllables = tuple(syllable for word in _splitter().split(text) for syllable in readings(word)[0])
    if not syllables:
        raise ValueError(f"nothing to speak in {text!r}")
    return syllables


def speak_jobs(jobs: Sequence[Job]) -> list[np.ndarray | None]:
    """int16 samples at 8 kHz for each job; None where espeak failed."""
    spoken: list[np.ndarray | None] = []
    for first in range(0, len(jobs), _JOBS_PER_CHILD):
        batch = jobs[first : first + _JOBS_PER_CHILD]
        result = _in_child(batch)
        if result is None:  # a crash: one child for each job loses one at most
            result = [(_in_child([job]) or [None])[0] for job in batch]
        spoken += result
    return spoken


def speak_demo(text: str, voice: str = OLD_RESIDENT, rate: int = 140) -> np.ndarray:
    """A Chinese sentence as int16 samples at 8 kHz. Raises ValueError for an unspeakable text or an unknown
    voice."""
    samples = speak_jobs([Job(syllables_of(text), voice, rate)])[0]
    if samples is None:
        raise ValueError(f"espeak-ng could not speak {text!r} with the voice {voice!r}")
    return samples


def demo_wav(
    text: str, path: Path, voice: str = OLD_RESIDENT, *, rate: int = 140, sample_rate: int = SAMPLE_RATE
) -> None:
    """Writes a mono 16-bit WAV file of the sentence, at any sample rate (Hz)."""
    samples = speak_demo(text, voice, rate)
    if sample_rate != SAMPLE_RATE:
        samples = soxr.resample(samples, SAMPLE_RATE, sample_rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(np.asarray(samples, "<i2").tobytes())


def _in_child(jobs: Sequence[Job]) -> list[np.ndarray | None] | None:
    """None when the child crashed or hung."""
    with tempfile.TemporaryDirectory(prefix="gege-speak-") as folder:
        out = Path(folder) / "speech.npz"
        command = [sys.executable, "-W", "ignore", "-m", "tools.demo_model.speaker", str(out)]
        text = json.dumps([asdict(job) for job in jobs])
        try:
            done = subprocess.run(
                command,
                input=text.encode(),
                cwd=PROJECT,
                timeout=_TIMEOUT_SECONDS,
                capture_output=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode or not out.exists():
            return None
        with np.load(out) as arrays:
            return [arrays.get(str(i)) for i in range(len(jobs))]


def _child(out: Path) -> None:
    from .synthesis import Synthesiser, Voice

    synthesiser, arrays = Synthesiser(), {}
    for index, fields in enumerate(json.load(sys.stdin)):
        job = Job(**{**fields, "syllables": tuple(fields["syllables"])})
        voice = Voice(job.voice, job.rate, job.pitch, job.pitch_range)
        try:
            utterance = synthesiser.utterance([list(job.syllables)], voice, random.Random(index))
        except ValueError:
            continue
        if utterance is not None:
            if job.percent != 100:
                utterance = utterance.stretched(job.percent)
            arrays[str(index)] = np.int16(utterance.samples / (np.abs(utterance.samples).max() + 1) * _PEAK)
    np.savez(out, **arrays)


if __name__ == "__main__":
    _child(Path(sys.argv[1]))
