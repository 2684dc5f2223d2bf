"""The greeting in Chongyang's sounds, offered to the managers as an experiment."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot.foundation.errors import Refused
from bot.settings import Settings
from bot.speech.audio import wav_bytes
from bot.speech.chongyang import words_here, written_here
from bot.speech.kokoro import RATE, Kokoro, voices
from bot.speech.kokoro_voice import USUAL_VOICE, speed_of
from bot.speech.proposals import Proposals
from bot.speech.reading import sentences
from bot.speech.studio_take import RATE as KEPT_RATE
from bot.speech.studio_take import accept
from bot.speech.voice_of import rate_of
from bot.voice.prompts import prompts


def offer_greeting(settings: Settings, voice: str = "") -> list[str]:
    """The greeting's sentences that were offered now: not those that are recorded, or were thrown away before. `voice`: one of
    Kokoro's; the one that speaks here where it is one of them. Raises KokoroMissing, Refused for an unknown voice."""
    kind, _, named = settings.speech.voice.partition(":")
    speaker = voice or (named if kind == "kokoro" and named else USUAL_VOICE)
    if speaker not in voices():
        raise Refused(f"Kokoro has no voice {speaker!r}; it has {', '.join(voices())}")
    shelf = Proposals(Path(settings.home) / "prompts")
    wanted = [sentence for sentence in sentences(prompts().greeting) if shelf.open_to(sentence)]
    if not wanted:
        return []
    kokoro = Kokoro()
    for sentence in wanted:
        sound = kokoro.speak(words_here(sentence), speaker, speed_of(rate_of(settings)), written_here).samples
        take = wav_bytes((np.clip(sound, -1, 1) * 32767).astype(np.int16), RATE)
        shelf.offer(sentence, accept(take, settings.prompts.loudness, settings.prompts.longest_s), KEPT_RATE)
    return wanted
