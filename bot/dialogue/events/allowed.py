"""What may leave this machine for statistics: the one list of events and fields, and what each may hold.

Whatever is not said here does not leave. bot/privacy/record.yml says the same for people, and a test holds both together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.foundation.errors import Broken
from bot.tickets.intake.channels import Channel
from bot.tickets.kinds import is_kind

Check = Callable[[Any], bool]

#: a name out of the code or of domain.yml: no number, no Chinese, no sentence
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}(/[a-z][a-z0-9_]{0,63})?")
_HASH = re.compile(r"[0-9a-f]{24}")
#: a grid's number, as the county has it; only the ticket's own column is ever put here (bot/dialogue/events/outlet.py)
_GRID = re.compile(r"[\w-]{1,40}")


class NotAllowed(Broken):
    """An event holds what must not leave; the message says where and not what."""


def _matches(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _yes_no(value: Any) -> bool:
    return isinstance(value, bool)


def _confidence(value: Any) -> bool:
    return isinstance(value, float) and 0.0 <= value <= 1.0 and round(value, 2) == value


def _seconds(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _channel(value: Any) -> bool:
    return isinstance(value, str) and value in set(Channel)


def _kind(value: Any) -> bool:
    return isinstance(value, str) and is_kind(value)


name, yes_no = _matches(_NAME), _yes_no
#: of every event
_COMMON: dict[str, Check] = {"id": _matches(_HASH), "sender_id": _matches(_HASH), "event": name, "timestamp": _seconds}
#: event → its fields (a dot goes one level down, as in Rasa's own events); `turn` and `ticket` are Gege's
ALLOWED: dict[str, dict[str, Check]] = {
    "session_started": _COMMON,
    "user": {
        **_COMMON,
        "input_channel": _channel,
        "parse_data.intent.name": name,
        "parse_data.intent.confidence": _confidence,
        "parse_data.act.name": name,
        "parse_data.fallback": yes_no,
    },
    "action": {**_COMMON, "name": name},
    "bot": {**_COMMON, "metadata.utter_action": name},
    "turn": {**_COMMON, "question": name, "hand_over": yes_no, "ended": yes_no},
    "ticket": {**_COMMON, "kind": _kind, "grid_no": _matches(_GRID), "urgent": yes_no, "opened": yes_no},
}


def only_allowed(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event, as it may leave. Raises NotAllowed."""
    kind = event.get("event")
    fields = ALLOWED.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise NotAllowed("an event of a kind that does not leave")
    for path, value in _leaves(event):
        check = fields.get(path)
        if check is None:
            raise NotAllowed(f"{kind}: a field that is not on the list")
        if not check(value):
            raise NotAllowed(f"{kind}: what stands in {path} does not leave")
    return dict(event)


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        path = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value
