"""The same residents by telephone: their lines are spoken into an AudioSocket call and heard by the site's own ear.

The voice is a synthetic one that training never heard, the line's other end is the whole call (turn taking, recogniser) on
loopback, faster than real time; of Gege's voice only the first moment is made, her sentences are read. The channel is the
ear itself: no noise is drawn besides."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import random
import uuid as uuids
from collections.abc import Callable
from pathlib import Path

from bot.app.conversations import Conversations
from bot.app.parts import Parts, ears_and_mouth, running
from bot.bench.residents.county import County, county_of
from bot.bench.residents.goals import Goal, goal_of
from bot.bench.residents.judge import judge
from bot.bench.residents.resident import Act, Resident
from bot.bench.residents.run import Held, open_and_fill
from bot.bench.residents.speaking import Speaker
from bot.bench.residents.transcript import Transcript, Turn
from bot.bench.voice import Brief
from bot.grid.sample import HOUSEHOLDS
from bot.lines.audiosocket import UUID, AudioSocketServer, Frame
from bot.lines.client import AudioSocketCaller
from bot.lines.incoming import FRAME_S
from bot.lines.line import CallFacts, Line
from bot.settings import Settings
from bot.speech.port import Recogniser
from bot.speech.speak import Voice
from bot.tickets.intake.unclear import intake_of
from bot.voice.call import PhoneCall
from bot.voice.events import CallEvent, Decided, Spoke, WordsHeard

Progress = Callable[[str], None]
RATE = 8000
#: times real time, at both ends
PACE = 8.0
#: an answer is waited for at most so long (s of audio time)
_PATIENCE_S = 90.0
#: and who hears nothing at all says the next thing after so long: Gege has asked again by then
_UNANSWERED_S = 20.0


def by_voice(settings: Settings, folder: Path, count: int, seed: int, progress: Progress) -> list[Held]:
    """`count` messy residents of a seed who call; a site of its own is made in `folder`."""
    open_and_fill(folder, HOUSEHOLDS, progress)
    mine = settings.model_copy(update={"home": folder, "database": ""})
    return asyncio.run(_by_voice(mine, county_of(folder / "sample"), count, seed, progress))


async def _by_voice(settings: Settings, county: County, count: int, seed: int, progress: Progress) -> list[Held]:
    held: list[Held] = []
    async with running(settings, relay=False) as service, ears_and_mouth(service) as (recogniser, voice):
        site = _Site(service, recogniser, voice)
        # The first line takes seconds, which a call would hear as silence.
        await asyncio.to_thread(site.speaker.say, "好", seed)
        try:
            for number in itertools.count():
                dice = random.Random(f"voice/{seed}/{number}")
                goal = dataclasses.replace(goal_of(number, county, dice), channel="phone")
                if len(held) == count:
                    break
                if goal.before:
                    continue  # two calls, of which the first would be measured as well
                told = await site.hold(goal, county, dice)
                held.append(Held(told, judge(told)))
                if len(held) % 10 == 0:
                    progress(f"by voice: {len(held)} of {count}")
        finally:
            await asyncio.to_thread(site.speaker.close)
    return held


class _Site:
    """The service, and one call after the other."""

    def __init__(self, service: Parts, recogniser: Recogniser, voice: Voice) -> None:
        self._conversations = Conversations(service, own=True)
        self._settings = service.settings
        self.speaker = Speaker()
        self._parts = {
            "dialogue": service.dialogue, "recogniser": recogniser, "voice": Brief(voice), "desk": service.desk,
            "intake": intake_of(service.desk, service.registry), "settings": service.settings,
        }  # fmt: skip

    async def hold(self, goal: Goal, county: County, dice: random.Random) -> Transcript:
        """One call from the first sentence until somebody hangs up."""
        await self._conversations.fresh()
        told, events, calls = Transcript(goal), list[CallEvent](), list[PhoneCall]()
        over = asyncio.Event()

        async def answer(line: Line, facts: CallFacts) -> None:
            calls.append(PhoneCall(line, facts, watcher=events.append, **self._parts))
            try:
                await calls[0].run()
            finally:
                over.set()

        server = AudioSocketServer("127.0.0.1", 0, answer, pace=PACE)
        await server.start()
        try:
            name = str(uuids.uuid4())
            server.announce(name, goal.caller)
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            caller = AudioSocketCaller(reader, writer, RATE, PACE, True)
            writer.write(Frame(UUID, uuids.UUID(name).bytes).encode())
            tasks = [asyncio.create_task(caller.send()), asyncio.create_task(caller.receive())]
            try:
                await self._talk(Resident(goal, county, dice), caller, events, calls, over, told)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 30.0)
        finally:
            await server.close()
        told.tickets = await self._conversations.tickets()
        return told

    async def _talk(
        self,
        resident: Resident,
        caller: AudioSocketCaller,
        events: list[CallEvent],
        calls: list[PhoneCall],
        over: asyncio.Event,
        told: Transcript,
    ) -> None:
        voice = resident.dice.randrange(1_000_000)

        async def my_turn(mark: int) -> None:
            """Until Gege has spoken since then, and listens. How long she waits for the end of a sentence she learns in
            the call, so that no fixed time tells that she has answered."""
            waited = 0.0
            while waited < _PATIENCE_S and not over.is_set():
                answered = waited >= _UNANSWERED_S or any(isinstance(one, Spoke) for one in events[mark:])
                if answered and calls and calls[0].listening:
                    return
                await asyncio.sleep(FRAME_S / PACE)
                waited += FRAME_S

        await my_turn(0)
        known: set[str] = set()
        said: tuple[Act, str] | None = resident.begin()
        while said is not None and not over.is_set():
            act, meant = said
            mark = len(events)
            await caller.say(await asyncio.to_thread(self.speaker.say, meant, voice))
            await my_turn(mark)
            found = events[mark:]
            tickets = tuple(one["ticket_no"] for one in await self._conversations.tickets())
            turn = Turn(
                act,
                meant,
                ",".join(one.text for one in found if isinstance(one, WordsHeard)),
                "".join(text for one in found if isinstance(one, Spoke) for text in one.sentences),
                tickets=tuple(one for one in tickets if one not in known),
                hand_over=any(isinstance(one, Decided) and one.outcome == "hand_over" for one in found),
                ended=over.is_set(),
                placed=resident.place_told,
            )
            known.update(tickets)
            told.turns.append(turn)
            said = resident.next(turn.reply, turn.hand_over, turn.ended)
