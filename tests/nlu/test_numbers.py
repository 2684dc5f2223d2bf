"""A telephone number that somebody says is one in every form; an account of as many digits is none."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.training_data.message import Message

from nlu.numbers import NumberEntityExtractor


@pytest.mark.parametrize(
    ("said", "entity", "value"),
    [
        ("电话0715-3398001", "phone", "07153398001"),
        ("零七幺五三三九八零零幺", "phone", "07153398001"),
        ("打+86 715 3398001", "phone", "07153398001"),
        ("010-65551234", "phone", "01065551234"),
        ("我电话+86 139 1234 5678", "phone", "13912345678"),
        ("013912345678", "phone", "13912345678"),
        ("八六幺三九幺二三四五六七八", "phone", "13912345678"),
        ("3398001", "phone", "3398001"),
        ("4209000318", "household_no", "4209000318"),
        ("4203300318", "household_no", "4203300318"),
        ("42033003185", "household_no", "42033003185"),
        ("4209000318001", "household_no", "4209000318001"),
        ("户号是07153398001", "household_no", "07153398001"),
        ("GD2611230001", "ticket_no", "GD2611230001"),
    ],
)
def test_a_number_is_what_it_is_in_every_form(said: str, entity: str, value: str) -> None:
    [message] = NumberEntityExtractor({}).process([Message({"text": said})])
    [found] = message.get("entities")
    assert (found["entity"], found["value"]) == (entity, value)
