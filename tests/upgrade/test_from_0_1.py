"""A site of Gege 0.1 is opened by this version: nothing is lost, nothing is done twice, and it goes on (docs/upgrade.md)."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import shutil
import sqlite3
import warnings
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import soundfile
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.app.parts import open_site
from bot.commands.archive import restore
from bot.database import MIGRATIONS, Database
from bot.recordings.room import open_recording
from bot.settings import PROJECT, Settings, load_settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.due.timers import fire_due
from bot.tickets.intake.caller import Caller
from tests.postgres import empty_url

SITE = Path(__file__).with_name("home-0.1")
BACKUP = Path(__file__).with_name("backup-0.1.tar.gz")
T = TypeVar("T")
#: the tables of 0.1
FIRST = "0001"
#: when the site was left by 0.1
LEFT_AT = dt.datetime(2026, 11, 28, 23, 40, tzinfo=dt.UTC)
CALL = "30245049-08b8-431f-ba6c-49b3ec7e2e47"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home without its database."""
    shutil.copytree(SITE, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, home: Path) -> Iterator[Settings]:
    """The site as 0.1 left it, on either database; not migrated."""
    settings = load_settings(home)
    for url in empty_url(request.param, home):
        if request.param == "sqlite":
            with sqlite3.connect(home / "gege.sqlite") as database:
                database.executescript((home / "gege.sql").read_text("utf-8"))
        else:
            _filled(url, home)
        yield settings.model_copy(update={"database": url})


@pytest.fixture
def site(old: Settings) -> Iterator[tuple[Settings, Database]]:
    """The same, opened by this version."""
    database = open_site(old)
    yield old, database
    database.dispose()


def _filled(url: str, home: Path) -> None:
    """0.1's own tables on PostgreSQL, with the rows of the dump."""
    engine, config = sa.create_engine(url), Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)
        connection.commit()
    dump = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with dump.connect() as connection:
        connection.connection.executescript((home / "gege.sql").read_text("utf-8"))  # type: ignore[attr-defined]
    before, after = sa.MetaData(), sa.MetaData()
    before.reflect(dump)
    after.reflect(engine)
    with dump.connect() as source, engine.begin() as target:
        for table in after.sorted_tables:
            rows = [dict(row) for row in source.execute(before.tables[table.name].select()).mappings()]
            if rows and table.name != "alembic_version":
                target.execute(table.insert(), [_in_utc(row) for row in rows])
            if "id" in table.columns and isinstance(table.columns["id"].type, sa.Integer):
                # As the site itself would have counted on.
                following = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"
                target.execute(sa.text(following))
    for one in (engine, dump):
        one.dispose()


def _in_utc(row: dict[str, object]) -> dict[str, object]:
    return {key: one.replace(tzinfo=dt.UTC) if isinstance(one, dt.datetime) else one for key, one in row.items()}


def test_every_case_is_there_with_its_history_and_messages(site: tuple[Settings, Database]) -> None:
    _, database = site
    with database.engine.connect() as connection:
        here = MigrationContext.configure(connection).get_current_revision()
    assert here == ScriptDirectory(str(MIGRATIONS)).get_current_head()
    desk = TicketDesk(database)
    found = {one.ticket_no[-4:]: one for one in desk.tickets()}
    assert {no: (one.kind, one.state, one.urgent, one.owner) for no, one in found.items()} == {
        "0001": ("outage", "acknowledged", False, "M22"),
        "0002": ("outage", "resolved", False, "M11"),
        "0003": ("hazard", "reported", True, "T1"),
    }
    assert found["0001"].said == "我屋里停电了" and found["0001"].household_no == "4211005554"
    history = [(one.kind, one.by) for one in desk.activities("GD2611290002")]
    assert history == [("reported", "resident"), ("acknowledged", "M11"), ("resolved", "M11")]
    told = [(one.staff_no, one.state) for one in desk.notifications("GD2611290003")]
    assert sorted(told) == [("D1", "sent"), ("D2", "sent"), ("T1", "sent")]
    with database.engine.connect() as connection:
        counted = {
            table: connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("household", "contact", "staff", "grid", "utterance", "call")
        }
    assert counted == {"household": 98, "contact": 85, "staff": 53, "grid": 16, "utterance": 9, "call": 1}


