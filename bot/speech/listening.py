"""An ear is spoken to: one utterance, fed as a call feeds it, and Gege's own voice to say it."""

from __future__ import annotations

import time

from bot.speech.audio import Samples, Sound, resample
from bot.speech.engine import USUAL_RATE, Sentence
from bot.speech.espeak import EspeakProcess
from bot.speech.port import HeardSpeech, Likely, Recogniser

#: as the browser phone has it, and most models (Hz)
RATE = 16_000
#: sound is fed in pieces of this length (s)
_PIECE_S = 0.1


async def listened(
    recogniser: Recogniser, samples: Samples, rate: int, likely: Likely | None = None
) -> tuple[HeardSpeech, float]:
    """One utterance fed as a call feeds it: what was heard, and how long after the last sound (s). Raises RecogniserFailed."""
    session = recogniser.begin(rate, likely or Likely())
    step = int(rate * _PIECE_S)
    over = time.perf_counter()
    for start in range(0, len(samples), step):
        over = time.perf_counter()
        await session.feed(samples[start : start + step].astype("<i2").tobytes())
    return await session.finish(), time.perf_counter() - over


async def spoken(text: str, words_per_minute: int = USUAL_RATE) -> Sound:
    """By Gege's own voice, at RATE. Raises VoiceFailed."""
    engine = EspeakProcess(words_per_minute)
    try:
        sound = await engine.speak(Sentence.of(text))
    finally:
        await engine.close()
    return Sound(resample(sound.samples, sound.rate, RATE), RATE)
