"""Models of other makers behind the port of the ears: sherpa-onnx, for what is decoded when a turn is over.

An extra (`uv sync --extra sherpa`). Which models: layouts.py, docs/speech.md. There is one reading only, so nobody
disagrees with it; transducers say how sure they are. What hears while somebody speaks is in sherpa_streaming.py."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.speech.in_order import in_order, unknown_share
from bot.speech.models import SpeechModel
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, Recogniser
from bot.speech.sherpa_model import Sherpa, sure
from bot.speech.sherpa_streaming import StreamingRecogniser
from bot.speech.whisper_doubts import Said, doubtful, speech_seconds
from bot.speech.whole_turn import RATE, WholeTurn, in_parts

#: a turn that is too long for a model is cut in the last part of what fits
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
        self._sherpa, self._likely = sherpa, likely
        self._turn = WholeTurn(sample_rate)

    async def feed(self, pcm: bytes) -> str:
        self._turn.feed(pcm)
        return ""

    async def finish(self) -> HeardSpeech:
        text, confidence = await self._sherpa.run(self._decode)
        return HeardSpeech(
            in_order(text),
            unknown_share=unknown_share(text),
            seconds=self._turn.seconds,
            ear=self._sherpa.model.name,
            confidence=confidence,
        )

    def _decode(self) -> tuple[str, float]:
        """Text as the model writes it, and how sure it is."""
        sound = self._turn.samples()
        if not sound.any():
            return "", 1.0  # some models make words of nothing
        texts: list[str] = []
        probabilities: list[float] = []
        family = self._sherpa.layout.family
        for piece in in_parts(sound, family.longest_s, _LAST_PART * family.longest_s):
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
