"""What callers and those who are rung do in one call: every way in which a call can end, drawn by a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from bot.bench.exchange.phones import (
    ANSWERS,
    BUSY,
    FORWARDS,
    NO_ANSWER,
    PICKS_UP,
    REFUSES,
    WHISPER_HANGUP,
)

#: AudioSocket and FastAGI; SIP with a trunk of Gege's own; SIP behind an exchange that takes no calls and transfers (REFER)
ASTERISK, TRUNK, REFER = "asterisk", "trunk", "refer"
WAYS = (ASTERISK, TRUNK, REFER)
#: an Asterisk that is installed, between a carrier that is none and Gege
INSTALLED = "installed"
#: what callers want
REPORT, PERSON, REPORT_AND_PERSON, SILENCE, MESSAGE = "report", "person", "report and person", "silence", "message"


@dataclass(frozen=True)
class Story:
    """One kind of call."""

    name: str
    wants: str = REPORT
    #: where the caller hangs up; empty: when all is said
    leaves: str = ""
    #: what the telephones do, in the order in which they are rung; those after them do not answer
    phones: tuple[str, ...] = ()
    ways: tuple[str, ...] = (*WAYS, INSTALLED)
    #: the sound breaks off while the caller stays on the line
    breaks: bool = False
    weight: int = 2


_JOINED = (ASTERISK, TRUNK, INSTALLED)
STORIES: Sequence[Story] = (
    Story("report", weight=6),
    Story("report, stays on the line", leaves="after a while", phones=(ANSWERS,)),
    Story("hangs up: notice", leaves="notice"),
    Story("hangs up: greeting", leaves="greeting"),
    Story("hangs up: speaking", leaves="speaking"),
    Story("hangs up: question", leaves="question", weight=3),
    Story("hangs up: read-back", leaves="read-back", weight=3),
    Story("hangs up: goodbye", leaves="goodbye", weight=3),
    Story("hangs up: ringing", PERSON, "ringing", weight=3),
    Story("hangs up: second ringing", PERSON, "second ringing", (BUSY,)),
    Story("hangs up: whisper", PERSON, "whisper", (ANSWERS,), _JOINED, weight=3),
    Story("hangs up: connected", PERSON, "connected", (ANSWERS,), _JOINED, weight=3),
    Story("report, hangs up: ringing", REPORT_AND_PERSON, "ringing"),
    Story("report, hangs up: whisper", REPORT_AND_PERSON, "whisper", (ANSWERS,), _JOINED),
    Story("answered", PERSON, phones=(ANSWERS,), weight=4),
    Story("report, answered", REPORT_AND_PERSON, phones=(ANSWERS,)),
    Story("busy, answered", PERSON, phones=(BUSY, ANSWERS)),
    Story("no answer, answered", PERSON, phones=(NO_ANSWER, ANSWERS)),
    Story("refused, answered", PERSON, phones=(REFUSES, ANSWERS)),
    Story("hangs up in the whisper, answered", PERSON, phones=(WHISPER_HANGUP, ANSWERS), ways=_JOINED, weight=3),
    Story("hangs up in the whisper, nobody", PERSON, phones=(WHISPER_HANGUP,), ways=_JOINED),
    Story("picks up and leaves", PERSON, phones=(PICKS_UP,), ways=_JOINED),
    Story("nobody", PERSON, phones=(BUSY, NO_ANSWER, REFUSES)),
    Story("report, nobody", REPORT_AND_PERSON, phones=(NO_ANSWER,)),
    Story("circle, answered", PERSON, phones=(FORWARDS, ANSWERS), ways=_JOINED),
    Story("circle, hangs up: second ringing", PERSON, "second ringing", (FORWARDS,), _JOINED),
    Story("falls silent in a report, answered", leaves="falling silent", phones=(ANSWERS,)),
    Story("falls silent in a report, nobody", leaves="falling silent"),
    Story("silent, answered", SILENCE, phones=(ANSWERS,)),
    Story("silent, nobody", SILENCE),
    Story("silent, hangs up", SILENCE, "silence"),
    Story("message", MESSAGE, "message", weight=2),
    Story("message, waits", MESSAGE, phones=(ANSWERS,)),
    Story("sound breaks, answered", phones=(ANSWERS,), ways=(ASTERISK,), breaks=True),
    Story("sound breaks, nobody", ways=(ASTERISK,), breaks=True),
)


@dataclass(frozen=True)
class Drawn:
    """One call: its number and seed draw all that happens in it."""

    number: int
    seed: int
    way: str
    story: Story
    #: a site's exchange still has the dial plan of before
    older: bool
    #: by SIP: packets are lost and late
    bad_network: bool

    @property
    def dice(self) -> random.Random:
        """What else is drawn in this call, from the beginning."""
        return random.Random(f"{self.seed}/{self.number}/played")

    @property
    def caller(self) -> str:
        """The caller's number, his alone."""
        return f"139{self.number:08d}"


def drawn(number: int, seed: int, ways: Sequence[str] = WAYS, stories: Sequence[Story] = STORIES) -> Drawn:
    """The `number`-th call of a seed."""
    dice = random.Random(f"{seed}/{number}")
    way = dice.choices(ways, [4 if each == ASTERISK else 1 for each in ways])[0]
    fits = [story for story in stories if way in story.ways]
    story = dice.choices(fits, [each.weight for each in fits])[0]
    older, bad_network = way == ASTERISK and dice.random() < 0.2, way != ASTERISK and dice.random() < 0.5
    return Drawn(number, seed, way, story, older, bad_network)
