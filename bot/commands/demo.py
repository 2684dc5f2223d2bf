"""`make demo`: one true call, told as it happens.

Nothing in it is faked: a synthetic voice that the recogniser was never trained on speaks into a real AudioSocket
connection; Vosk, Rasa, the database and the outbox are the service's own."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import tempfile
import time
import wave
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import jieba
from rich.rule import Rule
from rich.text import Text
from sqlalchemy import select

from bot.app.addresses import url
from bot.app.parts import deliver_once, ears_and_mouth, open_site, running, tell
from bot.commands.call_teller import CallTeller
from bot.commands.first_run import make_what_is_missing
from bot.commands.line import zone_of
from bot.commands.pauses import shortened
from bot.commands.player import play, player
from bot.commands.terminal import console, show_ticket
from bot.database import Database
from bot.foundation.errors import Refused
from bot.foundation.words import load
from bot.grid.models import Household
from bot.recordings.room import open_recording
from bot.settings import Settings
from bot.sound import numbers
from bot.speech.audio import write_wav
from bot.speech.ear_card import card_in_use
from bot.tickets.labels import labels
from bot.voice.call_log import CallLog
from bot.voice.loopback import run_call
from tools.demo_model.features import SAMPLE_RATE
from tools.demo_model.speaker import Job, speak_jobs, syllables_of

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
    #: before it is played, and where it lies when nothing plays it
    hear: str
    file: str
    #: `page`: where the page is
    next_title: str
    next: tuple[str, ...]


class DemoImpossible(Refused):
    """The story cannot be told with the county that is there."""


@dataclass(frozen=True)
class _Told:
    """What came of the call."""

    logged: bool
    #: a WAV file of both sides
    sound: bytes


def demo(settings: Settings, *, sound: bool = True) -> int:
    """Play the story, and let it be heard (`sound`); → exit status: 0 when a ticket was logged and its manager told."""
    began = time.monotonic()
    words = load(_Words, WORDS)
    make_what_is_missing(settings)
    told = asyncio.run(_call(settings, words))
    console.print(Text(words.took.format(seconds=f"{time.monotonic() - began:.0f}"), style="dim"))
    if told.sound and sound:
        # Where the voice was late, a second of it is eight of the call's.
        _let_hear(settings, words, shortened(told.sound))
    if told.logged:
        console.print(Rule(words.next_title))
        for line in words.next:
            console.print(Text(line.format(page=url(settings)), style="bold"), soft_wrap=True)
    return 0 if told.logged else 1


def _let_hear(settings: Settings, words: _Words, sound: bytes) -> None:
    """On the loudspeaker where there is one, else as a file."""
    with wave.open(io.BytesIO(sound)) as opened:
        seconds = opened.getnframes() / opened.getframerate()
    if player() is not None:
        console.print(words.hear.format(seconds=f"{seconds:.0f}"), style="dim")
        with tempfile.NamedTemporaryFile(prefix="gege-demo-", suffix=".wav") as file:
            file.write(sound)
            file.flush()
            if play(Path(file.name), seconds):
                return
    file_of_it = settings.home / "demo.wav"
    file_of_it.write_bytes(sound)
    console.print(Text(words.file.format(path=file_of_it, seconds=f"{seconds:.0f}"), style="dim"), soft_wrap=True)


async def _call(settings: Settings, words: _Words) -> _Told:
    jieba.setLogLevel(logging.ERROR)
    # Eight times as fast as life the slow voice is late now and then: espeak-ng then speaks, which the story need not tell.
    logging.getLogger("bot.speech.speakers").setLevel(logging.ERROR)
    database = open_site(settings)
    try:
        number, householder = _household_of_the_story(database, words.street)
    finally:
        database.dispose()
    place = words.place.format(street=words.street, number=numbers.spoken(number))
    lines = [line.format(place=place, householder=householder) for line in words.resident]
    tell("starting Gege …")
    with tempfile.TemporaryDirectory(prefix="gege-demo-") as folder:
        files = [Path(folder) / f"{count}.wav" for count in range(1, len(lines) + 1)]
        # Another process speaks them; meanwhile Gege starts.
        spoken = asyncio.create_task(asyncio.to_thread(_speak, lines, files))
        async with running(settings, relay=False) as service, ears_and_mouth(service) as (recogniser, voice):
            await spoken
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
            sound = await asyncio.to_thread(open_recording, settings, story.recording) if story.recording else b""
            if story.ticket_no is None:
                tell("the call ended without a ticket; see the lines above")
                return _Told(False, sound)
            console.print(Rule(words.logged))
            show_ticket(service.desk, story.ticket_no, zone_of(settings), told_in=labels())  # as the rest of it
            told = [one for one in service.desk.notifications(story.ticket_no) if one.state == "sent"]
            console.print(Text(words.recording.format(path=settings.home / story.recording), style="dim"))
            return _Told(bool(told), sound)


def _speak(lines: list[str], files: list[Path]) -> None:
    """The old resident's sentences, spoken in one process. Raises DemoImpossible."""
    sounds = speak_jobs([Job(syllables_of(line)) for line in lines])
    for line, file, samples in zip(lines, files, sounds, strict=True):
        if samples is None:
            raise DemoImpossible(f"espeak-ng could not speak {line!r}; see gege doctor")
        write_wav(file, samples, SAMPLE_RATE)


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
