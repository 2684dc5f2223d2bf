"""Plays the calls: a real service with its front ends on loopback, an exchange that is none, and so many calls at a time."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import logging
import re
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app.parts import Parts, ears_and_mouth, running
from bot.bench.calls.caller import LOGGED, SAID, Caller
from bot.bench.calls.judge import SETTLED_S, Kept, Played, Verdict, judge, kept_of
from bot.bench.calls.stories import ASTERISK, INSTALLED, MESSAGE, REFER, STORIES, TRUNK, WAYS, Drawn, drawn
from bot.bench.exchange.coded import Codebook, CodedEar, CodedVoice
from bot.bench.exchange.dial_plan import DialPlan
from bot.bench.exchange.installed import Site
from bot.bench.exchange.network import Network
from bot.bench.exchange.people import RATE, Person
from bot.bench.exchange.phones import CALLER_SAYS, STAFF_SAYS, Phones
from bot.bench.exchange.sip_calls import SipCalling, SipExchange
from bot.bench.homes import Home, homes_in
from bot.bench.residents.speaking import Speaker
from bot.bench.service import scratch
from bot.foundation.errors import Unavailable
from bot.foundation.phone_numbers import to_dial
from bot.settings import Settings
from bot.sound.numbers import spoken
from bot.speech.port import Recogniser
from bot.telephone.ring_plan import people_to_ring
from bot.telephone.sip_front_end import sip_front_end
from bot.telephone.telephone import Telephone
from bot.voice.prompts import prompts

Progress = Callable[[str], None]
_HOUSEHOLDS = 4_800
#: how long Gege lets a telephone ring by SIP (s): the network gives up before
_RING_S = 6.0
#: people speak no slower than this when the case is told (s a character): silence beside it shows
_WHISPER_CHARACTER_S = 0.2
_CHARACTER_S = 0.12
LOSS, JITTER_S = 0.2, 0.06
#: somebody else may take the port that was free a moment ago
_MOST_STARTS = 3
#: a call that is not over after this (s) is ended
_LONGEST_S = 120.0

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is to be played. `only`: this one of the calls; `ways`: which exchanges there are; `heard`: callers speak with
    synthetic voices, and the site's own ear hears them, in place of coded sound."""

    calls: int = 200
    at_once: int = 16
    seed: int = 1
    pace: float = 4.0
    only: int | None = None
    ways: Sequence[str] = WAYS
    heard: bool = False

    @property
    def drawn(self) -> list[Drawn]:
        """The calls; a real ear breaks on nothing, so that nobody has to leave a message."""
        numbers = range(self.calls) if self.only is None else [self.only]
        stories = [story for story in STORIES if not (self.heard and story.wants == MESSAGE)]
        return [drawn(number, self.seed, self.ways, stories) for number in numbers]

    @property
    def again(self) -> str:
        """The command that plays one of them again."""
        ways = "".join(f" --way {way}" for way in self.ways)
        return f"gege bench calls --seed {self.seed}{ways}{' --heard' * self.heard} --only NUMBER"


@dataclasses.dataclass
class Run:
    """What came of it; `logged`: errors of the service's log, by where they were written."""

    wanted: Wanted
    verdicts: list[Verdict]
    logged: Counter[str]


async def play(wanted: Wanted, settings: Settings, progress: Progress) -> Run:
    """All calls, and the verdict on each."""
    progress("making a county …")
    with tempfile.TemporaryDirectory(prefix="gege-bench-calls-") as folder:
        mine = await asyncio.to_thread(_settings, settings, folder, wanted, progress)
        async with running(mine, relay=False) as service:
            progress("playing …")
            homes = homes_of(Path(folder) / "sample" / "households.csv")
            async with _ears(service, wanted) as (ear, sounds), _site(service, wanted, homes, ear, sounds) as site:
                with _counted() as logged:
                    played = await site.play(wanted, progress)
                # Stopping settles what is open: that is not to be counted.
                kept = await asyncio.to_thread(kept_of, service.database)
    return Run(wanted, [judge(each, kept.get(each.drawn.caller, Kept())) for each in played], logged)


class _Counting(logging.Handler):
    """Counts errors in place of writing them: some are played on purpose."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.found[f"{record.name}: {record.msg}"] += 1


@asynccontextmanager
async def _ears(service: Parts, wanted: Wanted) -> AsyncIterator[tuple[Recogniser | None, Speaker | None]]:
    """The site's ear and a voice for the callers; neither, when sound is coded."""
    if not wanted.heard:
        yield None, None
        return
    speaker = Speaker()
    async with ears_and_mouth(service) as (recogniser, _):
        try:
            yield recogniser, speaker
        finally:
            await asyncio.to_thread(speaker.close)


@contextlib.contextmanager
def _counted() -> Iterator[Counter[str]]:
    root, counting = logging.getLogger(), _Counting()
    before, root.handlers = root.handlers, [counting]
    try:
        yield counting.found
    finally:
        root.handlers = before


