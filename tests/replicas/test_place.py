"""Several services of one database: who lives keeps what it has, and who fell loses it to whoever sees that."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, update

from bot.app.among_services import RunsAlready, the_only_one
from bot.chat.inbox import Inbox, Kept
from bot.chat.models import KeptUpdate, OwedAnswer
from bot.chat.outgoing import Outgoing, Said
from bot.database import Database, now, open_database
from bot.notify.relay import release
from bot.replicas.models import RunningService
from bot.replicas.place import Place
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from bot.tickets.models import Notification

LEASE_S = 10.0


class Clock:
    """Monotonic seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def place(database: Database, name: str, clock: Clock | None = None) -> Place:
    one = Place(database, name, LEASE_S, clock or Clock())
    with database.session() as session:
        # As `begin` does on PostgreSQL; on SQLite it would end everybody else: there is one service.
        session.add(RunningService(id=one.id, name=one.name, began_at=now(), beat_at=now()))
    one._unbroken = one._last = one._clock()
    return one


def killed(database: Database, one: Place) -> None:
    """It has not beaten for longer than its lease."""
    with database.session() as session:
        long_ago = now() - dt.timedelta(seconds=LEASE_S * 1.5)
        session.execute(update(RunningService).where(RunningService.id == one.id).values(beat_at=long_ago))


def watching_for_a_lease(one: Place, clock: Clock) -> None:
    """It has beaten without a gap for a whole lease: now it may judge."""
    for _ in range(5):
        clock.at += LEASE_S / 4
        one.beat()


def test_what_one_who_lives_does_no_other_does(database: Database) -> None:
    clock = Clock()
    first, second = place(database, "a"), place(database, "b", clock)
    watching_for_a_lease(second, clock)
    assert first.claim("learning") and first.claim("learning")
    assert not second.claim("learning")
    assert second.claim("tidy") and not first.claim("tidy")
    first.let_go("learning")
    assert second.claim("learning")


def test_of_many_who_ask_at_once_one_gets_it(database: Database) -> None:
    places = [place(database, f"p{number}") for number in range(6)]
    with ThreadPoolExecutor(len(places)) as threads:
        got = list(threads.map(lambda one: one.claim("danger GD1"), places))
    assert got.count(True) == 1


def test_what_a_killed_one_did_another_does_after_the_lease(database: Database) -> None:
    clock = Clock()
    first, second = place(database, "a"), place(database, "b", clock)
    assert first.claim("outbox")
    watching_for_a_lease(second, clock)
    assert not second.claim("outbox")
    killed(database, first)
    assert second.claim("outbox")
    assert not first.claim("outbox"), "who wakes again has lost it"


def test_who_could_not_beat_itself_takes_nobody_for_dead(database: Database) -> None:
    """The database was away for all: the first one back must not take the calls of the others."""
    clock = Clock()
    first, second = place(database, "a"), place(database, "b", clock)
    assert first.claim("outbox")
    watching_for_a_lease(second, clock)
    killed(database, first)
    clock.at += 3 * LEASE_S
    second.beat()
    assert first.id in second.living() and not second.claim("outbox")
    watching_for_a_lease(second, clock)
    assert second.claim("outbox")


def test_who_begins_again_under_its_name_has_left_its_former_life(database: Database) -> None:
    former = Place(database, "a", LEASE_S)
    former.begin()
    assert former.claim("outbox")
    again = Place(database, "a", LEASE_S)
    again.begin()
    assert former.id not in again.living() and again.claim("outbox")


def test_who_stops_leaves_all_at_once(database: Database) -> None:
    first, second = place(database, "a"), place(database, "b")
    assert first.claim("outbox")
    first.end()
    assert second.claim("outbox")


def test_the_calls_of_one_who_lives_are_nobody_elses(database: Database) -> None:
    clock = Clock()
    first, second = place(database, "a"), place(database, "b", clock)
    TicketDesk(database, service=first.id).begin_call("c1", "13907150001")
    other = TicketDesk(database, service=second.id)
    assert other.recover(living=second.living()) == [] and [one.id for one in other.open_calls()] == ["c1"]
    watching_for_a_lease(second, clock)
    killed(database, first)
    assert [card.kind for card in other.take_over(second.living())] == ["callback"]
    assert other.open_calls() == [] and other.take_over(second.living()) == []


def test_the_call_of_a_command_beside_the_service_is_left_alone_while_it_serves(database: Database) -> None:
    TicketDesk(database).begin_call("tool", "13907150001")
    mine = place(database, "a")
    desk = TicketDesk(database, service=mine.id)
    assert desk.take_over(mine.living()) == []
    assert len(desk.recover(living=mine.living())) == 1


