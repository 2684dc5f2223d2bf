"""What a browser is called in its owner's list of devices: 安卓手机 · 微信. From the User-Agent, which anybody can write."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load


@dataclass(frozen=True)
class _Names:
    """device_names.yml."""

    machines: dict[str, str]
    browsers: dict[str, str]
    unknown: str


@cache
def _names() -> _Names:
    return load(_Names, Path(__file__).with_name("device_names.yml"))


def device_name(agent: str) -> str:
    """A name in our words alone: nothing of what the browser wrote is shown."""
    names = _names()
    parts = [
        next((name for word, name in table.items() if word in agent), "") for table in (names.machines, names.browsers)
    ]
    return " · ".join(filter(None, parts)) or names.unknown
