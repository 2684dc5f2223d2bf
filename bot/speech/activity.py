"""Voice activity: is somebody speaking in this 20 ms of sound?"""

from __future__ import annotations

import numpy as np
import webrtcvad

FRAME_S = 0.02
#: below this RMS (int16) a line is silent, whatever the detector thinks of its hiss
_FLOOR = 30.0


class VoiceActivity:
    """WebRTC's detector with a floor; `strictness` 0 (hears everything) to 3 (only clear speech)."""

    def __init__(self, rate: int, strictness: int = 2) -> None:
        """`rate`: 8000 or 16000 Hz."""
        self._rate = rate
        self._detector = webrtcvad.Vad(strictness)
        self.frame_bytes = int(rate * FRAME_S) * 2
        self._silence = bytes(self.frame_bytes)

    def is_speech(self, frame: bytes) -> bool:
        """One frame of `frame_bytes` bytes, int16 little-endian mono."""
        if frame == self._silence or not self._detector.is_speech(frame, self._rate):
            return False
        samples = np.frombuffer(frame, dtype="<i2").astype(np.float32)
        return float(np.dot(samples, samples)) >= _FLOOR * _FLOOR * len(samples)
