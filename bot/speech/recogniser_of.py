"""The recogniser for a model folder, whoever made the model."""

from __future__ import annotations

from collections.abc import Iterable

from bot.settings import Settings
from bot.speech.models import in_use
from bot.speech.phrases import phrases_by_question
from bot.speech.port import Recogniser
from bot.speech.recognise import VoskRecogniser
from bot.speech.sherpa import SherpaRecogniser
from bot.speech.whisper import WhisperRecogniser


def make_recogniser(
    settings: Settings, threads: int | None = None, alternatives: int | None = None, communities: Iterable[str] = ()
) -> Recogniser:
    """Load the model that the settings choose (bot.speech.models.in_use), and tell it what is likely to be answered, the
    site's `communities` among it; blocks. Raises ModelMissing."""
    model, speech = in_use(settings), settings.speech
    if model.engine == "sherpa":
        return SherpaRecogniser(model.path, threads or speech.threads)
    if model.engine == "whisper":
        turns, readings = threads or speech.threads, alternatives or speech.alternatives
        return WhisperRecogniser(model.path, turns, speech.threads_a_turn, readings)
    phrases = phrases_by_question(communities)
    return VoskRecogniser(model.path, threads or speech.threads, alternatives or speech.alternatives, phrases)
