"""What a line sounds like: its own noise, which is measured from the first second on, and whether what stands out of it is a voice.

A voice changes its spectrum all the time, and its harmonics move; what is steady (rain, an engine), what rustles (a bad contact)
and what stands (tones, strings, music) does not. Measured on 22 people and on made sounds: docs/decisions/0040-the-ear-on-the-line.md."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.speech.activity import FRAME_S, VoiceActivity

#: a line's noise is the quietest it was within so many seconds, told in parts of so many
_FLOOR_S, _PART_S = 2.0, 0.25
#: speech stands so far above the noise (factor of the loudness: 3 dB)
_ABOVE = 1.4
#: where voices are (Hz), in so many bands; lines are looked for in a longer window, in which a voice does not hold still
_BAND_HZ, _BANDS = (250.0, 3400.0), 17
_LINES_HZ, _LINES_S = (300.0, 3300.0), 0.128
#: the bands' change is taken over so many frames; what is quieter than this (power) does not count
_LAG, _SMALL = 3, 100.0
#: judged over so much sound (frames), and not before so much has been heard
_JUDGED, _LEAST = 40, 18
#: a voice changes by this (dB a band) at least
_CHANGE_DB = 2.8
#: in a quarter of its moments less than this share of it stands; the less has been heard, the surer it has to be (by moments of 40 ms)
_STANDS, _STANDS_AT_ONCE, _SURER = 0.5, 0.85, 0.014
#: a line stands out of its neighbours (so many to each side) by this factor of power
_NEIGHBOURS, _STANDS_OUT = 12, 4.0
#: after so much silence (s) the next sound is another
_ANOTHER_S = 0.5

Spectrum = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """20 ms of a line. `loudness`: RMS of int16; `speech`: somebody may speak, above the noise; `voice`: whether it is a voice, by the
    last second of sound; None while too little was heard."""

    loudness: float
    speech: bool
    voice: bool | None


def loudness_of(samples: Spectrum) -> float:
    """RMS."""
    return float(np.sqrt(np.dot(samples, samples) / max(1, len(samples))))


class LineSound:
    """One line, frame after frame; numbers of frames are those of 20 ms."""

    def __init__(self, rate: int) -> None:
        """`rate`: 8000 or 16000 Hz."""
        self._activity = VoiceActivity(rate)
        self.frame_bytes = self._activity.frame_bytes
        self._floors: deque[float] = deque(maxlen=int(_FLOOR_S / _PART_S))
        self._part, self._part_frames = float("inf"), 0
        self._lately: deque[float] = deque(maxlen=_LAG)
        self._voicing = _Voicing(rate)

    @property
    def noise(self) -> float:
        """Loudness of the line when nobody speaks (RMS); 0 before it is known."""
        return min(self._floors, default=0.0)

    def hear(self, frame: bytes, *, judge: bool = True) -> Frame:
        """One frame of `frame_bytes` bytes, int16 little-endian mono. `judge`: whether anybody asks what kind of sound it is,
        which costs three times as much as to hear that there is one."""
        samples = np.frombuffer(frame, "<i2").astype(np.float64)
        loudness = loudness_of(samples)
        self._measure(loudness)
        speech = loudness >= self.noise * _ABOVE and self._activity.is_speech(frame)
        return Frame(loudness, speech, self._voicing.hear(samples, speech) if judge else None)

    def _measure(self, loudness: float) -> None:
        self._lately.append(loudness)
        self._part = min(self._part, sum(self._lately) / len(self._lately))
        self._part_frames += 1
        if self._part_frames >= int(_PART_S / FRAME_S):
            self._floors.append(self._part)
            self._part, self._part_frames = float("inf"), 0


class _Voicing:
    """Whether the last second of sound is a voice."""

    def __init__(self, rate: int) -> None:
        self._sound = np.zeros(int(rate * _LINES_S))
        self._bands = _Bands(rate, 2 * int(rate * FRAME_S))
        self._lines = _Lines(rate, len(self._sound))
        self._spectra: deque[Spectrum] = deque(maxlen=_LAG + 1)
        self._changes: deque[float] = deque(maxlen=_JUDGED)
        self._standing: deque[float] = deque(maxlen=_JUDGED)
        self._silent = 0.0
        #: frames of sound without a stop, and how many fill the longer window
        self._run, self._full = 0, int(_LINES_S / FRAME_S)

    def hear(self, samples: Spectrum, speech: bool) -> bool | None:
        self._sound = np.concatenate([self._sound[len(samples) :], samples])
        if not speech:
            self._silent += FRAME_S
            self._run = 0
            self._spectra.clear()
            if self._silent >= _ANOTHER_S:
                self._changes.clear()
                self._standing.clear()
        else:
            self._silent = 0.0
            self._spectra.append(self._bands.of(self._sound[-self._bands.size :]))
            if len(self._spectra) > _LAG:
                change = self._spectra[-1] - self._spectra[0]
                self._changes.append(float(np.sqrt(np.mean((change - change.mean()) ** 2))))
            # Every other frame, once the window is full of this sound.
            self._run += 1
            if self._run >= self._full and self._run % 2 == 0:
                self._standing.append(self._lines.share(self._sound))
        if len(self._changes) + _LAG < _LEAST or not self._standing:
            return None
        changes = sum(self._changes) / len(self._changes)
        may_stand = max(_STANDS, _STANDS_AT_ONCE - _SURER * len(self._standing))
        return changes >= _CHANGE_DB and _quarter(self._standing) < may_stand


def _quarter(values: Collection[float]) -> float:
    """What a quarter of them lies below, between two of them in proportion. In a storm of calls numpy's own took a tenth of the
    event loop's time."""
    ordered = sorted(values)
    below, part = divmod((len(ordered) - 1) * 0.25, 1.0)
    first, second = ordered[int(below)], ordered[min(int(below) + 1, len(ordered) - 1)]
    return first + (second - first) * part


class _Bands:
    """The level of each band (dB)."""

    def __init__(self, rate: int, size: int) -> None:
        self.size = size
        self._window = np.hanning(size)
        edges = np.linspace(*_BAND_HZ, _BANDS + 1) * size / rate
        self._starts = np.round(edges).astype(int)
        self._widths = np.diff(self._starts)

    def of(self, samples: Spectrum) -> Spectrum:
        power = np.abs(np.fft.rfft(samples * self._window)) ** 2
        sums = np.add.reduceat(power[: self._starts[-1]], self._starts[:-1])
        return np.asarray(10 * np.log10(sums / self._widths + _SMALL))


class _Lines:
    """How much of a sound are tones that stand."""

    def __init__(self, rate: int, size: int) -> None:
        self._window = np.hanning(size)
        self._first, self._last = (int(hertz * size / rate) for hertz in _LINES_HZ)
        # High harmonics move most when a voice does, and are the weakest: each octave counts alike.
        self._weights = (np.arange(self._first, self._last) / self._first) ** 2

    def share(self, samples: Spectrum) -> float:
        """0 to 1."""
        power = np.abs(np.fft.rfft(samples * self._window))[self._first : self._last] ** 2 * self._weights + _SMALL
        padded = np.cumsum(np.pad(power, (_NEIGHBOURS + 1, _NEIGHBOURS)))
        around = (padded[2 * _NEIGHBOURS + 1 :] - padded[: -2 * _NEIGHBOURS - 1]) / (2 * _NEIGHBOURS + 1)
        lines = power > _STANDS_OUT * around
        lines[1:] |= lines[:-1].copy()
        lines[:-1] |= lines[1:].copy()
        return float(power[lines].sum() / power.sum())
