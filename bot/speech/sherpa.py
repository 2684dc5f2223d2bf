"""Models of other makers behind the port of the ears: sherpa-onnx, for what is decoded when a turn is over.

An extra (`uv sync --extra sherpa`). Which models: layouts.py, docs/speech.md. There is one reading only, so nobody
disagrees with it; transducers say how sure they are. What hears while somebody speaks is in sherpa_streaming.py."""

from __future__ import annotations

import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from bot.speech.in_order import in_order, unknown_share
from bot.speech.layouts import LONGEST_S
from bot.speech.models import SpeechModel
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, Recogniser, RecogniserFailed
from bot.speech.sherpa_model import RATE, Sherpa, sure
from bot.speech.sherpa_streaming import StreamingRecogniser
from bot.speech.whisper_doubts import Said, doubtful, speech_seconds

#: a turn that is too long for a model is cut at its quietest moment of so much, in the last part of what fits
_QUIET_S = 0.1
_LAST_PART = 0.3


def make_sherpa(model: SpeechModel, threads: int = 2, threads_a_turn: int = 1) -> Recogniser:
    """The recogniser for a model of sherpa-onnx; blocks. `threads`: turns at once. Raises ModelMissing."""
    streaming = model.layout is not None and model.layout.streaming
    return (StreamingRecogniser if streaming else SherpaRecogniser)(model, threads, threads_a_turn)


class SherpaRecogniser:
    """One model for all calls; a turn is decoded when it is over, in threads that let sound pass."""

    def __init__(self, model: SpeechModel, threads: int = 2, threads_a_turn: int = 1) -> None:
        """Load the model. Raises ModelMissing."""
        self.sherpa = Sherpa(model, threads, threads_a_turn)
        self.model = model

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> SherpaSession:
        return SherpaSession(self.sherpa, sample_rate, likely)

    async def close(self) -> None:
        self.sherpa.close()


class SherpaSession:
    """One utterance: kept until it is over."""

    def __init__(self, sherpa: Sherpa, sample_rate: int, likely: Likely) -> None:
        self._sherpa, self._rate, self._likely = sherpa, sample_rate, likely
        self._sound = bytearray()

    async def feed(self, pcm: bytes) -> str:
        if len(self._sound) > LONGEST_S * self._rate * 2:
            raise RecogniserFailed(f"a turn of more than {LONGEST_S:.0f} s")
        self._sound += pcm
        return ""

    async def finish(self) -> HeardSpeech:
        samples = np.frombuffer(bytes(self._sound[: len(self._sound) // 2 * 2]), "<i2")
        seconds, ear = len(samples) / self._rate, self._sherpa.model.name
        if not samples.any():
            return HeardSpeech("", seconds=seconds, ear=ear)  # some models make words of nothing
        text, confidence = await self._sherpa.run(lambda: self._decode(samples))
        return HeardSpeech(
            in_order(text), unknown_share=unknown_share(text), seconds=seconds, ear=ear, confidence=confidence
        )

    def _decode(self, samples: NDArray[np.int16]) -> tuple[str, float]:
        """Text as the model writes it, and how sure it is."""
        sound = samples.astype(np.float32) / 32768
        if self._rate != RATE:
            sound = np.asarray(soxr.resample(sound, self._rate, RATE), np.float32)
        texts: list[str] = []
        probabilities: list[float] = []
        family = self._sherpa.layout.family
        for piece in pieces(sound, family.longest_s):
            spoken_s = speech_seconds(piece, RATE) if family.generates else 0.0
            if family.generates and not spoken_s:
                continue
            result = self._result(piece)
            text = str(result.text)
            if family.generates and self._invented(text, spoken_s):
                continue
            texts.append(text)
            probabilities += result.ys_log_probs
        return " ".join(texts), sure(probabilities)

    def _result(self, piece: NDArray[np.float32]) -> Any:
        hot_words = self._sherpa.hot_words
        favoured, prompt = hot_words.for_a_stream(self._likely), hot_words.for_a_prompt(self._likely)
        stream = self._sherpa.recogniser.create_stream(*([favoured] if favoured else []))
        if prompt:
            stream.set_option("hotwords", prompt)
        for option, value in self._sherpa.layout.family.stream_options.items():
            stream.set_option(option, value)
        stream.accept_waveform(RATE, piece)
        self._sherpa.recogniser.decode_stream(stream)
        return stream.result

    def _invented(self, text: str, spoken_s: float) -> bool:
        """Whether a text repeats itself, is too long for what was spoken, or is what the model was told beforehand."""
        whole = text.encode()
        repeats = len(whole) / len(zlib.compress(whole))
        told = self._sherpa.hot_words.for_a_prompt(self._likely) or ""
        return doubtful(Said(text, spoken_s, 0.0, 0.0, repeats), told)


def pieces(sound: NDArray[np.float32], longest_s: float) -> list[NDArray[np.float32]]:
    """16 kHz sound in pieces that a model hears at once, cut where it is quiet."""
    longest, step = int(longest_s * RATE), int(_QUIET_S * RATE)
    cuts = [0]
    while len(sound) - cuts[-1] > longest:
        start = cuts[-1] + int(longest * (1 - _LAST_PART))
        part = sound[start : cuts[-1] + longest]
        energy = np.square(part[: len(part) // step * step]).reshape(-1, step).sum(axis=1)
        cuts.append(start + int(energy.argmin()) * step + step // 2)
    return [sound[begin:stop] for begin, stop in pairwise([*cuts, len(sound)])]
