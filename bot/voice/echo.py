"""Whether what comes from a line is Gege's own voice: how closely its loudness follows what was just sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from bot.sound.alignment import where
from bot.sound.channel import Channel
from bot.sound.heard import Heard
from bot.sound.site import channel as site_channel
from bot.speech.activity import FRAME_S

#: an echo comes back within this (s)
_LATEST_S = 0.7
#: a turn of the longest kind, and what comes before it (s)
_KEPT_S = 65.0
#: loudness is compared in steps of so many frames
_SMOOTH = 3
#: the way of her echo is learned every half second, from so many frames
_LEARN, _LEARNT_FROM = 25, 50
#: no line sends her back louder than this
_LOUDEST = 0.7
_SILENT = 1.0
#: an echo follows what was sent like this at least; other voices reach 0.67 by chance (tests/voice/test_caller_voice.py)
FOLLOWS = 0.8
#: so much is enough where the words are Gege's too
_SUSPECT = 0.6
#: a word of so many syllables fits some delay or other by chance: it has to follow like this
_SHORT, _SHORT_FOLLOWS = 2, 0.92
#: what each character tells of the one that Gege said (nats): the same sound, or nearly
_SAME = 3.0


class EchoMeter:
    """Told of the loudness of every frame (20 ms) that was sent, and of every one that was heard."""

    def __init__(self) -> None:
        most = int(_KEPT_S / FRAME_S)
        self._sent: deque[float] = deque(maxlen=most)
        #: (loudness, by how many frames what was sent is ahead of what was heard)
        self._heard: deque[tuple[float, int]] = deque(maxlen=most)
        self._sent_count = self._heard_count = 0
        #: how the line sends her back, once it has been heard: (frames late, factor of the loudness)
        self._path: tuple[int, float] | None = None

    @property
    def gain(self) -> float:
        """How loud her echo is beside what was sent; 0 while none has been heard."""
        return self._path[1] if self._path else 0.0

    def sent(self, loudness: float) -> None:
        self._sent.append(loudness)
        self._sent_count += 1

    def heard(self, loudness: float) -> None:
        self._heard_count += 1
        self._heard.append((loudness, self._sent_count - self._heard_count))
        if self._heard_count % _LEARN == 0:
            self._learn()

    @property
    def expected(self) -> float:
        """How loud her echo may be in the last frame that was heard (RMS); whoever is much louder is somebody else."""
        if self._path is None:
            return 0.0
        late, gain = self._path
        ahead = min(ahead for _, ahead in islice(reversed(self._heard), _LEARN))
        # Counted from the newest frame that was sent.
        newest = self._sent_count - self._heard_count - ahead + late
        around = range(newest - _SMOOTH, newest + _SMOOTH + 1)
        return gain * max((self._sent[-1 - back] for back in around if 0 <= back < len(self._sent)), default=0.0)

    def _learn(self) -> None:
        closely, late, gain = self._compared(_LEARNT_FROM)
        if closely >= FOLLOWS and 0.0 < gain < _LOUDEST:
            self._path = (late, gain if self._path is None else max(gain, (self._path[1] + gain) / 2))

    def follows(self, frames: int) -> float:
        """How closely the last frames that were heard follow what was sent, at the delay that fits best: 1 for an echo,
        about 0 for somebody who speaks by himself."""
        return self._compared(frames)[0]

    def _compared(self, frames: int) -> tuple[float, int, float]:
        """(how closely, frames late, factor of the loudness)."""
        frames = min(frames, len(self._heard))
        if frames < _SMOOTH or not self._sent:
            return 0.0, 0, 0.0
        last = [self._heard[place] for place in range(len(self._heard) - frames, len(self._heard))]
        heard = _smooth(np.array([loudness for loudness, _ in last]))
        # Whoever lags behind in listening sees more sent than there was: the smallest lead is the true one.
        lead = min(ahead for _, ahead in last)
        first = self._heard_count - frames + lead - (self._sent_count - len(self._sent))
        delays = np.arange(-_SMOOTH, int(_LATEST_S / FRAME_S))
        places = first + np.arange(frames)[None] - delays[:, None]
        there = (places >= 0) & (places < len(self._sent))
        # Of all that was sent only what may be heard now is looked at, and what its smoothing touches.
        start = min(max(0, int(places.min()) - _SMOOTH), len(self._sent) - 1)
        stop = max(start + 1, int(places.max()) + 1 + _SMOOTH)
        sent = _smooth(np.array(list(islice(self._sent, start, stop))))
        shifted = np.where(there, sent[np.clip(places - start, 0, len(sent) - 1)], 0.0)
        loud = np.sqrt((heard**2).mean()), np.sqrt((shifted**2).mean(1))
        shifted = shifted - shifted.mean(1, keepdims=True)
        heard = heard - heard.mean()
        norms = np.sqrt((shifted**2).sum(1) * (heard**2).sum())
        enough = norms > _SILENT * frames
        closely = np.where(enough, shifted @ heard, 0.0) / np.where(enough, norms, 1.0)
        best = int(np.argmax(closely))
        return float(closely[best]), int(delays[best]), float(loud[0] / max(_SILENT, loud[1][best]))


def _smooth(loudness: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.convolve(loudness, np.ones(_SMOOTH) / _SMOOTH, "same")


def is_echo(follows: float, text: str, said: Sequence[str], channel: Channel | None = None) -> bool:
    """Whether a turn is what Gege said: its sound follows hers, or nearly so and its words are hers as well.

    对 after 对不对 is the caller's answer: what is short has to be told by its sound alone, and more surely."""
    if len(Heard(text).symbols) <= _SHORT:
        return follows >= _SHORT_FOLLOWS
    return follows >= FOLLOWS or (follows >= _SUSPECT and repeats(text, said, channel))


def repeats(text: str, said: Sequence[str], channel: Channel | None = None) -> bool:
    """Whether a text stands in one of these sentences, to the ear."""
    symbols = Heard(text).symbols
    if not symbols:
        return False
    through = channel or site_channel()
    return any(where(Heard(one), symbols, through).gain >= _SAME * len(symbols) for one in said)
