"""The recogniser for a model folder, whoever made the model."""

from __future__ import annotations

from collections.abc import Iterable

from bot.settings import Settings
from bot.speech.models import in_use
from bot.speech.phrases import phrases_by_question
from bot.speech.port import Recogniser
from bot.speech.recognise import VoskRecogniser
from bot.speech.sherpa import make_sherpa


def make_recogniser(
    settings: Settings, threads: int | None = None, alternatives: int | None = None, communities: Iterable[str] = ()
) -> Recogniser:
    """Load the model that the settings choose (bot.speech.models.in_use), and tell it what is likely to be answered, the
    site's `communities` among it; blocks. Raises ModelMissing."""
    model, speech = in_use(settings), settings.speech
    if model.engine == "sherpa":
        return make_sherpa(model, threads or speech.threads, speech.threads_a_turn)
    phrases = phrases_by_question(communities)
    return VoskRecogniser(model.path, threads or speech.threads, alternatives or speech.alternatives, phrases)
