"""The telephone of a running service: front ends, seats, the log, what is owed; started and stopped as one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from bot.database import Database, now
from bot.dialogue.port import Dialogue
from bot.foundation.background import Background, Backgrounds
from bot.foundation.backoff import Backoff
from bot.foundation.lateness import Lateness
from bot.grid.present import EVERY_S, Present
from bot.grid.registry import Registry
from bot.lines.audiosocket import AudioSocketServer
from bot.lines.fastagi import FastAgiServer
from bot.lines.line import CallFacts, Line
from bot.recordings.moving import recordings_move
from bot.recordings.room import delete_expired
from bot.settings import Settings
from bot.speech.port import Recogniser
from bot.speech.speak import Voice, VoiceFailed
from bot.telephone.dial_plan import DialPlan
from bot.telephone.handover import HandOvers
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.spool import Spool
from bot.tickets.intake.unclear import ForAPerson
from bot.voice.call import Opening, PhoneCall
from bot.voice.call_log import CallLog
from bot.voice.events import CallEvent, Watcher, all_of, nobody_watches
from bot.voice.known_outages import KnownOutages
from bot.voice.late_recognition import LaterRecognition
from bot.voice.metrics import CallMetrics
from bot.voice.patience import CallerPaces
from bot.voice.prompts import prompts
from bot.voice.seats import Seats
from bot.voice.unwritten import Unwritten

log = logging.getLogger(__name__)

#: an apology takes so long (s) before a call is cut off
_APOLOGY_S = 10.0
_EXPIRY_S = 3600.0
_EXPIRY_AGAIN = Backoff(first_s=60.0, most_s=_EXPIRY_S)
_RATES = (8000, 16000)
#: nobody waits longer for the first sentences (s)
_WARM_UP_S = 2.0


class Telephone:
    """All that answers calls. `answer` is what any front end gives a line to."""

    def __init__(
        self,
        database: Database,
        desk: TicketDesk,
        registry: Registry,
        dialogue: Dialogue,
        recogniser: Recogniser | None,
        voice: Voice | None,
        settings: Settings,
        *,
        audiosocket: tuple[str, int],
        fastagi: tuple[str, int],
        people: Present | None = None,
        intake: ForAPerson | None = None,
        spool: Spool | None = None,
        backgrounds: Backgrounds | None = None,
        lateness: Lateness | None = None,
    ) -> None:
        """Without a recogniser callers leave messages; without a voice every call goes to a person at once. A `spool`
        that is given is somebody else's to empty."""
        self._database, self._desk, self._dialogue = database, desk, dialogue
        self._recogniser, self._voice, self._settings = recogniser, voice, settings
        self._known_outage = KnownOutages(desk.outages, registry, ZoneInfo(settings.site.timezone))
        self.seats = Seats.of(settings, lateness)
        self.calls: dict[str, PhoneCall] = {}
        self.metrics = CallMetrics()
        self._log = CallLog(database)
        self._paces = CallerPaces(database, settings)
        self.later = LaterRecognition(database, desk, settings, recogniser, self.seats)
        intake = intake or ForAPerson(desk, registry)
        intake.later = self.later
        self.spool = spool or Spool(settings.home, intake)
        #: whom to ring: leave counts for every way of ringing somebody
        self.people = people or Present(registry)
        asterisk = settings.asterisk
        self.audiosocket = AudioSocketServer(
            *audiosocket, self._audiosocket_call, allowed=asterisk.allowed, announced_s=asterisk.announced_s
        )
        self.hand_overs = HandOvers(
            self.people,
            desk,
            settings,
            voice,
            unwritten=Unwritten(settings.home),
            watcher=all_of((self._log, self.metrics), _broke),
        )
        dial_plan = DialPlan(self.hand_overs, self.audiosocket, voice, room=self.room)
        self.fastagi = FastAgiServer(
            *fastagi, dial_plan.scripts, allowed=asterisk.allowed, most=asterisk.connections,
            timeout_s=asterisk.timeout_s,
        )  # fmt: skip
        self.stopping = False
        #: told when no new calls are taken any more (front ends that are not ours to start)
        self.on_stopping: Callable[[], None] = lambda: None
        #: how many conversations go on between people whom we have joined (SIP, call-backs)
        self.between_people: list[Callable[[], int]] = []
        self._backgrounds = backgrounds or Backgrounds()
        self._own = (
            self.hand_overs.background(),
            self.later.background(),
            *(() if spool else (self.spool.background(),)),
            Background("who is on leave", EVERY_S, lambda: asyncio.to_thread(self.people.refresh)),
            Background("recordings' terms", _EXPIRY_S, self._expire, again=_EXPIRY_AGAIN),
            *recordings_move(settings),
        )
        self._warming: asyncio.Task[None] | None = None
        self._watch()

    @property
    def dialogue(self) -> Dialogue:
        """What callers talk to."""
        return self._dialogue

    @property
    def voice(self) -> Voice | None:
        """Gege's voice, if it has one."""
        return self._voice

    def _watch(self) -> None:
        watch = self.metrics.watch
        watch("recognised_calls", "Calls that hold a seat of the recogniser", lambda: self.seats.taken)
        watch("recognised_calls_most", "Seats of the recogniser", lambda: self.seats.most)
        late = self.seats.lateness
        watch("turn_wait_seconds", "How long a turn would wait that came now", lambda: late.turns_s)
        watch("loop_late_seconds", "How late the event loop lately came to what was due", lambda: late.loop_s)
        watch("ears_late_seconds", "How long callers lately waited to be recognised", lambda: late.ears_s)
        watch("spool_waiting", "Reports that wait for the database", lambda: self.spool.waiting)
        watch("audiosocket_refused", "AudioSocket connections refused", lambda: self.audiosocket.refused.total())
        watch("fastagi_failed", "FastAGI sessions refused or broken off", lambda: self.fastagi.failed.total())

    async def start(self) -> None:
        """Listen. Raises OSError, with both addresses free again."""
        # A slow voice goes on with it while the first calls come.
        self._warming = asyncio.create_task(self._warm_up())
        await asyncio.wait({self._warming}, timeout=_WARM_UP_S)
        with contextlib.suppress(Exception):  # a database that is away: the background says so
            await asyncio.to_thread(self.people.refresh)
        await self.audiosocket.start()
        try:
            await self.fastagi.start()
        except OSError:
            await self.audiosocket.close()
            raise
        self._backgrounds.start(*self._own)

    async def _warm_up(self) -> None:
        """The first sentences are made before the first call: its caller hears something within 0.3 s."""
        words = prompts()
        first = (*words.notices_of(self._settings), words.greeting, words.message, words.storm)
        if self._voice is not None:
            for sentence in first:
                for rate in _RATES:
                    with contextlib.suppress(VoiceFailed):
                        await self._voice.say(sentence, rate)

    async def answer(
        self,
        line: Line,
        facts: CallFacts,
        front_end: str = "audiosocket",
        watcher: Watcher = nobody_watches,
        *,
        opening: Opening | None = None,
        dialogue: Dialogue | None = None,
    ) -> None:
        """Run one call on a line of any front end; `opening` and a `dialogue` of its own for a call that we made."""
        if self._voice is None or self.stopping:
            return  # closing the line is what rings a person
        call = PhoneCall(
            line,
            facts,
            dialogue=dialogue or self._dialogue,
            recogniser=self._recogniser,
            voice=self._voice,
            desk=self._desk,
            intake=self.spool,
            settings=self._settings,
            watcher=all_of((self._log, self.metrics, watcher), _broke),
            steering=self.hand_overs,
            seats=self.seats,
            paces=self._paces,
            known_outage=self._known_outage,
            front_end=front_end,
            opening=opening,
        )
        self.calls[facts.call_id] = call
        try:
            await call.run()
        finally:
            self.calls.pop(facts.call_id, None)

    async def _audiosocket_call(self, line: Line, facts: CallFacts) -> None:
        await self.answer(line, facts)

    async def browser_call(self, line: Line, facts: CallFacts, watcher: Watcher) -> None:
        """Run a call of the browser's phone, whose page watches it."""
        await self.answer(line, facts, "browser", watcher)

    def room(self) -> bool:
        """Whether one more call may be taken: not while stopping, nor when each that is let in makes it later for all. Whoever
        writes has to wait behind a call: beyond the seats none is taken while he waits too long."""
        late, calls = self.seats.lateness, len(self.calls)
        too_late = late.for_anybody or (late.for_calls and calls >= self.seats.most)
        open_calls = self._settings.capacity.open_calls
        return not self.stopping and not too_late and self._voice is not None and calls < open_calls

    async def drain(self) -> None:
        """No new calls; live ones finish for `[capacity] stop_s`, the rest apologise and become call-backs."""
        self.stopping = True
        self.on_stopping()
        # The dial plan still asks whom to ring: FastAGI goes last.
        await self.audiosocket.stop_listening()
        await self._until_quiet(self._settings.capacity.stop_s)
        if self.calls:
            for call in list(self.calls.values()):
                call.apologise()
            await self._until_quiet(_APOLOGY_S)

    async def _until_quiet(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (self.calls or any(count() for count in self.between_people)) and time.monotonic() < until:
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Drain, then end what is left."""
        await self.drain()
        await self.audiosocket.close()
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._backgrounds.stop(*self._own)
        await self.hand_overs.close()
        await self.fastagi.close()
        await asyncio.to_thread(self._log.close)

    async def _expire(self) -> None:
        """Recordings go when their term is over."""
        await asyncio.to_thread(delete_expired, self._settings, self._database, now())


def _broke(event: CallEvent) -> None:
    log.exception("a watcher of call %s broke", event.call_id)
