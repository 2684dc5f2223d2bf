"""Reads a sentence against the question that was just asked, before anything else is made of it.

`AnswerReader` stands first in the pipeline: it finds the answer and takes it out of the text (commas keep every other
character in its place), so that what comes after it sees only what else was said. `AnswerWeigher` stands last: where
nothing else was said, or nothing that is a matter of its own, the answer decides the intent."""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.sound.answers.asked import Read, read_answer
from bot.sound.answers.grammar import blanked
from nlu.acts import ACT
from nlu.component import Component

#: the answer, in a message's output: {"value", "probability", "more"}
ANSWER = "answer"
#: in a message's data, between the two components: what was read, and the text with the answer in it
READ = "read"
_SAID = "said"
#: what an answer is to the rules
_INTENTS = {"yes": "affirm", "no": "deny"}
_OTHERWISE = "inform"


def open_question(tracker: DialogueStateTracker) -> str:
    """The name of the question that is open; "" when nothing was asked."""
    return str(tracker.get_slot("question") or "")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class AnswerReader(Component):
    """An answer that is surer than `sure` is taken out of the text; what it is stays with the message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"sure": 0.75}

    def process(self, messages: list[Message], tracker: DialogueStateTracker) -> list[Message]:
        """A dialogue that has not begun has asked nothing."""
        question = open_question(tracker)
        for message in messages:
            text = message.get(TEXT)
            if not text:
                continue
            found = read_answer(question, text)
            if found is None:
                continue
            if not found.instead:
                answer = {"value": found.value, "probability": round(found.probability, 4), "more": found.more}
                message.set(ANSWER, answer, add_to_output=True)
            if found.probability >= self._config["sure"]:
                message.set(READ, found)
                message.set(_SAID, text)
                message.set(TEXT, found.instead or blanked(text, found.stretches))
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class AnswerWeigher(Component):
    """Decides between the answer and what else was said. `aside` are the intents that are no matter of their own; any other
    has to be as sure as `surer`, because who is asked something answers it."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"surer": 0.8, "aside": ["inform", "affirm", "deny", "nlu_fallback", "greet", "out_of_scope"]}

    def process(self, messages: list[Message]) -> list[Message]:
        """Puts the text back, and the intent of an answer where the answer decides."""
        for message in messages:
            found: Read | None = message.get(READ)
            if found is None:
                continue
            message.set(TEXT, message.get(_SAID))
            rest = message.get(INTENT) or {}
            sure = float(rest.get(PREDICTED_CONFIDENCE_KEY) or 0.0) >= self._config["surer"]
            if found.instead or (found.more and sure and rest.get(INTENT_NAME_KEY) not in self._config["aside"]):
                continue
            intent = {
                INTENT_NAME_KEY: _INTENTS.get(found.value, _OTHERWISE),
                PREDICTED_CONFIDENCE_KEY: found.probability,
            }
            ranking = [one for one in message.get(INTENT_RANKING_KEY) or [] if one["name"] != intent["name"]]
            message.set(INTENT, intent, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [intent, *ranking], add_to_output=True)
            message.set(ACT, {"name": intent["name"], "confidence": found.probability}, add_to_output=True)
        return messages
