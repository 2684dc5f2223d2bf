"""`make demo`: one true call, told as it happens.

Nothing in it is faked: a synthetic voice that the recogniser was never trained on speaks into a real AudioSocket
connection; Vosk, Rasa, the database and the outbox are the service's own."""

from __future__ import annotations

import logging
import re
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import jieba
from rich.rule import Rule
from rich.text import Text
from sqlalchemy import select

from bot.app.parts import deliver_once, ears_and_mouth, open_site, running, tell
from bot.commands.call_teller import CallTeller
from bot.commands.line import zone_of
from bot.commands.terminal import console, show_ticket
from bot.database import Database
from bot.foundation.errors import Refused
from bot.foundation.words import load
from bot.grid.models import Household
from bot.grid.registry import Registry
from bot.settings import Settings
from bot.sound import numbers
from bot.speech.ear_card import card_in_use
from bot.voice.call_log import CallLog
from bot.voice.loopback import run_call
from tools.demo_model.speaker import demo_wav

WORDS = Path(__file__).with_name("demo.yml")
#: the story's house is the one nearest to this number
PREFERRED_NUMBER = 206


@dataclass(frozen=True)
class _Words:
    """demo.yml."""

    title: str
    speaks: str
    caller: str
    pace: float
    street: str
    place: str
    resident: tuple[str, ...]
    logged: str
    recording: str
    took: str
    #: `page`: where the page is
    next: str


class DemoImpossible(Refused):
    """The story cannot be told with the county that is there."""


async def demo(settings: Settings) -> int:
    """Play the story; → exit status: 0 when a ticket was logged and its manager told."""
    words = load(_Words, WORDS)
    began = time.monotonic()
    jieba.setLogLevel(logging.ERROR)
    database = open_site(settings)
    try:
        if not Registry.load(database).county.size:
            from bot.grid.sample import make_sample

            tell("making the sample county …")
            make_sample(database, settings.home / "sample", progress=tell)
        number, householder = _household_of_the_story(database, words.street)
    finally:
        database.dispose()
    place = words.place.format(street=words.street, number=numbers.spoken(number))
    lines = [line.format(place=place, householder=householder) for line in words.resident]
    tell("starting Gege …")
    with tempfile.TemporaryDirectory(prefix="gege-demo-") as folder:
        files = []
        for count, line in enumerate(lines, start=1):
            file = Path(folder) / f"{count}.wav"
            demo_wav(line, file)
            files.append(file)
        async with running(settings, relay=False) as service, ears_and_mouth(service) as (recogniser, voice):
            tell(f"ear: {card_in_use(settings).said()}")
            console.print(Rule(words.title))
            for line in lines:
                console.print(Text(words.speaks.format(line=line), style="dim"))
            console.print(Rule())
            story = await run_call(
                files,
                words.caller,
                service.dialogue,
                recogniser,
                voice,
                service.desk,
                settings,
                CallTeller(),
                pace=words.pace,
                log=CallLog(service.database),
            )
            await deliver_once(service)
            if story.ticket_no is None:
                tell("the call ended without a ticket; see the lines above")
                return 1
            console.print(Rule(words.logged))
            show_ticket(service.desk, story.ticket_no, zone_of(settings))
            told = [one for one in service.desk.notifications(story.ticket_no) if one.state == "sent"]
            console.print(Text(words.recording.format(path=settings.home / story.recording), style="dim"))
            console.print(Text(words.took.format(seconds=f"{time.monotonic() - began:.0f}"), style="dim"))
            console.print(Text(words.next.format(page=f"http://localhost:{settings.web.port}"), style="bold"))
            return 0 if told else 1


def _household_of_the_story(database: Database, street: str) -> tuple[int, str]:
    """(house number, householder) of a household that stands alone at its address in the street of the story."""
    with database.reading() as session:
        rows = session.execute(
            select(Household.address, Household.householder).where(
                Household.compound == "", Household.address.like(f"{street}%")
            )
        ).all()
    count = Counter(address for address, _ in rows)
    alone = []
    for address, householder in rows:
        number = re.fullmatch(r"\D+(\d+)\D*", address)
        if number and count[address] == 1 and 3 <= len(householder) <= 3:
            alone.append((abs(int(number.group(1)) - PREFERRED_NUMBER), int(number.group(1)), householder))
    if not alone:
        raise DemoImpossible(f"the county in this GEGE_HOME has no single house in {street}; use an empty GEGE_HOME")
    _, house, householder = min(alone)
    return house, householder
