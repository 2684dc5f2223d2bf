"""Models of sherpa-onnx that hear while somebody speaks, behind the port of the ears.

What has been understood so far comes back from `feed`: patience and barge-in read it. When a turn ends is not decided
here (bot/voice/turn.py); the model's own end of speech is switched off."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from bot.speech.in_order import in_order, unknown_share
from bot.speech.models import SpeechModel
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, RecogniserFailed
from bot.speech.sherpa_model import Sherpa, end, sure
from bot.speech.whole_turn import LONGEST_S, RATE

#: the model is given so much sound at once; smaller steps cost thread switches, larger ones latency
_STEP_S = 0.1


class StreamingRecogniser:
    """One model for all calls; each turn has a stream of its own in it."""

    def __init__(self, model: SpeechModel, threads: int = 2, threads_a_turn: int = 1) -> None:
        """Load the model. Raises ModelMissing."""
        self.sherpa = Sherpa(model, threads, threads_a_turn)
        self.model = model

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> StreamingSession:
        return StreamingSession(self.sherpa, sample_rate, likely)

    async def close(self) -> None:
        self.sherpa.close()


class StreamingSession:
    """One utterance, decoded as it comes."""

    def __init__(self, sherpa: Sherpa, sample_rate: int, likely: Likely) -> None:
        self._sherpa, self._rate = sherpa, sample_rate
        self._favoured = sherpa.hot_words.for_a_stream(likely)
        self._resampler = (
            None if sample_rate == RATE else soxr.ResampleStream(sample_rate, RATE, 1, dtype="float32", quality="HQ")
        )
        self._lock = threading.Lock()
        self._stream: Any = None
        self._waiting = bytearray()
        self._samples = 0
        self._partial = ""
        #: anything but zeros has come: some models make words of nothing
        self._sounded = False

    async def feed(self, pcm: bytes) -> str:
        if self._samples > LONGEST_S * self._rate:
            raise RecogniserFailed(f"a turn of more than {LONGEST_S:.0f} s")
        self._waiting += pcm
        self._samples += len(pcm) // 2
        if len(self._waiting) < int(_STEP_S * self._rate) * 2:
            return self._partial
        samples = self._take()
        await self._sherpa.run(lambda: self._accept(samples))
        return self._partial

    async def finish(self) -> HeardSpeech:
        samples = self._take()
        seconds, ear = self._samples / self._rate, self._sherpa.model.name
        text, confidence = await self._sherpa.run(lambda: self._end(samples))
        if not self._sounded:
            return HeardSpeech("", seconds=seconds, ear=ear)
        return HeardSpeech(
            in_order(text), unknown_share=unknown_share(text), seconds=seconds, ear=ear, confidence=confidence
        )

    def _take(self) -> NDArray[np.int16]:
        whole = len(self._waiting) // 2 * 2
        samples = np.frombuffer(bytes(self._waiting[:whole]), "<i2")
        del self._waiting[:whole]
        return samples

    def _accept(self, samples: NDArray[np.int16], last: bool = False) -> None:
        with self._lock:
            self._sounded = self._sounded or bool(samples.any())
            recogniser = self._sherpa.recogniser
            if self._stream is None:
                self._stream = recogniser.create_stream(*([self._favoured] if self._favoured else []))
            sound = samples.astype(np.float32) / 32768
            if self._resampler is not None:
                sound = np.asarray(self._resampler.resample_chunk(sound, last=last), np.float32)
            if len(sound):
                self._stream.accept_waveform(RATE, sound)
            while recogniser.is_ready(self._stream):
                recogniser.decode_stream(self._stream)
            if self._sounded:
                self._partial = in_order(recogniser.get_result(self._stream))

    def _end(self, samples: NDArray[np.int16]) -> tuple[str, float]:
        """Text as the model writes it, and how sure it is."""
        self._accept(samples, last=True)
        with self._lock:
            recogniser, stream = self._sherpa.recogniser, self._stream
            end(recogniser, stream)
            return str(recogniser.get_result(stream)), sure(recogniser.ys_probs(stream))