def _settings(settings: Settings, folder: str, wanted: Wanted, progress: Progress) -> Settings:
    mine = scratch(settings, folder, _HOUSEHOLDS, progress)
    capacity = mine.capacity.model_copy(update={"recognised_calls": 4 * wanted.at_once, "stop_s": 2.0})
    return mine.model_copy(update={"capacity": capacity})


def homes_of(file: Path) -> dict[str, list[Home]]:
    """Households whose address nobody else has, by grid: who says it is understood at once."""
    homes = list(homes_in(file))
    seen = Counter(home.address for home in homes)
    found: dict[str, list[Home]] = {}
    for home in homes:
        if seen[home.address] == 1 and not home.compound:
            found.setdefault(home.grid_no, []).append(home)
    return found


class _Site:
    """The service and all exchanges around it."""

    def __init__(self, service: Parts, book: Codebook, homes: dict[str, list[Home]], speaker: Speaker | None) -> None:
        self._book, self._homes = book, homes
        self._settings, self._service = service.settings, service
        self._speaker, self._speaking = speaker, asyncio.Lock()
        self.telephones: dict[str, Telephone] = {}
        self.exchanges: dict[str, SipExchange] = {}
        #: SIP calls that each front end has
        self.open_calls: list[Callable[[], int]] = []
        self._grids: asyncio.Queue[str] = asyncio.Queue()
        for grid_no in homes:
            self._grids.put_nowait(grid_no)
        self._taken: dict[str, int] = {}

    async def _sounds(self, sentences: Sequence[str], voice: int) -> dict[str, bytes]:
        """What a caller may say, as sound; made before he calls."""
        found = {words: self._book.speak(words, 0.4 + _CHARACTER_S * len(words), RATE) for words in sentences}
        if self._speaker is not None:
            async with self._speaking:
                for words in sentences:
                    said = re.sub(r"\d+", lambda number: spoken(int(number[0])), words)
                    found[words] = await asyncio.to_thread(self._speaker.say, said, voice)
        return found

    async def play(self, wanted: Wanted, progress: Progress) -> list[Played]:
        """All calls, `at_once` at a time, those that wait in their order."""
        free, done, began = asyncio.Semaphore(wanted.at_once), [0], time.monotonic()

        async def one(each: Drawn) -> Played:
            async with free:
                played = await self._one(each, wanted.pace)
            done[0] += 1
            if done[0] % max(1, wanted.calls // 10) == 0:
                progress(f"{done[0]} calls, {time.monotonic() - began:.0f} s")
            return played

        played = await asyncio.gather(*(one(each) for each in wanted.drawn))
        left = await self._lines_closed()
        if left:
            played[-1].problems += (left,)
        return played

    async def _lines_closed(self) -> str:
        until, telephones = time.monotonic() + SETTLED_S, self.telephones.values()
        while time.monotonic() < until:
            still = {
                "calls": sum(len(each.calls) for each in telephones),
                "AudioSocket": sum(each.audiosocket.open for each in telephones),
                "FastAGI": sum(each.fastagi.open for each in telephones),
                "SIP": sum(count() for count in self.open_calls),
                "reports that wait": self._service.spool.waiting,
                "rows": len(await asyncio.to_thread(self._service.desk.open_calls)),
            }  # fmt: skip
            if not any(still.values()):
                return ""
            await asyncio.sleep(0.1)
        return "lines left open at the end: " + ", ".join(f"{count} {name}" for name, count in still.items() if count)

    async def _one(self, each: Drawn, pace: float) -> Played:
        """One call: a grid of its own where telephones are told apart by their numbers."""
        async with contextlib.AsyncExitStack() as held:
            if each.way == ASTERISK:
                grid_no = sorted(self._homes)[each.number % len(self._homes)]
            else:
                grid_no = await self._grids.get()
                held.callback(self._grids.put_nowait, grid_no)
            return await self._call(each, grid_no, pace if each.way == ASTERISK else 1.0)

    def _home(self, grid_no: str) -> Home:
        self._taken[grid_no] = number = self._taken.get(grid_no, -1) + 1
        homes = self._homes[grid_no]
        return homes[number % len(homes)]

    async def _call(self, each: Drawn, grid_no: str, pace: float) -> Played:
        home, dice = self._home(grid_no), each.dice
        place = home.community + home.address
        sounds = await self._sounds((*SAID, place), each.number)
        person = Person(self._book, pace)
        phones = Phones(each.story.phones, self._book, prompts().whisper[:6], pace)
        player = Caller(
            person, each.story, dice, place, prompts().notice_of(self._settings.site.name)[:6],
            sounds.__getitem__, self._settings.turns.longest_wait,
        )  # fmt: skip
        telephone = self.telephones[each.way]
        line: DialPlan | SipCalling
        dialled = f"071500000{grid_no}"
        station = to_dial(self._settings.site.station_phone)
        if each.way == ASTERISK:
            line = DialPlan(
                telephone.fastagi.port, telephone.audiosocket.port, person, phones, each.caller, dialled,
                station, each.older, dice.randint(60, 300) if each.story.breaks else None,
            )  # fmt: skip
            run = line.run()
        else:
            network = Network(LOSS, JITTER_S, dice) if each.bad_network else Network(dice=dice)
            line = SipCalling(person, phones, each.caller, dialled, network)
            exchange = self.exchanges[each.way]
            for number in people_to_ring(telephone.people, grid_no, station)[:2]:  # the duty desk serves all grids
                exchange.expected[number] = line
            run = exchange.play(line)
        problems: list[str] = []
        playing = asyncio.gather(run, player.play())
        try:
            await asyncio.wait_for(playing, _LONGEST_S)
        except TimeoutError:
            problems.append("the call did not end")
        except Exception as problem:
            log.exception("call %s of seed %s broke", each.number, each.seed)
            problems.append(f"the player broke: {type(problem).__name__}")
        over_at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=person.clock() - (person.left_at or person.clock()))
        await phones.close()
        return self._told(each, player, line, over_at, problems)

    def _told(
        self, each: Drawn, player: Caller, line: DialPlan | SipCalling, over_at: dt.datetime, problems: list[str]
    ) -> Played:
        person, rung = player.person, line.phones.rung
        answered = person.entered.get("answer")
        share = 0.8 if not each.bad_network else 0.5
        return Played(
            each,
            min(person.span(STAFF_SAYS), max((phone.span(CALLER_SAYS) for phone in rung), default=0.0)),
            person.heard(LOGGED, share=share) is not None,
            player.confirmed,
            player.asked,
            tuple(phone.does for phone in rung),
            person.first_at - answered if answered is not None and person.first_at is not None else None,
            tuple(person.gaps),
            tuple(line.whispers),
            over_at,
            (*line.problems, *problems, *([player.stuck] if player.stuck else [])),
        )


