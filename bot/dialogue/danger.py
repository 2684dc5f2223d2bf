"""Danger that only one reading of a sound speaks of: it is asked about at once, neither taken blindly nor passed over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.dialogue.port import Understanding
from bot.foundation.recent import Recent
from bot.sound.answers.yes_no import NO, YES, yes_no
from bot.tickets.intake.heard import Heard

HAZARD = "report_hazard"
#: a second reading speaks of danger when it is this sure; a missed danger costs far more than one question
SURE = 0.5
#: sessions with an open question that are remembered
_REMEMBERED = 500


@dataclass(frozen=True)
class Asked:
    """What was asked about: the reading that spoke of danger, and the one that did not."""

    danger: str
    harmless: str
    #: it was asked once more, for the answer was not understood
    again: bool = False


class DangerQuestions:
    """Open questions by session. A restart forgets them; what was said is kept with its utterance."""

    def __init__(self) -> None:
        self._open: Recent[str, Asked] = Recent(_REMEMBERED)

    async def look(self, readings: list[str], parse: Callable[[str], Awaitable[Understanding]]) -> Asked | None:
        """What to ask about, when the best reading is harmless and another speaks of danger."""
        if len(readings) < 2 or (await parse(readings[0])).intent == HAZARD:
            return None
        for reading in readings[1:]:
            meaning = await parse(reading)
            if meaning.intent == HAZARD and meaning.confidence >= SURE and not meaning.fallback:
                return Asked(reading, readings[0])
        return None

    def ask(self, session: str, asked: Asked) -> None:
        """It has been asked."""
        self._open[session] = asked

    def once_more(self, session: str) -> Asked | None:
        """The open question, when its answer was not understood and it was not repeated yet."""
        asked = self._open.get(session)
        if asked is None or asked.again:
            return None
        again = self._open[session] = replace(asked, again=True)
        return again

    def over(self, session: str) -> None:
        """The next turn has been answered, whatever it was about."""
        self._open.pop(session, None)

    async def answered(
        self, heard: Heard, reading: str, parse: Callable[[str], Awaitable[Understanding]]
    ) -> str | None:
        """What the turn is about, when it answers an open question: danger after a yes, what was first understood
        after a no; None when it says something of its own."""
        asked = self._open.get(heard.session)
        if asked is None:
            return None
        if (found := yes_no("danger", reading)) and found.value in (YES, NO):
            return asked.danger if found.value == YES else asked.harmless
        intent = (await parse(reading)).intent
        return {"affirm": asked.danger, "deny": asked.harmless}.get(intent)
