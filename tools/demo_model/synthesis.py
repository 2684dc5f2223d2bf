"""Synthetic utterances with the times of their phones, made by espeak-ng. Runs in a child process only (see
espeak)."""

import random
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from .data_files import data_lines
from .espeak import Espeak, Phoneme
from .features import FIRST_FRAME_CENTRE, FRAMES_PER_SECOND, SAMPLE_RATE
from .phones import SILENCE, phone_table, phones

HELD_OUT_VOICES = ("f4", "m7", "anika", "Mario", "grandma", "grandpa", "marcelo", "shelby")
"""Variants of espeak's voice that training never hears; bench and demo speak with them."""
TRAINING_VOICES = ("", *chain(*(line.split() for line in data_lines("voices.txt"))))
RATES = (110, 130, 150, 165, 180, 200, 230)
"""Words a minute, as espeak counts."""


@dataclass(frozen=True)
class Segment:
    """One phone's time."""

    phone: str
    start: float
    """Seconds."""
    end: float


@dataclass(frozen=True)
class Voice:
    """How espeak speaks."""

    variant: str
    rate: int = 150
    pitch: int = 50
    pitch_range: int = 50

    @classmethod
    def drawn(cls, draw: random.Random, variants: tuple[str, ...]) -> "Voice":
        return cls(draw.choice(variants), draw.choice(RATES), draw.randint(20, 80), draw.randint(20, 90))


@dataclass(frozen=True)
class Utterance:
    """Speech and its phones."""

    samples: np.ndarray
    """float32, 8 kHz, int16 scale."""
    segments: list[Segment]

    def labels(self, frames: int) -> np.ndarray:
        """The pdf of each 10 ms frame; a phone's time is split equally among its states."""
        labels = np.zeros(frames, np.int16)
        pdfs = phone_table().pdfs
        for segment in self.segments:
            if segment.phone == SILENCE:
                continue
            states = pdfs[segment.phone]
            step = (segment.end - segment.start) / len(states)
            edges = [
                round((segment.start + step * i) * FRAMES_PER_SECOND - FIRST_FRAME_CENTRE)
                for i in range(len(states) + 1)
            ]
            for pdf, first, last in zip(states, edges, edges[1:], strict=False):
                labels[max(first, 0) : max(last, 0)] = pdf
        return labels

    def stretched(self, percent: int) -> "Utterance":
        """Slower and lower (above 100) or faster and higher (below), by resampling."""
        factor = percent / 100
        moved = [Segment(s.phone, s.start * factor, s.end * factor) for s in self.segments]
        return Utterance(resample_poly(self.samples, percent, 100).astype(np.float32), moved)


class Synthesiser:
    """Speaks toned syllables and aligns their phones from espeak's events."""

    def __init__(self, data_folder: Path | None = None) -> None:
        self._espeak = Espeak(data_folder)

    def phrase(self, syllables: list[str], voice: Voice) -> Utterance | None:
        """Syllables without a pause; None when espeak's events do not fit the syllables."""
        sound, events = self._espeak.speak(
            " ".join(syllables),
            voice.variant,
            rate=voice.rate,
            pitch=voice.pitch,
            pitch_range=voice.pitch_range,
        )
        aligned = _align(syllables, events)
        if not aligned or aligned[-1][2] > len(sound) or any(end <= start for _, start, end in aligned):
            return None
        rate = self._espeak.rate
        sound = sound[: aligned[-1][2] + int(0.03 * rate)].astype(np.float32)
        samples = resample_poly(sound, SAMPLE_RATE // 50, rate // 50)
        return Utterance(samples, [Segment(phone, a / rate, b / rate) for phone, a, b in aligned])

    def utterance(self, phrases: list[list[str]], voice: Voice, draw: random.Random) -> Utterance | None:
        """Phrases with 0.1 to 0.5 s of silence before each, and 0.15 to 0.6 s at the end."""
        parts: list[np.ndarray] = []
        segments: list[Segment] = []
        now = 0.0
        for phrase in phrases:
            silence = np.zeros(int(draw.uniform(0.1, 0.5) * SAMPLE_RATE), np.float32)
            spoken = self.phrase(phrase, voice)
            if spoken is None:
                return None
            parts += [silence, spoken.samples]
            segments.append(Segment(SILENCE, now, now + len(silence) / SAMPLE_RATE))
            now += len(silence) / SAMPLE_RATE
            segments += [Segment(s.phone, s.start + now, s.end + now) for s in spoken.segments]
            now += len(spoken.samples) / SAMPLE_RATE
        parts.append(np.zeros(int(draw.uniform(0.15, 0.6) * SAMPLE_RATE), np.float32))
        return Utterance(np.concatenate(parts).astype(np.float32), segments)


def _align(syllables: list[str], events: list[Phoneme]) -> list[tuple[str, int, int]] | None:
    """(phone, start, end) in samples. A syllable ends at the first pause after its last phoneme; its
    initial ends where the second phoneme begins."""
    by_position: dict[int, list[Phoneme]] = {}
    for event in events:
        by_position.setdefault(event.text_position, []).append(event)
    aligned: list[tuple[str, int, int]] = []
    position, previous_end = 1, 0
    for syllable in syllables:
        group = by_position.get(position, [])
        position += len(syllable) + 1
        sounds = [e for e in group if e.name and not e.name.startswith(("_", "("))]
        pauses = [e.sample for e in group if sounds and e.name.startswith("_") and e.sample >= sounds[-1].sample]
        if not pauses:
            return None
        names = phones(syllable)
        if len(names) == 2:
            if len(sounds) < 2:
                return None
            middle = sounds[1].sample
            aligned += [(names[0], previous_end, middle), (names[1], middle, pauses[0])]
        else:
            aligned.append((names[0], previous_end, pauses[0]))
        previous_end = pauses[0]
    return aligned