@asynccontextmanager
async def _site(
    service: Parts, wanted: Wanted, homes: dict[str, list[Home]], recogniser: Recogniser | None, speaker: Speaker | None
) -> AsyncIterator[_Site]:
    book = Codebook()
    voice = CodedVoice(book, slowly={prompts().whisper[:4]: _WHISPER_CHARACTER_S})
    site = _Site(service, book, homes, speaker)
    service.backgrounds.start(service.spool.background())
    async with contextlib.AsyncExitStack() as opened:
        for way in dict.fromkeys(wanted.ways):
            telephone = Telephone(
                service.database, service.desk, service.registry, service.dialogue, recogniser or CodedEar(book), voice,
                service.settings, audiosocket=("127.0.0.1", 0), fastagi=("127.0.0.1", 0), people=service.present,
                spool=service.spool,
            )  # fmt: skip
            telephone.audiosocket.pace = wanted.pace if way == ASTERISK else 1.0
            await telephone.start()
            opened.push_async_callback(telephone.close)
            site.telephones[way] = telephone
            if way == INSTALLED:
                site.exchanges[way] = await opened.enter_async_context(_installed(telephone, wanted, service))
            elif way != ASTERISK:
                site.exchanges[way], count = await opened.enter_async_context(_by_sip(telephone, way, wanted, service))
                site.open_calls.append(count)
        yield site


@asynccontextmanager
async def _by_sip(
    telephone: Telephone, way: str, wanted: Wanted, service: Parts
) -> AsyncIterator[tuple[SipExchange, Callable[[], int]]]:
    """An exchange that speaks SIP with this telephone, and how many calls Gege has with it."""
    exchange = SipExchange(Network(dice=drawn(0, wanted.seed).dice), transfers=way == REFER)
    await exchange.open()
    given = service.settings.voice
    trunk: dict[str, object] = {"ring_s": _RING_S}
    if way == TRUNK:
        trunk |= {"registrar": exchange.host, "user": "gege", "password": "x", "registers": False}
    voice = given.model_copy(update={"trunk": given.trunk.model_copy(update=trunk), "sip_calls": 4 * wanted.at_once})
    settings = service.settings.model_copy(update={"voice": voice})
    try:
        async with sip_front_end(telephone, ("127.0.0.1", 0), settings) as (server, _):
            exchange.gege = ("127.0.0.1", server.port)
            yield exchange, lambda: len(server.calls)
    finally:
        await exchange.close_all()


@asynccontextmanager
async def _installed(telephone: Telephone, wanted: Wanted, service: Parts) -> AsyncIterator[SipExchange]:
    """The installed Asterisk with the files that are shipped, and the carrier of its trunk."""
    carrier = SipExchange(Network(dice=drawn(0, wanted.seed).dice), names=True)
    await carrier.open()
    try:
        site = await _started(carrier, telephone, service.settings.home / "asterisk")
        try:
            yield carrier
        finally:
            await site.stop()
    finally:
        await carrier.close_all()


async def _started(carrier: SipExchange, telephone: Telephone, folder: Path) -> Site:
    """Asterisk on a port that it has got. Raises Unavailable when others are faster each time."""
    for number in range(_MOST_STARTS):
        site = Site(folder / str(number), carrier.host, telephone.fastagi.port, telephone.audiosocket.port)
        await site.start()
        if f"127.0.0.1:{site.sip}" in await site.rx("pjsip show transports"):
            carrier.gege = ("127.0.0.1", site.sip)
            return site
        await site.stop()
    raise Unavailable("the installed Asterisk did not get a port on 127.0.0.1; try again")
