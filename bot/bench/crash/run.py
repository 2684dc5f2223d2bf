"""A run: a real service that dies at every commit point and at moments of chance, and what was found afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.bench.crash.callers import Callers
from bot.bench.crash.checker import Findings, check
from bot.bench.crash.house import House, Messengers, NeverReady, house, messengers
from bot.bench.crash.points import SIDES, points
from bot.bench.crash.residents import Home, Writers, homes_of
from bot.bench.crash.spoilers import IN_PROCESS, spoil_rows
from bot.bench.crash.staff import People, give_messengers, is_staff
from bot.bench.crash.told import Told
from bot.bench.crash.troubles import Trouble
from bot.database import open_database
from bot.foundation.errors import Broken

#: residents end what they have begun within so long (s) after the last death
_PATIENCE_S = 120.0
#: then what waits in files, and what is owed, leaves within so long (s)
_REST_S, _LOOK_S = 90.0, 0.5
#: a chosen commit point is waited for so long (s); of so many deaths one is at a moment of chance
_CHOSEN_S, _CHANCE = 12.0, 3
#: at a moment of chance the service has lived so long (s), or, one in so many, is still starting
_TELL = 25
_LIVES_S, _STARTING = (0.2, 2.7), 10


@dataclass(frozen=True)
class Wanted:
    """What a run is. `model`: of the ear; None: nobody speaks. `only`: these commit points in place of all. `at_random`:
    no chosen places."""

    kills: int = 20
    seed: int = 1
    minutes: float = 1e9
    fault: str = ""
    model: Path | None = None
    only: Sequence[str] = ()
    at_random: bool = False
    #: what fails around the service, in one of so many lives that end at a moment of chance
    troubles: Sequence[Trouble] = ()
    troubled: int = 3
    browsers: int = 4
    chats: int = 3
    callers: int = 2


@dataclass
class Run:
    """What came of it."""

    told: Told
    found: Findings
    #: commit points that were passed and stand in no list
    unlisted: list[str]
    #: messages that people read twice because of a death, and all messages: staff's on Telegram, residents' there, the
    #: gateway's (which drops a second one of one key)
    copies: dict[str, int]
    messages: dict[str, int]
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        return self.found.clean and not self.unlisted


class LateResidents(Broken):
    """Somebody waits for ever; the message is what the service said last."""


@dataclass
class _Marks:
    """Where in the doubles' lists each life of the service ended."""

    telegram: list[int] = field(default_factory=list)

    def note(self, beyond: Messengers) -> None:
        self.telegram.append(len(beyond.telegram.calls))


async def crash(
    home: Path, wanted: Wanted, database: str = "", progress: Callable[[str], None] = lambda _: None
) -> Run:
    """Kill the service of a home (with a county, and a database) again and again; then look at what it owes."""
    began = time.monotonic()
    told, marks = Told(), _Marks()
    opened = open_database(database or f"sqlite:///{home / 'gege.sqlite'}")
    await asyncio.to_thread(give_messengers, opened)
    homes = await asyncio.to_thread(homes_of, opened)
    opened.dispose()
    async with contextlib.AsyncExitStack() as around:
        for trouble in wanted.troubles:
            await around.enter_async_context(trouble.there())
        beyond = await around.enter_async_context(messengers())
        one = await around.enter_async_context(house(home, database, beyond, wanted.model, wanted.troubles))
        async with _people(one, beyond, told, wanted, homes):
            until = time.monotonic() + wanted.minutes * 60
            plan = _plan(wanted)
            while told.kills < wanted.kills and time.monotonic() < until:
                await _live_and_die(one, told, wanted, next(plan))
                told.kills += 1
                marks.note(beyond)
                if told.kills % _TELL == 0:
                    progress(f"{told.kills} kills, {len(told.acknowledged)} reports acknowledged")
            await one.start(wanted.fault if wanted.fault in IN_PROCESS else "")
        await _rest(one, told)
        await one.kill()
        told.delivered = {int(body["id"]) for _, body in beyond.gateway.taken}
        copies, messages = _copies(beyond, marks)
        unlisted = sorted(one.seen - points().all)
    await asyncio.to_thread(spoil_rows, wanted.fault, one.database_url, told)
    found = await asyncio.to_thread(check, one.database_url, told)
    return Run(told, found, unlisted, copies, messages, time.monotonic() - began)


