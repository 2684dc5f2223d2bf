"""A turn is all or nothing: what was heard stays, and what it did, where the dialogue is and what was said go together."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from bot.app.parts import Parts, running
from bot.bench.doubles.postgres import PostgresMissing, PostgresServer
from bot.database import open_database
from bot.dialogue import turns
from bot.dialogue.port import Reply
from bot.settings import DialogueSettings, Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.models import DialogueState, Notification, Ticket, Timer, Utterance
from tests.dialogue.conftest import TOKEN, rasa_server

DANGER = "哎呀电线断了掉在路上"


# the service lives in the loop of its module
pytestmark = pytest.mark.asyncio(loop_scope="module")


class Died(BaseException):
    """The process is gone."""


def heard(text: str, session: str, id: str = "", channel: str = "web") -> Heard:
    return Heard(id or uuid.uuid4().hex, session, text, caller=Caller.by(channel, "13800138000"))


async def say(service: Parts, text: str, session: str, id: str = "") -> Reply:
    return await service.dialogue.turn(heard(text, session, id))


def count(service: Parts, model: Any, *conditions: Any) -> int:
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def kinds(service: Parts, *sessions: str) -> list[str]:
    """Kinds of the tickets of a conversation."""
    with service.database.reading() as reading:
        found = reading.scalars(select(Ticket.kind).where(Ticket.session.in_(sessions)).order_by(Ticket.id))
        return list(found)


def _ticket(service: Parts, session: str) -> int:
    with service.database.reading() as reading:
        return reading.scalar(select(Ticket.id).where(Ticket.session == session)) or 0


async def half_told(service: Parts, session: str) -> str:
    """A report up to the read-back; → the read-back."""
    await say(service, "我屋里停电了", session)
    reply = await say(service, "桃花源村三组", session)
    while "对不对" not in reply.text:
        reply = await say(service, "户主叫王建国" if "户主" in reply.text else "桃花源村三组", session)
    return reply.text


@pytest.fixture
def session() -> str:
    """A conversation of its own: the service is everybody's."""
    return uuid.uuid4().hex


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(county: Path, dialogue_model: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    home = tmp_path_factory.mktemp("turns")
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, home)
    async with site(home) as started:
        yield started


@contextlib.asynccontextmanager
async def site(home: Path, **dialogue: Any) -> AsyncIterator[Parts]:
    async with running(Settings(home=home, dialogue=DialogueSettings(**dialogue)), relay=False) as service:
        yield service


