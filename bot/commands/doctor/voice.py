"""Who speaks: one real sentence by the voice that the settings choose, and how fast it is made."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from bot.foundation.errors import GegeError
from bot.settings import Settings
from bot.speech.audio import Sound
from bot.speech.engine import Engine, Sentence, VoiceFailed
from bot.speech.espeak import EspeakProcess
from bot.speech.speakers import check_sound
from bot.speech.voice_of import chosen, make_engine, rate_of
from bot.voice.prompts import prompts

#: slower than this (seconds for a second of speech), what is not ready beforehand is late on the telephone
_SLOW = 1.0


def check_voice(settings: Settings) -> tuple[bool, str, str]:
    """(somebody speaks, what was found, what to do; empty when nothing has to be done)."""
    why = ""
    try:
        engine = make_engine(settings)
        sound, took = asyncio.run(_spoken(engine))
    except GegeError as problem:
        if chosen(settings) == "espeak":
            return False, str(problem), "make setup"
        why = str(problem)
    else:
        detail = f"{engine.name}: {sound.seconds:.1f} s of speech in {took:.1f} s"
        if not engine.quick:
            detail += "; what is said to everybody is spoken beforehand (gege voice)"
        if took > _SLOW * sound.seconds:
            return True, f"{detail}: slow", 'a faster machine, or [speech] voice = "espeak", or recordings (/studio)'
        return True, detail, ""
    try:
        asyncio.run(_spoken(EspeakProcess(rate_of(settings))))
    except VoiceFailed as problem:
        return False, f"{why}; and {problem}", "make setup"
    return (
        True,
        f"espeak-ng speaks, not {chosen(settings)}: {why}",
        "correct [speech] voice, or what it needs (docs/speech.md)",
    )


async def _spoken(engine: Engine) -> tuple[Sound, float]:
    """A sentence that every caller hears, and the seconds that it took once the engine was there. Raises VoiceFailed."""
    sentence = Sentence.of(prompts().message_kept)
    try:
        await engine.start()
        began = time.monotonic()
        sound = await engine.speak(sentence)
        took = time.monotonic() - began
    finally:
        await engine.close()
    check_sound(sound, sentence)
    loud = np.count_nonzero(np.abs(sound.samples.astype(np.int32)) > 100) / sound.rate
    if loud < 0.05:
        raise VoiceFailed(f"{engine.name} makes no sound")
    return sound, took
