"""How loud, how long, how fast: sound measured and brought into shape; numpy in, numpy out."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bot.speech.audio import Samples

_BLOCK_S = 0.05
#: blocks below this (dBFS) are silence whatever surrounds them, and 10 dB below the rest they are pauses: the two
#: gates of ITU-R BS.1770, without its weighting of frequencies, which telephone sound hardly has
_GATE_DB = -50.0
_RELATIVE_DB = -10.0
#: above this share of full scale peaks are bent instead of cut
_KNEE = 0.7
_CEILING = 0.97
#: nobody's whisper is raised further than this (dB): it would be the room that is heard
_MOST_GAIN_DB = 30.0
#: nearer than this (dB) to what is wished, sound is left alone
_NEAR_DB = 0.3


def loudness(samples: Samples, rate: int) -> float:
    """Mean level of what is spoken, pauses left out, in dBFS (RMS); minus infinity for silence."""
    power = _power(samples, int(_BLOCK_S * rate))
    power = power[power > 10 ** (_GATE_DB / 10)]
    if len(power) == 0:
        return -math.inf
    power = power[power > power.mean() * 10 ** (_RELATIVE_DB / 10)]
    return float(10 * np.log10(power.mean()))


def levelled(samples: Samples, rate: int, wished_db: float) -> Samples:
    """The same sound at this loudness (dBFS); peaks that would not fit are bent softly."""
    gain_db = wished_db - loudness(samples, rate)
    if not math.isfinite(gain_db) or abs(gain_db) < _NEAR_DB:
        return samples
    wide = samples.astype(np.float64) / 32768 * 10 ** (min(gain_db, _MOST_GAIN_DB) / 20)
    size = np.abs(wide)
    room = _CEILING - _KNEE
    bent = np.sign(wide) * (_KNEE + room * np.tanh((size - _KNEE) / room))
    return np.asarray(np.where(size > _KNEE, bent, wide) * 32768, dtype=np.int16)


def trimmed(samples: Samples, rate: int, before_s: float = 0.03, after_s: float = 0.06) -> Samples:
    """Without the silence at both ends; a little is left, so that no soft initial or final is lost."""
    size = int(0.01 * rate)
    power = _power(samples, size)
    if len(power) == 0:
        return samples
    level = 10 * np.log10(np.maximum(power, 1e-12))
    # A room is never quite silent: its own noise, told by the quietest tenth, does not count as speech.
    floor = float(np.percentile(level, 10)) + 8
    loud = np.flatnonzero(level > min(max(_GATE_DB, float(level.max()) - 35, floor), float(level.max()) - 12))
    if len(loud) == 0:
        return samples
    first = max(0, loud[0] * size - int(before_s * rate))
    last = min(len(samples), (loud[-1] + 1) * size + int(after_s * rate))
    return samples[first:last]


def stretched(samples: Samples, rate: int, speed: float) -> Samples:
    """Slower (speed below 1) or faster at the same pitch: overlapping pieces, each taken where it continues the last
    one best (WSOLA, Verhelst and Roelands 1993)."""
    size = int(0.03 * rate) // 2 * 2
    step, reach = size // 2, size // 4
    if abs(speed - 1) < 0.01 or len(samples) < 2 * size:
        return samples
    wide = np.concatenate([samples.astype(np.float64), np.zeros(size + 2 * reach)])
    count = int(len(samples) / speed / step)
    window = np.hanning(size + 1)[:size]
    out = np.zeros((count + 1) * step + size)
    weight = np.zeros_like(out)
    at = 0
    for number in range(count):
        if number:
            natural = wide[at + step : at + step + size]
            wished = int(number * step * speed)
            first = max(0, wished - reach)
            room = wide[first : first + size + 2 * reach]
            if len(room) < size or len(natural) < size:
                break
            at = first + int(np.argmax(np.correlate(room, natural, "valid")))
        out[number * step : number * step + size] += wide[at : at + size] * window
        weight[number * step : number * step + size] += window
    out = out[: int(len(samples) / speed)] / np.maximum(weight[: int(len(samples) / speed)], 0.1)
    return np.clip(out, -32768, 32767).astype(np.int16)


def faded(samples: Samples, rate: int, seconds: float = 0.008) -> Samples:
    """Both ends come from and go to zero, so that what is joined to them does not click."""
    length = min(int(seconds * rate), len(samples) // 2)
    if length == 0:
        return samples
    ramp = np.linspace(0.0, 1.0, length)
    out = samples.astype(np.float64)
    out[:length] *= ramp
    out[len(out) - length :] *= ramp[::-1]
    return np.asarray(out, dtype=np.int16)


def _power(samples: Samples, size: int) -> npt.NDArray[np.float64]:
    """Mean square of each block, 1 = full scale; a short sound is one block."""
    wide = samples.astype(np.float64) / 32768
    if len(wide) < size:
        return np.array([np.mean(wide**2)]) if len(wide) else np.zeros(0)
    blocks = wide[: len(wide) // size * size].reshape(-1, size)
    return np.asarray(np.mean(blocks**2, axis=1))
