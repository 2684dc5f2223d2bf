"""Entity extractor for numbers that residents say: 户号, telephone and report numbers, spoken or typed."""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.foundation.phone_numbers import area_code, phone_digits
from bot.sound.numbers import digits as digits_of

_RUN = re.compile(r"(?:GD|gd|\+)?[0-9零一二三四五六七八九幺〇][0-9零一二三四五六七八九幺〇两\s-]{2,24}")
_MOBILE = re.compile(r"1[3-9]\d{9}")
#: before an area code; other numbers as long are accounts
_BEFORE_AREA = re.compile(r"0|86(?=\d{10})")
_WITHOUT_AREA = re.compile(r"[2-8]\d{6}")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class NumberEntityExtractor(GraphComponent, EntityExtractorMixin):
    """Adds phone, ticket_no and household_no entities; values are plain digits (ticket_no with its GD)."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {}

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> NumberEntityExtractor:
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text = message.get(TEXT)
            if not text:
                continue
            found = list(self._find(text))
            taken = [(entity["start"], entity["end"]) for entity in found]
            numbers = {"phone", "household_no", "ticket_no"}
            kept = [
                entity
                for entity in message.get(ENTITIES, [])
                if entity["entity"] not in numbers
                and not any(entity["start"] < end and start < entity["end"] for start, end in taken)
            ]
            message.set(ENTITIES, kept + self.add_extractor_name(found), add_to_output=True)
        return messages

    def _find(self, text: str) -> list[dict[str, Any]]:
        found = []
        for match in _RUN.finditer(text):
            run = match.group().rstrip(" -")
            digits = digits_of(run)
            if run[:2].lower() == "gd":
                name, value = "ticket_no", "GD" + digits
            elif _MOBILE.fullmatch(digits):
                name, value = "phone", digits
            elif "户号" in text and len(digits) >= 4:
                name, value = "household_no", digits
            elif _is_phone(digits):
                name, value = "phone", phone_digits(digits)
            elif 9 <= len(digits) <= 13:
                name, value = "household_no", digits
            else:
                continue
            found.append({"entity": name, "value": value, "start": match.start(), "end": match.start() + len(run)})
        return found


def _is_phone(digits: str) -> bool:
    number = phone_digits(digits)
    if _MOBILE.fullmatch(number) or _WITHOUT_AREA.fullmatch(digits):
        return True
    return bool(area_code(number) and _BEFORE_AREA.match(digits))