def test_a_start_frees_no_message_that_another_is_sending(database: Database) -> None:
    first, second = place(database, "a"), place(database, "b")
    later = now() + dt.timedelta(seconds=15)
    with database.session() as session:
        for whose in (first.id, "gone#1", ""):
            row = Notification(template="stuck", channel="sms", address="1", attempts=1, due_at=later, service=whose)
            session.add(row)
    assert release(database, now(), second.living(), anybodys=False) == 1
    assert release(database, now(), second.living()) == 2 - 1
    with database.reading() as session:
        held = session.scalars(select(Notification.service).where(Notification.due_at > now())).all()
    assert held == [first.id]


def test_a_kept_update_is_handled_by_whoever_kept_it_and_by_another_when_that_fell(database: Database) -> None:
    clock = Clock()
    first, second = place(database, "a"), place(database, "b", clock)
    one, other = Inbox(database, "telegram", first), Inbox(database, "telegram", second)
    assert [kept.id for kept in one.keep([Kept("telegram-1", "7", {})])] == ["telegram-1"]
    assert other.waiting() == []
    # What comes after it in the chat goes where the first one is handled, through whichever service it came.
    assert other.keep([Kept("telegram-1", "7", {}), Kept("telegram-2", "7", {})]) == []
    assert [kept.id for kept in one.waiting()] == ["telegram-1", "telegram-2"]
    watching_for_a_lease(second, clock)
    killed(database, first)
    assert [kept.id for kept in other.waiting()] == ["telegram-1", "telegram-2"]
    with database.reading() as session:
        assert set(session.scalars(select(KeptUpdate.service))) == {second.id}


def test_the_same_update_at_two_services_at_once_is_kept_once(database: Database) -> None:
    inboxes = [Inbox(database, "telegram", place(database, f"p{number}")) for number in range(4)]
    together = threading.Barrier(len(inboxes))

    def keep(inbox: Inbox) -> int:
        together.wait()
        return len(inbox.keep([Kept("telegram-9", "7", {"update_id": 9})]))

    with ThreadPoolExecutor(len(inboxes)) as threads:
        assert sum(threads.map(keep, inboxes)) == 1


async def test_an_answer_is_shown_by_one_service_and_by_another_when_that_fell(database: Database) -> None:
    import asyncio

    clock = Clock()
    first, second = await asyncio.to_thread(place, database, "a"), await asyncio.to_thread(place, database, "b", clock)
    shown: list[str] = []

    async def show(name: str, said: Said) -> None:
        shown.append(said.text)

    one, other = Outgoing(database, owner=first), Outgoing(database, owner=second)
    await one.say("u1", [Said("telegram", "7", "记下了")])  # nobody has a way yet: it stays owed
    other.add_ways({"telegram": show})
    await other.look()
    await asyncio.gather(*other._work.values())
    assert shown == [], "it is the first one's to show"
    await asyncio.to_thread(watching_for_a_lease, second, clock)
    await asyncio.to_thread(killed, database, first)
    await other.look()
    await asyncio.gather(*other._work.values())
    assert shown == ["记下了"]

    def left() -> int:
        with database.reading() as session:
            return len(session.scalars(select(OwedAnswer.id)).all())

    assert await asyncio.to_thread(left) == 0


def test_one_home_is_served_by_one(tmp_path: Path) -> None:
    site = Settings(home=tmp_path)
    with the_only_one(site), pytest.raises(RunsAlready, match="is served already"), the_only_one(site):
        pass
    with the_only_one(site):
        pass


def test_one_sqlite_file_is_served_by_one_whatever_the_home(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    one, other = Settings(home=tmp_path / "a", database=url), Settings(home=tmp_path / "b", database=url)
    with the_only_one(one), pytest.raises(RunsAlready, match="PostgreSQL"), the_only_one(other):
        pass


def test_services_that_start_at_once_on_an_empty_database_make_its_tables_once() -> None:
    from tests.postgres import _server

    server = _server()
    if isinstance(server, str):
        pytest.skip(f"NO POSTGRESQL: {server}")
    url = server.create("gege_at_once")
    together = threading.Barrier(3)

    def migrate(_: int) -> None:
        # Whoever waits for ever fails.
        database = open_database(f"{url}?options=-c%20lock_timeout%3D60000")
        together.wait()
        database.migrate()
        database.dispose()

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(migrate, range(3)))
    database = open_database(url)
    assert "lease" in inspect(database.engine).get_table_names()
    database.dispose()
    server.drop("gege_at_once")
