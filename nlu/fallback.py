"""When the service asks instead of acting: a threshold for most intents, another for danger.

Danger that has to say itself twice costs more than a needless alarm, so it is acted on when it is less sure. Both are
computed from what mistakes cost (`gege bench thresholds`)."""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.fallback_classifier import FallbackClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class CostedFallback(FallbackClassifier):
    """Rasa's fallback with thresholds of their own for some intents: `thresholds: {report_hazard: 0.4}`."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**FallbackClassifier.get_default_config(), "thresholds": {}}

    def _should_fallback(self, message: Message) -> bool:
        intent = message.data[INTENT]
        own = self.component_config["thresholds"].get(intent.get(INTENT_NAME_KEY))
        if own is None:
            return bool(super()._should_fallback(message))
        return float(intent.get(PREDICTED_CONFIDENCE_KEY) or 0.0) < own
