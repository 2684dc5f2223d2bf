"""A conversation as data (tests/dialogue/stories/*.yml): played with the real model, and judged by what it promised.

`turns` is what a resident says; `!new` hangs up and calls again, `!hang_up` hangs up, `!wait MINUTES` lets time pass,
`!resolve` lets the owner finish the last ticket. What `expect` may hold is `Expected`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.app.conversations import Conversations
from bot.foundation.widths import both
from bot.foundation.words import load
from bot.tickets.intake.channels import Channel

FOLDER = Path(__file__).resolve().parent / "stories"


@dataclass(frozen=True)
class Expected:
    """What a good system would have done. `a|b` in a list of words: either."""

    #: kinds that there must be, each on a ticket of its own; [] for no ticket at all; None for whatever there is
    kinds: list[str] | None = None
    #: one ticket at least, of whatever kind
    some: bool = False
    #: what a ticket of the first kind must have
    grid: str = ""
    household: str = ""
    urgent: bool | None = None
    state: str = ""
    #: names of its facts
    facts: list[str] = field(default_factory=list)
    #: on it: place, words, history
    place: list[str] = field(default_factory=list)
    #: no ticket of another kind, and at most so many
    only: bool = False
    most: int = 0
    #: in some reply, in the first, in the last, in none
    contains: list[str] = field(default_factory=list)
    first: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    #: staff who must not own a ticket, who get a message, who get none
    owner_not: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    told_not: list[str] = field(default_factory=list)
    #: a person was put on, or not
    hand_over: bool | None = None
    #: the question that is open at the end; "" for none
    question: str | None = None


@dataclass(frozen=True)
class Story:
    """One conversation."""

    name: str
    turns: list[str]
    caller: str = ""
    channel: str = "terminal"
    dialled: str = ""
    expect: Expected = field(default_factory=Expected)


@dataclass(frozen=True)
class _File:
    """A file of stories."""

    stories: list[Story]


@dataclass
class Played:
    """What came of a story."""

    replies: list[str] = field(default_factory=list)
    #: the same, sentence by sentence
    sentences: list[tuple[str, ...]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    cards: list[dict[str, Any]] = field(default_factory=list)
    handed_over: bool = False
    transcript: list[str] = field(default_factory=list)


def stories(folder: Path = FOLDER) -> list[Story]:
    """All stories of a folder, by file."""
    return [story for file in sorted(folder.glob("*.yml")) for story in load(_File, file).stories]


#: what is never said to a resident (../shared/DOMAIN.md), and what is no sentence
NEVER = ("工单", "意图", "识别失败", "马上到", "nlu_fallback", "None", "{", "机器这会儿出了毛病")


async def play(talks: Conversations, story: Story) -> Played:
    """Tell a story to a service that nobody else uses, in an empty county."""
    await talks.fresh()
    played, call, touched = Played(), 1, [""]
    for turn in story.turns:
        session = f"{story.name}/{call}"
        match turn.split():
            case ["!new"] | ["!hang_up"]:
                await talks.hang_up(session)
                call += turn == "!new"
            case ["!wait", minutes]:
                await talks.wait(dt.timedelta(minutes=float(minutes)))
            case ["!resolve"]:
                for act in ("acknowledge", "resolve"):
                    await talks.press(act, touched[-1])
            case _:
                done = await talks.turn(
                    session, turn, caller=story.caller, channel=Channel(story.channel), dialled=story.dialled
                )
                touched += done.tickets
                played.sentences.append(done.reply.sentences)
                played.replies.append(done.reply.text)
                played.questions.append(done.reply.question or "")
                played.handed_over |= bool(done.reply.hand_over)
                played.transcript += [f"> {turn}", f"< {played.replies[-1]}    [{played.questions[-1]}]"]
                continue
        played.transcript.append(turn)
    await talks.hang_up(f"{story.name}/{call}")
    played.cards = await talks.tickets()
    names = ("ticket_no", "kind", "urgent", "grid_no", "household_no", "owner", "place", "facts", "state", "told")
    played.transcript += ["= " + " ".join(f"{name} {card[name]!r}" for name in names) for card in played.cards]
    return played


def faults(story: Story, played: Played) -> list[str]:
    """What is wrong with how a story went."""
    return [
        *_tickets(story.expect, played.cards),
        *_staff(story.expect, played),
        *_words(story.expect, played.replies),
        *_asks(played),
    ]


def _tickets(expect: Expected, cards: Sequence[dict[str, Any]]) -> list[str]:
    wrong: list[str] = []
    kinds = [card["kind"] for card in cards]
    fitting = list(cards)
    if expect.kinds == [] and cards:
        wrong.append(f"no ticket expected, got {kinds}")
    elif expect.some and not cards:
        wrong.append("no ticket: the report is lost")
    elif expect.kinds:
        wrong += [f"no ticket {kind}, got {kinds}" for kind in expect.kinds if not _of(kind, kinds)]
        fitting = [card for card in cards if _of(expect.kinds[0], [card["kind"]])]
        if expect.only and any(not _of("|".join(expect.kinds), [kind]) for kind in kinds):
            wrong.append(f"only {expect.kinds} expected, got {kinds}")
    if expect.most and len(cards) > expect.most:
        wrong.append(f"{len(cards)} tickets {kinds}, at most {expect.most}")
    if not fitting:
        return wrong
    for name, wanted in (("grid_no", expect.grid), ("household_no", expect.household), ("state", expect.state)):
        if wanted and wanted not in [card[name] for card in fitting]:
            wrong.append(f"{name} {wanted} expected, got {[card[name] for card in fitting]}")
    if expect.urgent is not None and expect.urgent not in [card["urgent"] for card in fitting]:
        wrong.append(f"urgent must be {expect.urgent}")
    wrong += [f"fact {fact} is missing" for fact in expect.facts if not any(fact in one["facts"] for one in fitting)]
    texts = [" ".join([card["place"] or "", card["said"] or "", *card["notes"]]) for card in fitting]
    return wrong + [f"{part} is not on the ticket" for part in expect.place if not _has(texts, part)]


def _of(kind: str, kinds: Sequence[str]) -> bool:
    return any(one in kinds for one in kind.split("|"))


def _staff(expect: Expected, played: Played) -> list[str]:
    told = {staff for card in played.cards for staff in card["told"]}
    owners = {card["owner"] for card in played.cards}
    wrong = [f"{staff} owns it" for staff in expect.owner_not if staff in owners]
    wrong += [f"{staff} was not told" for staff in expect.told if staff not in told]
    wrong += [f"{staff} was told" for staff in expect.told_not if staff in told]
    if expect.hand_over is not None and expect.hand_over != played.handed_over:
        wrong.append("a person was put on" if played.handed_over else "nobody was put on")
    if expect.question is not None and expect.question != played.questions[-1]:
        wrong.append(f"question {played.questions[-1]!r} is open, not {expect.question!r}")
    if any("记下了" in reply for reply in played.replies) and not played.cards:
        wrong.append("said to be noted, and there is no ticket")
    return wrong


def _words(expect: Expected, replies: Sequence[str]) -> list[str]:
    wrong = [f"never said: {part}" for part in expect.contains if not _has(replies, part)]
    wrong += [f"the first reply lacks {part}" for part in expect.first if not _has(replies[:1], part)]
    wrong += [f"the last reply lacks {part}" for part in expect.last if not _has(replies[-1:], part)]
    wrong += [f"said: {part}" for part in [*NEVER, *expect.never] if _has(replies, part)]
    for at, reply in enumerate(replies):
        if at >= 2 and reply and replies[at - 2 : at + 1] == [reply] * 3:
            wrong.append(f"three times in a row: {reply}")
        if not reply:
            wrong.append(f"turn {at + 1} is answered by nothing")
    return wrong


def _asks(played: Played) -> list[str]:
    """One question at most, and it comes last."""
    asked = ["".join(one[:-1]) for one in played.sentences]
    return [f"a question, and then more: {text}" for text in asked if any(mark in text for mark in both("?"))]


def _has(texts: Sequence[str], part: str) -> bool:
    return any(one in text for text in texts for one in part.split("|"))
