"""`gege sample --calls`: real calls of invented people, so that a demo county has recordings to listen to and to learn from."""

from __future__ import annotations

import asyncio
import logging
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jieba
from sqlalchemy import func, select

from bot.app.parts import Parts, deliver_once, ears_and_mouth, running
from bot.commands.line import Failure
from bot.database import Database
from bot.foundation.words import load
from bot.grid.models import Household
from bot.learning.book import CorrectionBook
from bot.settings import Settings
from bot.sound import numbers
from bot.tickets.cards import TicketCard
from bot.voice.call_log import CallLog
from bot.voice.loopback import run_call
from bot.voice.models import LoggedCall
from tools.demo_model.speaker import demo_wav

WORDS = Path(__file__).with_name("sample_calls.yml")


@dataclass(frozen=True)
class Story:
    """One call."""

    caller: str
    #: who speaks: a variant of espeak-ng's voice that no ear was trained on
    voice: str
    lines: tuple[str, ...]
    #: where the house stands; empty: no place is said
    street: str = ""
    #: what the case's manager presses afterwards
    then: tuple[str, ...] = ()
    note: str = ""
    #: what the manager writes down as really said; empty: nothing
    really: str = ""


@dataclass(frozen=True)
class Stories:
    """sample_calls.yml."""

    #: times real time
    pace: float
    calls: tuple[Story, ...]


async def make_calls(settings: Settings, progress: Callable[[str], None], stories: Stories | None = None) -> None:
    """Place them one after the other, with presses and corrections of staff.

    Raises Failure where they were placed already, or the county is not the sample's."""
    stories = stories or load(Stories, WORDS)
    jieba.setLogLevel(logging.ERROR)
    # Gege's own sentences by the quick voice: six calls are to take a minute or two.
    settings = settings.model_copy(update={"speech": settings.speech.model_copy(update={"voice": "espeak"})})
    async with running(settings, relay=False, hurries=False) as parts:
        if await asyncio.to_thread(_placed, parts.database, stories):
            raise Failure("the sample calls are already there; gege call-log shows them")
        houses = await asyncio.to_thread(_houses, parts.database, stories)
        async with ears_and_mouth(parts) as (recogniser, voice):
            for number, story in enumerate(stories.calls, start=1):
                with tempfile.TemporaryDirectory(prefix="gege-sample-") as folder:
                    place = houses.get(number, "")
                    files = [Path(folder) / f"{count}.wav" for count in range(len(story.lines))]
                    for file, line in zip(files, story.lines, strict=True):
                        await asyncio.to_thread(demo_wav, line.format(place=place), file, story.voice)
                    told = await run_call(
                        files,
                        story.caller,
                        parts.dialogue,
                        recogniser,
                        voice,
                        parts.desk,
                        settings,
                        pace=stories.pace,
                        log=CallLog(parts.database),
                    )
                await deliver_once(parts)
                case = await asyncio.to_thread(parts.desk.ticket, told.ticket_no) if told.ticket_no else None
                if case is not None:
                    await asyncio.to_thread(_afterwards, parts, story, case)
                progress(f"{number}/{len(stories.calls)} {story.lines[0]} → {case.ticket_no if case else '–'}")
                await deliver_once(parts)


def _placed(database: Database, stories: Stories) -> bool:
    numbers_of_them = [story.caller for story in stories.calls]
    with database.reading() as session:
        asked = select(func.count()).select_from(LoggedCall).where(LoggedCall.caller.in_(numbers_of_them))
        return bool(session.scalar(asked))


def _houses(database: Database, stories: Stories) -> dict[int, str]:
    """Number of a story → its house as it is said. Raises Failure where a street is not there."""
    found: dict[int, str] = {}
    taken: Counter[str] = Counter()
    with database.reading() as session:
        for number, story in enumerate(stories.calls, start=1):
            if not story.street:
                continue
            wanted = select(Household.address).where(
                Household.compound == "", Household.address.like(f"{story.street}%")
            )
            count = Counter(session.scalars(wanted))
            alone = sorted(int(one[1]) for address, so_many in count.items() if so_many == 1
                           and (one := re.fullmatch(re.escape(story.street) + r"(\d+)号", address)))  # fmt: skip
            if len(alone) <= taken[story.street]:
                raise Failure(f"the county in this GEGE_HOME has no house in {story.street}: is it the sample county?")
            # In the middle of the street, another one for each call.
            house = alone[(len(alone) // 2 + taken[story.street]) % len(alone)]
            taken[story.street] += 1
            found[number] = f"{story.street}{numbers.spoken(house)}号"
    return found


def _afterwards(parts: Parts, story: Story, case: TicketCard) -> None:
    """What the manager does with it."""
    if not case.owner:
        return
    for press in story.then:
        if press == "acknowledge":
            parts.desk.acknowledge(case.ticket_no, case.owner)
        elif press == "on_site":
            parts.desk.on_site(case.ticket_no, case.owner)
        else:
            parts.desk.resolve(case.ticket_no, case.owner, story.note)
    if story.really:
        book = CorrectionBook(parts.database, parts.settings.learning.relabels_a_day)
        book.write(case.ticket_no, case.owner, words=story.really)
