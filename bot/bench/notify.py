"""`gege bench notify`: how soon danger is sent, and whether a storm of reports floods anybody."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from bot.bench.percentile import percentile
from bot.database import Database, now
from bot.grid.models import Household, Transformer
from bot.notify.provider import Message
from bot.notify.relay import Relay
from bot.settings import NotifySettings
from bot.tickets.cards import Report
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.models import Notification, Ticket

Progress = Callable[[str], None]
#: the storm: reports (repeats included), sections of feeders, minutes
REPORTS, SECTIONS, MINUTES = 12_000, 40, 10
#: at ten in the morning of a working day, Beijing time
_MORNING = dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC)


class _Noting:
    """A provider that takes everything and notes when."""

    name = "bench"
    trusted = False
    per_minute = None

    def __init__(self) -> None:
        self.messages: list[tuple[float, Message]] = []

    async def send(self, message: Message) -> None:
        self.messages.append((time.perf_counter(), message))


def _relay(database: Database, provider: _Noting, **more: Any) -> Relay:
    return Relay(database, {provider.name: provider}, NotifySettings(providers=[provider.name]), **more)


async def first_send(database: Database, per_second: int = 20, seconds: int = 10) -> dict[str, Any]:
    """Milliseconds from the commit of a danger report to its first message, at so many reports a second."""
    provider = _Noting()
    relay = _relay(database, provider)
    desk = TicketDesk(database, relay.nudge)
    with database.reading() as session:
        homes = list(session.execute(select(Household.household_no, Household.grid_no).limit(per_second * seconds)))
    serving = asyncio.create_task(relay.run())
    committed: dict[str, float] = {}
    began = time.perf_counter()
    for number, (household_no, grid_no) in enumerate(homes):
        await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
        report = Report(
            kind="hazard",
            said="变压器冒烟",
            session=f"bench-{number}",
            caller=Caller.by(Channel.phone),
            household_no=household_no,
            grid_no=grid_no,
        )
        card = await asyncio.to_thread(desk.report, report)
        committed[card.ticket_no] = time.perf_counter()
    await asyncio.sleep(2)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    first: dict[str, float] = {}
    for at, message in provider.messages:
        first.setdefault(message.ticket_no, at)
    waits = [(first[number] - at) * 1000 for number, at in committed.items() if number in first]
    return {
        "reports": len(committed),
        "sent": len(waits),
        "ms_p50": round(percentile(waits, 0.5), 1),
        "ms_p95": round(percentile(waits, 0.95), 1),
        "ms_max": round(max(waits), 1),
    }


def storm(database: Database, progress: Progress = lambda line: None) -> dict[str, Any]:
    """12,000 outage reports of 40 transformers in ten minutes of simulated time; the busiest minute of each reader."""
    dice, provider = random.Random(7), _Noting()
    relay, desk = _relay(database, provider), TicketDesk(database)
    homes = _homes(database, dice)
    at, told = _MORNING, defaultdict[str, list[dt.datetime]](list)
    began = time.perf_counter()
    for second in range(MINUTES * 60):
        at = _MORNING + dt.timedelta(seconds=second)
        for number in range(REPORTS // (MINUTES * 60)):
            household_no, grid_no = dice.choice(homes)
            report = Report(
                kind="outage", said="停电了", session=f"storm-{second}-{number}", 
                caller=Caller.by(Channel.phone, f"139{dice.randrange(10**8):08d}"), household_no=household_no, grid_no=grid_no,
            )  # fmt: skip
            desk.report(report, at)
        _deliver(relay, provider, at, told)
        if second % 60 == 59:
            progress(f"minute {second // 60 + 1}: {len(provider.messages)} messages so far")
    took = time.perf_counter() - began
    for minute in range(1, 6):
        _deliver(relay, provider, at + dt.timedelta(minutes=minute), told)
    with database.reading() as session:
        tickets = session.scalar(select(func.count()).where(Ticket.opened_at >= _MORNING)) or 0
        waiting = (
            session.scalar(select(func.count()).where(Notification.state == "pending", Notification.due_at <= at)) or 0
        )
        lost = session.scalar(select(func.count()).where(Ticket.opened_at >= _MORNING, Ticket.owner.is_(None)))
    busiest = {who: max(Counter(one.replace(second=0) for one in times).values()) for who, times in told.items()}
    managers = [count for who, count in busiest.items() if who.startswith("M")]
    return {
        "reports": REPORTS,
        "tickets": tickets,
        "without_owner": lost,
        "messages_still_due": waiting,
        "messages": len(provider.messages),
        "busiest_minute_of_a_manager": max(managers, default=0),
        "busiest_minute_of_anybody": max(busiest.values(), default=0),
        "reports_and_relay_a_second": round(REPORTS / took),
    }


def _deliver(relay: Relay, provider: _Noting, at: dt.datetime, told: dict[str, list[dt.datetime]]) -> None:
    before = len(provider.messages)
    asyncio.run(relay.deliver_due(at))
    for _, message in provider.messages[before:]:
        told[message.staff_no].append(at)


def _homes(database: Database, dice: random.Random) -> list[tuple[str, str]]:
    """Households of the sections, each to be reported several times."""
    with database.reading() as session:
        transformers = list(session.scalars(select(Transformer.id)))
        chosen = dice.sample(transformers, min(SECTIONS, len(transformers)))
        rows = session.execute(
            select(Household.household_no, Household.grid_no).where(Household.transformer_id.in_(chosen))
        )
        return [(row[0], row[1]) for row in rows]


async def bench_notify(database: Database, progress: Progress) -> dict[str, Any]:
    """Both, one after the other, on a county of its own."""
    found = {"danger_at_20_reports_a_second": await first_send(database)}
    progress(str(found))
    found["storm"] = await asyncio.to_thread(storm, database, progress)
    found["measured_at"] = now().isoformat(timespec="minutes")  # type: ignore[assignment]
    return found
