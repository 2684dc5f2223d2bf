"""Danger that only one reading of a sound speaks of: it is asked about at once, neither taken blindly nor passed over.

The open question stands in the reply that asked it, in the database: whichever process hears the answer knows of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.dialogue.port import Reply, Understanding
from bot.dialogue.responses import sentence
from bot.sound.answers.yes_no import NO, YES, yes_no

HAZARD = "report_hazard"
#: a second reading speaks of danger when it is this sure; a missed danger costs far more than one question
SURE = 0.5
#: in a reply's detail: what was asked about; and that the turn held no words to understand
_ASKED, UNCLEAR = "danger_asked", "unclear"

Parse = Callable[[str], Awaitable[Understanding]]


@dataclass(frozen=True)
class Asked:
    """What was asked about: the reading that spoke of danger, and the one that did not."""

    danger: str
    harmless: str
    #: it was asked once more, for the answer was not understood
    again: bool = False

    @property
    def once_more(self) -> Asked | None:
        """The question again, when its answer was not understood and it was not repeated yet."""
        return None if self.again else replace(self, again=True)

    def reply(self, understanding: Understanding) -> Reply:
        """The question, as a turn's answer."""
        words = ("utter_again", "utter_is_it_danger") if self.again else ("utter_is_it_danger",)
        return Reply(tuple(sentence(one) for one in words), understanding, detail={_ASKED: asdict(self)})


def still_open(replies: Sequence[Mapping[str, Any]]) -> Asked | None:
    """The question that waits for its answer; `replies` are a session's last ones as they are kept, newest first."""
    for reply in replies:
        detail = reply.get("detail") or {}
        if asked := detail.get(_ASKED):
            return Asked(**asked)
        if not detail.get(UNCLEAR):
            return None  # something was said since, and answered
    return None


def question_of(replies: Sequence[Mapping[str, Any]]) -> str:
    """What else was asked last, and stays open while danger is asked about; empty when nothing was."""
    others = (one for one in replies if _ASKED not in (one.get("detail") or {}))
    return str(next(others, {}).get("question") or "")


async def look(readings: Sequence[str], parse: Parse) -> Asked | None:
    """What to ask about, when the best reading is harmless and another speaks of danger."""
    if len(readings) < 2 or (await parse(readings[0])).intent == HAZARD:
        return None
    for reading in readings[1:]:
        meaning = await parse(reading)
        if meaning.intent == HAZARD and meaning.confidence >= SURE and not meaning.fallback:
            return Asked(reading, readings[0])
    return None


async def answer_to(asked: Asked, reading: str, parse: Parse) -> str | None:
    """What the turn is about, when it answers the question: danger after a yes, what was first understood after a no;
    None when it says something of its own."""
    if (found := yes_no("danger", reading)) and found.value in (YES, NO):
        return asked.danger if found.value == YES else asked.harmless
    intent = (await parse(reading)).intent
    return {"affirm": asked.danger, "deny": asked.harmless}.get(intent)
