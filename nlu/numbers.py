"""Entity extractor for numbers that residents say: 户号, telephone and report numbers, spoken or typed."""

from __future__ import annotations

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.sound.answers.digits import Kind, spelled
from nlu.clauses import whole
from nlu.component import Component


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class NumberEntityExtractor(Component, EntityExtractorMixin):
    """Adds phone, ticket_no and household_no entities; values are plain digits (ticket_no with its GD)."""

    def process(self, messages: list[Message]) -> list[Message]:
        for message in whole(messages):
            text = message.get(TEXT)
            if not text:
                continue
            found = [
                {"entity": str(one.kind), "value": one.value, "start": one.start, "end": one.end}
                for one in spelled(text)
                if one.kind is not Kind.other
            ]
            taken = [(entity["start"], entity["end"]) for entity in found]
            numbers = {str(kind) for kind in Kind}
            kept = [
                entity
                for entity in message.get(ENTITIES, [])
                if entity["entity"] not in numbers
                and not any(entity["start"] < end and start < entity["end"] for start, end in taken)
            ]
            message.set(ENTITIES, kept + self.add_extractor_name(found), add_to_output=True)
        return messages
