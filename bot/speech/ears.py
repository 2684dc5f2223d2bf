"""The recogniser for a model folder, whoever made the model."""

from __future__ import annotations

from bot.settings import Settings
from bot.speech.models import in_use
from bot.speech.recognise import Recogniser, VoskRecogniser
from bot.speech.sherpa import SherpaRecogniser


def make_recogniser(settings: Settings, threads: int | None = None, alternatives: int | None = None) -> Recogniser:
    """Load the model that the settings choose (bot.speech.models.in_use); blocks. Raises ModelMissing."""
    model, speech = in_use(settings), settings.speech
    if model.engine == "sherpa":
        return SherpaRecogniser(model.path, threads or speech.threads)
    return VoskRecogniser(model.path, threads or speech.threads, alternatives or speech.alternatives)
