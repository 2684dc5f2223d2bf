"""Rasa's policy for Gege: after every sentence the conversation goes on, then Gege listens.

What a turn does is decided where the matters of the call are known (actions/converse.py), by flows that are data
(nlu/flows); a policy that predicts from single intents could not see two matters in one sentence."""

from __future__ import annotations

from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import UserUttered
from rasa.shared.core.trackers import DialogueStateTracker


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=False)
class ConversationPolicy(Policy):
    """Predicts `action` for what a resident said, and `action_listen` after it; nothing is learned."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"priority": 1, "action": "action_converse"}

    def train(self, training_trackers: list[Any], domain: Domain, **kwargs: Any) -> Resource:
        return self._resource

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        last = next((event for event in reversed(tracker.events) if isinstance(event, UserUttered)), None)
        heard = last is not None and tracker.latest_action_name == ACTION_LISTEN_NAME
        predicted = [0.0] * domain.num_actions
        predicted[domain.index_for_action(self.config["action"] if heard else ACTION_LISTEN_NAME)] = 1.0
        return self._prediction(predicted)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> ConversationPolicy:
        return cls(config, model_storage, resource, execution_context)
