"""Nothing leaves that is not on the list, and nothing on the list can hold a word, a name or a number of anybody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.dialogue.events.allowed import ALLOWED, NotAllowed, only_allowed
from bot.privacy.record import lacking, the_record
from bot.privacy.tables import tables

ID = "0123456789abcdef01234567"
USER: dict[str, Any] = {
    "id": ID, "sender_id": ID, "event": "user", "timestamp": 1795917600, "input_channel": "phone",
    "parse_data": {"intent": {"name": "report_outage", "confidence": 0.99}, "act": {"name": "report_outage"}, "fallback": False},
}  # fmt: skip
#: what stands in Rasa's own events, and in a careless hand's
CANARIES = [
    "桃花源村三组",
    "王建国",
    "13800138000",
    "0715-3390000",
    "GD2611290001",
    "tg:5551234",
    "He is at home",
    "A 12",
    "",
]


def test_what_is_on_the_list_leaves_as_it_is() -> None:
    assert only_allowed(USER) == USER


@pytest.mark.parametrize(
    "more",
    [
        {"text": "停电了"},
        {"metadata": {"caller": {"address": "13800138000"}}},
        {"parse_data": {"text": "x"}},
        {"王建国": True},
    ],
)
def test_a_field_that_nobody_allowed_keeps_the_event_here(more: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed) as refused:
        only_allowed({**USER, **more})
    assert not any(canary in str(refused.value) for canary in ("停电了", "13800138000", "王建国"))


def test_an_event_that_nobody_allowed_stays_here() -> None:
    with pytest.raises(NotAllowed):
        only_allowed({**USER, "event": "slot"})


@pytest.mark.parametrize("canary", [*CANARIES, None, 13800138000, ["x"]])
@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, fields in ALLOWED.items() for path in fields])
def test_no_allowed_field_can_hold_what_is_somebodys(kind: str, path: str, canary: Any) -> None:
    if path == "timestamp" and canary == 13800138000:
        return  # a whole number; it is the clock's (tests/events/test_outlet.py)
    if path == "grid_no" and isinstance(canary, str) and canary and " " not in canary and ":" not in canary:
        return  # a county names its grids as it likes; it is the ticket's own column (tests/events/test_canaries.py)
    event: dict[str, Any] = {"event": kind}
    inside = event
    *above, last = path.split(".")
    for key in above:
        inside = inside.setdefault(key, {})
    inside[last] = canary
    if path == "input_channel" and canary == "":
        return  # a way in that this release does not know
    with pytest.raises(NotAllowed):
        only_allowed(event)


def test_the_record_says_every_kind_and_every_field() -> None:
    record = the_record()
    events = record.leaves["events"]
    fewer = replace(events, fields={name: said for name, said in events.fields.items() if name != "grid_no"})
    more = replace(events, kinds={**events.kinds, "slot": "what Rasa remembers"})
    for wrong, said in ((fewer, "the field grid_no is not said"), (more, "no kind slot leaves")):
        found = list(lacking(replace(record, leaves={"events": wrong}), tables()))
        assert found == [f"leaves.events: {said}"]