def _plan(wanted: Wanted) -> Iterator[str]:
    """Faults, one a life: all chosen places in an order of chance, again and again, between moments of chance ("")."""
    dice = random.Random(f"{wanted.seed}/plan")
    places = [f"die:{side}:{point}" for point in wanted.only or sorted(points().walked) for side in SIDES]
    while True:
        dice.shuffle(places)
        for place in places:
            while wanted.at_random or wanted.fault in IN_PROCESS or dice.randrange(_CHANCE) == 0:
                yield ""
            yield place


async def _live_and_die(one: House, told: Told, wanted: Wanted, place: str) -> None:
    """One life: it ends at the chosen place, else by our hand."""
    dice = random.Random(f"{wanted.seed}/{told.kills}")
    began = time.monotonic()
    await one.fork(wanted.fault if wanted.fault in IN_PROCESS else place)
    name = place.removeprefix("die:")
    if not place and dice.randrange(_STARTING) == 0:
        await asyncio.sleep(dice.uniform(0.0, 1.5))
    else:
        try:
            await one.ready()
            told.starts_s.append(time.monotonic() - began)
        except NeverReady:
            if not place or one.alive:
                raise
        with contextlib.suppress(NeverReady):
            if place:
                await one.dead(_CHOSEN_S)
                told.died[name] += 1
                return
        if not place:
            await asyncio.sleep(dice.uniform(*_LIVES_S))
            if wanted.troubles and dice.randrange(wanted.troubled) == 0:
                trouble = dice.choice(wanted.troubles)
                await trouble.strike(dice)
                told.troubles[type(trouble).__name__] += 1
                await asyncio.sleep(dice.uniform(*_LIVES_S))
        else:
            told.missed[name] += 1
    await one.kill()
    told.died[""] += 1


@contextlib.asynccontextmanager
async def _people(
    one: House, beyond: Messengers, told: Told, wanted: Wanted, homes: Sequence[Home]
) -> AsyncIterator[None]:
    """Everybody at every door; when the block ends they end what they have begun. Raises LateResidents."""
    writers, callers, staff = (
        Writers(one, beyond, told, wanted.seed, homes), Callers(one, told, wanted.seed), People(one, beyond, told)
    )  # fmt: skip
    work = [
        *(writers.browser(number) for number in range(wanted.browsers)),
        *(writers.telegram(number) for number in range(wanted.chats)),
        *(writers.wechat(number) for number in range(wanted.chats - 1)),
        *(callers.silent(number) for number in range(wanted.callers)),
        *(callers.by_sip(number) for number in range(wanted.callers)),
        *([callers.speaking(0)] if wanted.model else []),
        staff.on_telegram(),
        staff.on_wecom(),
    ]
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
        writers.ending = callers.ending = staff.ending = True
        _, late = await asyncio.wait(tasks, timeout=_PATIENCE_S)
        if late:
            raise LateResidents(f"{len(late)} residents wait for ever\n{one.said}")
        for task in tasks:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _rest(one: House, told: Told) -> None:
    """Until nothing is owed any more, or that does not come."""
    until = time.monotonic() + _REST_S
    while time.monotonic() < until:
        found = await asyncio.to_thread(check, one.database_url, told)
        if not (found.left_owed or found.left_in_chats or found.open_calls or found.calls_without_one_call_back):
            return
        await asyncio.sleep(_LOOK_S)


def _copies(beyond: Messengers, marks: _Marks) -> tuple[dict[str, int], dict[str, int]]:
    """What came again in a later life, and all that came, by who read it. Telegram alone knows no key by which the
    second of two is dropped."""
    copies, messages = Counter[str](), Counter[str]()
    lives = dict[tuple[str, str], int]()
    for at, (name, form) in enumerate(beyond.telegram.calls):
        if name == "sendMessage":
            key, life = (str(form["chat_id"]), form["text"]), bisect_right(marks.telegram, at)
            who = "staff" if is_staff(key[0]) else "residents"
            messages[who] += 1
            copies[who] += lives.setdefault(key, life) != life
    keys = Counter(key for key, _ in beyond.gateway.taken)
    messages["gateway"], copies["gateway"] = keys.total(), keys.total() - len(keys)
    return dict(copies), dict(messages)