@pytest.fixture
def broken(service: Parts, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever logs a report does all of it, and then raises."""
    report = service.desk.report

    def raising(*args: Any, **kwargs: Any) -> Any:
        report(*args, **kwargs)
        raise RuntimeError("the action is broken")

    with monkeypatch.context() as patch:
        patch.setattr(service.desk, "report", raising)
        patch.setattr(service.spool, "intake", _kept_by(service, report))
        yield


def _kept_by(service: Parts, report: Any) -> Any:
    """The intake with a desk that works: only the actions' one is broken."""

    async def intake(heard: Heard, reason: str) -> str | None:
        broken, service.desk.report = service.desk.report, report  # type: ignore[method-assign]
        try:
            return service.intake.keep(heard, reason)
        finally:
            service.desk.report = broken  # type: ignore[method-assign]

    return intake


async def test_an_action_that_raises_ends_with_a_person_and_undoes_all_that_it_did(
    service: Parts, session: str, broken: None
) -> None:
    readback = await half_told(service, session)
    reply = await say(service, "对", session)
    assert reply.text == turns.sentence("utter_kept_for_a_person") and reply.hand_over and reply.ticket_no
    assert (
        kinds(service, session) == ["unclear"]
        and count(service, Timer, Timer.ticket_id == _ticket(service, session)) == 2
    )
    # the form is where it was before the turn that failed
    assert (await say(service, "再讲一遍", session)).text == readback


async def test_a_turn_that_raises_half_way_and_what_it_has_said_does_not_count(
    service: Parts, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actions import report

    def raising(*_: Any) -> Any:
        raise RuntimeError("the action is broken")

    monkeypatch.setattr(report, "ask", raising)
    reply = await say(service, "我要投诉你们服务态度太差", session)
    assert reply.text == turns.sentence("utter_kept_for_a_person") and kinds(service, session) == ["unclear"]


async def test_danger_whose_action_raises_is_still_danger(service: Parts, session: str, broken: None) -> None:
    reply = await say(service, DANGER, session)
    assert reply.sentences[0] == turns.sentence("utter_safety_line") and reply.ticket_no
    assert kinds(service, session) == ["hazard"] and count(service, Notification, Notification.urgent) > 0


async def test_danger_that_only_the_file_knew_is_the_same_danger_when_it_is_said_again(
    service: Parts, session: str
) -> None:
    # As after a death: the spool has made the ticket, and the dialogue never heard of it.
    left = service.intake.keep(
        Heard(uuid.uuid4().hex, session, DANGER, caller=Caller.by("phone", "")), "dialogue_failed"
    )
    reply = await say(service, DANGER, session)
    assert reply.ticket_no == left and kinds(service, session) == ["hazard"]


async def test_a_turn_without_a_word_goes_to_a_person(
    service: Parts, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actions import converse

    monkeypatch.setattr(converse, "converse", lambda turn: None)
    reply = await say(service, "你好", session)
    assert reply.text == turns.sentence("utter_kept_for_a_person") and kinds(service, session) == ["unclear"]


async def test_the_same_id_again_gets_the_same_answer_also_after_a_restart_and_from_another_process(
    home: Path, dialogue_model: Path
) -> None:
    async with site(home) as service:
        await half_told(service, "s1")
        first = await say(service, "对", "s1", "u-yes")
        assert first.ticket_no and "记下了" in first.text
        assert await say(service, "对", "s1", "u-yes") == first
        async with site(home) as other:
            assert await say(other, "对", "s1", "u-yes") == first
    async with site(home) as service:
        assert await say(service, "对", "s1", "u-yes") == first
        assert kinds(service, "s1") == ["outage"]


async def test_a_death_before_the_commit_leaves_what_was_heard_and_the_turn_can_be_taken_again(
    home: Path, dialogue_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is done but the commit; then the process is gone."""
    async with site(home) as service:
        await half_told(service, "s1")

        def dies(*_: Any) -> None:
            raise Died

        with monkeypatch.context() as patch:
            patch.setattr(turns, "answer", dies)
            with pytest.raises(Died):
                await say(service, "对", "s1", "u-yes")
        assert kinds(service, "s1") == [] and count(service, Notification) == 0 and count(service, Timer) == 0
        assert count(service, Utterance, Utterance.id == "u-yes") == 1
    async with site(home) as service:
        reply = await say(service, "对", "s1", "u-yes")
        assert reply.ticket_no and kinds(service, "s1") == ["outage"]
        assert service.desk.sweep(stale_after=_none()) == []


@pytest.mark.slow
async def test_a_first_sentence_that_comes_again_is_no_yes(
    home: Path, dialogue_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with site(home) as service:
        first = await say(service, "我要投诉你们服务态度太差", "s1", "u1")
        assert first.ticket_no is None
    async with site(home) as service:
        assert await say(service, "我要投诉你们服务态度太差", "s1", "u1") == first
        assert kinds(service, "s1") == []
        # what was not confirmed is logged once, when the dialogue rests
        assert len(service.desk.sweep(stale_after=_none())) == 1 and service.desk.sweep(stale_after=_none()) == []


def _none() -> Any:
    return dt.timedelta(seconds=-1)


@contextlib.contextmanager
def locked(home: Path) -> Iterator[None]:
    """Another process writes and does not end."""
    other = sqlite3.connect(home / "gege.sqlite", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.slow
async def test_a_locked_database_gets_an_honest_answer_in_bounded_time_and_the_report_waits(
    home: Path, dialogue_model: Path
) -> None:
    async with site(home, write_s=1.0) as service:
        readback = await half_told(service, "s1")
        with locked(home):
            began = time.monotonic()
            answers = await asyncio.gather(
                say(service, "对", "s1"), *(say(service, "停电了", f"other-{n}") for n in range(8))
            )
            assert time.monotonic() - began < 4.0
            assert {one.text for one in answers} == {turns.sentence("utter_written_later")}
            assert service.spool.waiting == 9 and kinds(service, "s1") == []
        assert await service.spool.retry() == 9 and service.spool.waiting == 0
        assert kinds(service, "s1", *(f"other-{n}" for n in range(8))) == ["unclear"] * 9
        # nothing was forgotten
        assert (await say(service, "再讲一遍", "s1")).text == readback


async def test_the_words_of_safety_come_at_once_while_the_database_is_locked(
    home: Path, dialogue_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "SAFETY_WORDS_S", 0.2)
    async with site(home, write_s=1.0) as service:
        with locked(home):
            began = time.monotonic()
            reply = await say(service, DANGER, "s1", "u1")
            took = time.monotonic() - began
            assert took < 1.0, took
            assert reply.sentences[0] == turns.sentence("utter_safety_line") and reply.hand_over
            assert "记下" not in reply.text and "95598" in reply.text and "119" in reply.text
            await _until(lambda: service.spool.waiting == 1)
        await service.spool.retry()
        assert kinds(service, "s1") == ["hazard"]
        # the same id again: what became of it, and no second ticket (a slow machine says the words of safety once more)
        async with asyncio.timeout(20):
            while not (await say(service, DANGER, "s1", "u1")).ticket_no:
                await asyncio.sleep(0.1)
        assert kinds(service, "s1") == ["hazard"]


async def test_danger_is_spoken_of_while_rasa_is_busy_and_its_ticket_comes_behind(
    service: Parts, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "SAFETY_WORDS_S", 0.2)
    from actions import danger

    usual, busy = danger.begin, threading.Event()

    def slow(*said: Any) -> None:
        busy.wait(10)
        usual(*said)

    monkeypatch.setattr(danger, "begin", slow)
    began = time.monotonic()
    reply = await say(service, DANGER, session, f"{session}-1")
    assert time.monotonic() - began < 1.0 and reply.sentences[0] == turns.sentence("utter_safety_line")
    # should the process die now, it is on file
    assert service.spool.waiting == 1
    busy.set()
    await _until(lambda: kinds(service, session) == ["hazard"])
    await service.spool.retry()
    assert service.spool.waiting == 0 and kinds(service, session) == ["hazard"]
    later = await say(service, "天城镇鹿门路", session)
    assert turns.sentence("utter_hazard_line") not in later.text and kinds(service, session) == ["hazard"]


async def test_a_broken_rasa_is_an_apology_and_a_ticket(
    service: Parts, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("no model")

    with monkeypatch.context() as patch:
        patch.setattr(service.dialogue, "_answer", broken)
        reply = await say(service, "停电了", session)
        again = await say(service, "喂", session)
    assert reply.text == turns.sentence("utter_kept_for_a_person") and again.ticket_no == reply.ticket_no
    assert kinds(service, session) == ["unclear"]


async def test_nobody_is_told_before_the_commit(service: Parts, session: str) -> None:
    """The relay is nudged when its rows are there for all to see; of what came to nothing it hears nothing."""
    seen: list[int] = []
    other = open_database(str(service.database.engine.url))

    def nudged() -> None:
        with other.reading() as reading:
            seen.append(reading.scalar(select(func.count()).where(Ticket.session == session)) or 0)

    desk = TicketDesk(service.database, nudged)
    report = Report.of(heard(DANGER, session), "hazard")
    with pytest.raises(RuntimeError), desk.together():
        desk.report(report)
        raise RuntimeError
    assert seen == [] and kinds(service, session) == []
    with desk.together():
        desk.report(report)
        desk.report(report)
    other.dispose()
    assert seen == [1]


async def test_a_disk_that_is_full_says_so_and_safety_comes_first(
    service: Parts, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(service.spool, "_put", full)
    monkeypatch.setattr(service.desk, "keep", full)
    reply = await say(service, DANGER, session)
    assert reply.sentences == (turns.sentence("utter_safety_line"), turns.sentence("utter_could_not_log"))


async def test_nobody_is_promised_help_while_nothing_can_be_written_down(
    home: Path, dialogue_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is busy and the disk is full: the words of safety come at once, and no 我在叫人."""

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    async with site(home, write_s=1.0) as service:
        monkeypatch.setattr(service.spool, "_put", full)
        with locked(home):
            reply = await say(service, DANGER, "s1", "u1")
        assert reply.sentences == (turns.sentence("utter_safety_line"), turns.sentence("utter_could_not_log"))


@pytest.mark.slow
async def test_a_dialogue_that_another_process_went_on_with_is_read_anew(home: Path, dialogue_model: Path) -> None:
    async with site(home) as one, site(home) as two:
        await say(one, "我屋里停电了", "s1")
        readback = await say(two, "桃花源村三组", "s1")
        while "对不对" not in readback.text:
            readback = await say(two, "户主叫王建国" if "户主" in readback.text else "桃花源村三组", "s1")
        done = await say(one, "对", "s1")
        assert done.ticket_no and kinds(one, "s1") == ["outage"]
        with one.database.reading() as session:
            state = session.get_one(DialogueState, "s1")
            assert state.unfinished == {} and not state.half_told


async def _until(true: Any, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def test_a_turn_is_one_transaction_on_both_databases(
    database_url: str, tmp_path: Path, dialogue_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(Settings(home=tmp_path / "home", database=database_url), relay=False) as service:
        readback = await half_told(service, "s1")
        report = service.desk.report

        def raising(*args: Any, **kwargs: Any) -> Any:
            report(*args, **kwargs)
            raise RuntimeError("the action is broken")

        with monkeypatch.context() as patch:
            patch.setattr(service.desk, "report", raising)
            patch.setattr(service.spool, "intake", _kept_by(service, report))
            assert (await say(service, "对", "s1", "u1")).text == turns.sentence("utter_kept_for_a_person")
        assert kinds(service, "s1") == ["unclear"]
        assert (await say(service, "对", "s1", "u1")).text == turns.sentence("utter_kept_for_a_person")
        assert (await say(service, "再讲一遍", "s1")).text == readback
        done = await say(service, "对", "s1", "u2")
        assert "记下了" in done.text and await say(service, "对", "s1", "u2") == done
        assert kinds(service, "s1") == ["unclear", "outage"]


@pytest.mark.slow
async def test_a_postgresql_that_has_stopped_gets_words_of_safety_and_files(
    tmp_path: Path, dialogue_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "SAFETY_WORDS_S", 0.2)
    try:
        server = PostgresServer()
    except PostgresMissing as problem:
        pytest.skip(str(problem))
    async with running(Settings(home=tmp_path, database=server.create("stopped")), relay=False) as service:
        await half_told(service, "s1")
        server.stop()
        began = time.monotonic()
        reply = await say(service, DANGER, "s2")
        assert time.monotonic() - began < 1.0 and reply.sentences[0] == turns.sentence("utter_safety_line")
        assert (await say(service, "对", "s1")).text == turns.sentence("utter_written_later")
        await _until(lambda: service.spool.waiting == 2)


@pytest.mark.slow
async def test_a_rasa_server_keeps_the_same_word_and_a_locked_database_is_told_honestly(
    home: Path, dialogue_model: Path
) -> None:
    with rasa_server(home) as url:
        async with site(home, adapter="http", url=url, token=TOKEN, write_s=1.0) as service:
            readback = await half_told(service, "s1")
            with locked(home):
                assert (await say(service, "对", "s1")).text == turns.sentence("utter_written_later")
            assert await service.spool.retry() == 1 and kinds(service, "s1") == ["unclear"]
            assert (await say(service, "再讲一遍", "s1")).text == readback
            done = await say(service, "对", "s1", "u-yes")
            assert "记下了" in done.text and await say(service, "对", "s1", "u-yes") == done
    async with site(home) as service:
        assert await say(service, "对", "s1", "u-yes") == done and kinds(service, "s1") == ["unclear", "outage"]
