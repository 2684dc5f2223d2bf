"""What several services could do twice, and one does: everyday messages, rings for danger, weekly learning, timers."""

from __future__ import annotations

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import select

from bot.calling.danger import DangerCalls
from bot.calling.ledger import Ledger
from bot.database import Database, now
from bot.grid.present import Present
from bot.grid.registry import Registry
from bot.learning.runs import RunLog
from bot.learning.weekly import learning
from bot.lines.dialling import Rung
from bot.notify.relay import Relay
from bot.replicas.place import Place
from bot.settings import CallingSettings, NotifySettings, Settings
from bot.tickets.desk import TicketDesk
from bot.tickets.due.timers import fire_due
from bot.tickets.models import Activity
from tests.notify.doubles import Recording
from tests.replicas.test_place import Clock, killed, place, watching_for_a_lease
from tests.tickets.county import AT, hazard, minutes, outage
from tests.tickets.county import county as small_county
from tests.voice.doubles import ToneVoice
from tests.waiting import until

county = small_county
SECOND = dt.timedelta(seconds=1)


def relay(database: Database, owner: Place, provider: Recording) -> Relay:
    settings = NotifySettings(providers=["fake"], per_person_a_minute=5)
    return Relay(database, {provider.name: provider}, settings, owner=owner)  # type: ignore[arg-type]


def test_a_managers_minute_is_one_minute_however_many_services_there_are(county: Database) -> None:
    desk, sent = TicketDesk(county), Recording()
    relays = [relay(county, place(county, name), sent) for name in ("a", "b")]
    left: list[dt.datetime] = []
    for second in range(0, 90, 2):
        at = AT + second * SECOND
        desk.report(outage(reporter=f"138{second:08}"), at)
        for one in relays:
            before = len(sent.sent)
            asyncio.run(one.deliver_due(at))
            left += [at] * (len(sent.sent) - before)
    assert all(sum(at <= one < at + 60 * SECOND for one in left) <= 5 for at in left), left


def test_danger_leaves_by_whoever_sees_it(county: Database) -> None:
    """The one that sends everyday messages hangs, or has just died: nobody in danger waits for its lease."""
    desk, sent = TicketDesk(county), Recording()
    first, second = relay(county, place(county, "a"), sent), relay(county, place(county, "b"), sent)
    asyncio.run(first.deliver_due(AT))  # it has the outbox
    desk.report(outage(), AT)
    desk.report(hazard(), AT)
    assert asyncio.run(second.deliver_due(AT)) > 0
    assert sent.sent and all(message.urgent for message in sent.sent)


def test_who_takes_over_the_messages_counts_what_the_fallen_one_sent(county: Database) -> None:
    clock, desk, sent = Clock(), TicketDesk(county), Recording()
    fallen, heir = place(county, "a"), place(county, "b", clock)
    at = now()
    for number in range(5):
        desk.report(outage(session=f"s{number}"), at + number * SECOND)
        asyncio.run(relay(county, fallen, sent).deliver_due(at + number * SECOND))
    watching_for_a_lease(heir, clock)
    killed(county, fallen)
    before = len(sent.sent)
    assert before == 5
    one = relay(county, heir, sent)
    desk.report(outage(session="s9"), at + 6 * SECOND)
    asyncio.run(one.deliver_due(at + 6 * SECOND))
    assert len(sent.sent) == before, "his minute is full"
    asyncio.run(one.deliver_due(at + 61 * SECOND))
    assert len(sent.sent) == before + 1


class Network:
    """Nobody answers; who was rung, by whom."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    async def ring(self, number: str, within_s: float) -> Rung:
        self.rung.append(number)
        await asyncio.sleep(0.01)
        return Rung("no_answer")


async def test_one_service_rings_for_a_danger_and_another_when_that_one_fell(county: Database) -> None:
    clock = Clock()
    desk, ledger = TicketDesk(county), Ledger(county, CallingSettings(prefixes=[], per_hour=0))
    first = await asyncio.to_thread(place, county, "a")
    second = await asyncio.to_thread(place, county, "b", clock)
    networks = [Network(), Network()]
    people = Present(await asyncio.to_thread(Registry.load, county))
    calls = [
        DangerCalls(desk, people, network, ToneVoice(0.02), ledger, site="崇阳供电", pause_s=3600, owner=owner)  # type: ignore[arg-type]
        for network, owner in zip(networks, (first, second), strict=True)
    ]
    ticket = await asyncio.to_thread(desk.report, hazard(), now())
    await calls[0].tick()
    for _ in range(5):
        assert await calls[1].tick() == 0
        await asyncio.sleep(0.02)
    await until(lambda: len(networks[0].rung) == 3)
    assert networks[1].rung == []
    await asyncio.to_thread(watching_for_a_lease, second, clock)
    await asyncio.to_thread(killed, county, first)
    assert await calls[1].tick() == 1
    await until(lambda: len(networks[1].rung) == 3)
    # Taken by a person: whoever rings lets go of it.
    await asyncio.to_thread(desk.acknowledge, ticket.ticket_no, "M1", now())
    await asyncio.gather(*(one.close() for one in calls))
    assert await asyncio.to_thread(first.claim, f"danger {ticket.ticket_no}")


async def test_one_service_learns_at_the_weekly_hour(county: Database, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, dialogue={"models": str(tmp_path)}, site={"timezone": "UTC"})  # type: ignore[arg-type]
    settings.learning.weekly = now().strftime("%a %H:%M")
    runs, log = [], RunLog(county)

    async def run() -> int:
        runs.append(await asyncio.to_thread(log.begin))
        return 0

    places = [await asyncio.to_thread(place, county, name) for name in ("a", "b", "c")]
    loops = [learning(settings, county, None, run, look_s=0.01, owner=owner) for owner in places]
    for loop in loops:
        loop.start()
    await until(lambda: bool(runs))
    await asyncio.sleep(0.3)
    await asyncio.gather(*(loop.stop() for loop in loops))
    assert len(runs) == 1


def test_a_timer_fires_once_whoever_looks(county: Database) -> None:
    desk = TicketDesk(county)
    for number in range(8):
        desk.report(outage(session=f"s{number}"), AT)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: fire_due(county, AT + minutes(11)), range(4)))
    with county.reading() as session:
        climbed = session.scalars(select(Activity).where(Activity.kind == "escalated")).all()
    steps = [(row.ticket_id, row.detail["step"]) for row in climbed]
    assert len(steps) == len(set(steps)) == 16, "two steps each, none twice"