def test_a_report_of_before_makes_no_second_case_and_a_number_is_given_once(site: tuple[Settings, Database]) -> None:
    desk = TicketDesk(site[1])
    caller = Caller.by("phone", "13907150000")
    again = desk.report(Report("outage", "我屋里停电了", CALL, caller, utterance_id=f"{CALL}-3"), LEFT_AT)
    assert again.ticket_no == "GD2611290001"
    other = desk.report(
        Report("outage", "我这里也停电了", "another", Caller.by("phone", "13900009999"), "another-1"), LEFT_AT
    )
    assert other.ticket_no == "GD2611290004"


def test_recordings_of_before_they_were_sealed_are_heard(site: tuple[Settings, Database]) -> None:
    settings, database = site
    with database.engine.connect() as connection:
        names = connection.execute(
            sa.text("SELECT recording FROM utterance WHERE recording <> '' ORDER BY id")
        ).scalars()
        heard = [soundfile.info(io.BytesIO(open_recording(settings, name))) for name in names]
    assert [(one.channels, one.duration) for one in heard] == [(1, 0.5)] * 3


def test_half_a_report_of_before_becomes_a_case_and_a_danger_that_was_logged_no_second(
    site: tuple[Settings, Database],
) -> None:
    desk = TicketDesk(site[1])
    found = desk.recover(LEFT_AT + dt.timedelta(hours=1))
    assert [(one.kind, one.session, one.said) for one in found] == [("outage", "say-13900000004", "屋里冇得电")]
    assert desk.sweep(LEFT_AT + dt.timedelta(hours=2)) == []


def test_a_danger_that_nobody_took_climbs_on(site: tuple[Settings, Database]) -> None:
    _, database = site
    desk = TicketDesk(database)
    before = len(desk.notifications("GD2611290003"))
    assert fire_due(database, LEFT_AT + dt.timedelta(minutes=30)) > 0
    assert len(desk.notifications("GD2611290003")) > before
    assert desk.ticket("GD2611290003").state == "reported"  # type: ignore[union-attr]


def test_what_the_site_had_set_is_still_set(home: Path) -> None:
    settings = load_settings(home)
    assert (settings.voice.end_of_speech, settings.speech.rate, settings.speech.alternatives) == (1.2, 140, 4)
    assert (settings.dialogue.session_minutes, settings.notify.providers) == (20, ["file"])
    assert settings.notify.dead_letter_after_h == 12.0


def test_a_conversation_of_before_goes_on_without_a_complaint(
    site: tuple[Settings, Database], caplog: pytest.LogCaptureFixture
) -> None:
    from bot.dialogue import rasa_lite

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Rasa's libraries, when they are first imported
        rasa_lite.install()
        from rasa.shared.core.domain import Domain

    from bot.dialogue.state import DialogueStore

    store = DialogueStore(site[1], session_minutes=10**7)
    store.domain = Domain.load(str(PROJECT / "domain.yml"))
    with caplog.at_level(logging.WARNING):
        kept = _now(store.retrieve("say-13900000004"))
    assert kept is not None and kept.latest_message.text == "屋里冇得电"
    assert caplog.messages == []


def _now(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine that waits for nothing returns; outside of a loop, where a database may be asked."""
    with pytest.raises(StopIteration) as done:
        coroutine.send(None)
    return done.value.value  # type: ignore[no-any-return]


def test_a_backup_of_before_is_restored(tmp_path: Path) -> None:
    restore(Settings(home=tmp_path / "new"), BACKUP)
    settings = load_settings(tmp_path / "new")
    database = open_site(settings)
    try:
        assert {one.ticket_no for one in TicketDesk(database).tickets()} >= {"GD2611290001", "GD2611290003"}
    finally:
        database.dispose()
    assert settings.speech.rate == 140
    told = (tmp_path / "new" / "notifications.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["to"] for line in told] == ["M22", "M11", "T1", "D1", "D2"]
