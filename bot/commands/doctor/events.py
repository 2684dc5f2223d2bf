"""Events for statistics: whether any leave, and whether their broker answers."""

from __future__ import annotations

import asyncio

from bot.dialogue.events.broker import NoBroker, answers, read_broker, where
from bot.foundation.errors import Unavailable
from bot.settings import Settings


def check_events(settings: Settings) -> tuple[str, str]:
    """What is so, and what to do about it ("": nothing)."""
    if not settings.events.on:
        return "none leave this machine ([events] endpoints)", ""
    try:
        described = read_broker(settings.events.file(settings.home))
        place = where(described, settings.home)
        asyncio.run(answers(described, settings.home))
    except NoBroker as problem:
        return f"none leave: {problem}", "residents are served all the same"
    except Unavailable as problem:
        return (
            f"{place}: {problem}",
            "start it, or correct the file of [events] endpoints; residents are served all the same",
        )
    return f"for statistics they go to {place}, which answers (what is in them: docs/privacy.md)", ""
