"""Who asks for it is deleted everywhere, and stays deleted when a backup is restored."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.database import Database, now
from bot.privacy.erasure import StillOpen
from bot.privacy.models import PersonAct
from bot.privacy.persons import PersonRefused, Persons
from bot.privacy.subject import Subject
from bot.privacy.tables import tables
from bot.privacy.tombstones import deleted_file
from bot.recordings.moving import move_settled
from bot.settings import BucketSettings, RecordingSettings, Settings
from bot.tickets.desk import TicketDesk
from tests.privacy.somebody import BORN, Somebody, traces
from tests.recordings.s3 import BUCKET, storage_on_loopback
from tests.tickets.county import on_sqlite, outage

LATER = BORN + dt.timedelta(days=3)


@pytest.fixture
def persons(site: Settings, database: Database) -> Persons:
    return Persons(site, database, clock=lambda: LATER)


@pytest.fixture
def neighbour(database: Database, site: Settings, somebody: Somebody) -> Somebody:
    found = Somebody("13907150002", "画眉鸟", 8000)
    found.fill(database, site, BORN)
    return found


def of(who: Somebody, *, typed: bool = False) -> Subject:
    return Subject.of("phone", who.address, typed=typed)


def test_a_person_is_deleted_from_every_table_and_file_and_nobody_else_is(
    persons: Persons, database: Database, site: Settings, somebody: Somebody, neighbour: Somebody
) -> None:
    before = traces(database, site, neighbour)
    assert len(before) > 30
    counts = persons.delete(of(somebody), "M1", "visit")
    # A draw of a survey holds the numbers of households, and nobody's.
    assert traces(database, site, somebody) == ["draw.drawn"]
    assert traces(database, site, neighbour) == before
    assert counts["ticket"] == counts["utterance"] == 1 and counts["files"] == 3


@on_sqlite
def test_what_is_left_of_a_case_still_counts(persons: Persons, database: Database, somebody: Somebody) -> None:
    persons.delete(of(somebody), "M1", "visit")
    with database.reading() as session:
        ticket = session.execute(select(tables()["ticket"])).mappings().one()
    assert (ticket["ticket_no"], ticket["state"], ticket["grid_no"], ticket["opened_at"]) == (
        somebody.ticket_no, "closed", "24", BORN,
    )  # fmt: skip
    assert (ticket["said"], ticket["facts"], ticket["household_no"], ticket["utterance_id"]) == ("", {}, None, None)


@on_sqlite
def test_who_asked_and_who_did_it_is_a_row_that_does_not_keep_the_number(
    persons: Persons, database: Database, site: Settings, somebody: Somebody
) -> None:
    persons.delete(of(somebody), "M1", "relative", "letter 12")
    with database.reading() as session:
        row = session.scalars(select(PersonAct)).one()
    assert (row.what, row.asked, row.by, row.note) == ("delete", "relative", "M1", "letter 12")
    assert somebody.address not in deleted_file(site).read_text()
    assert [one.what for one in persons.acts(of(somebody))] == ["delete"]
    assert persons.acts(Subject.of("phone", "13907159999")) == []


@on_sqlite
def test_whoever_does_it_is_known_and_says_how_it_was_asked(persons: Persons, somebody: Somebody) -> None:
    with pytest.raises(PersonRefused, match="nobody of the staff"):
        persons.delete(of(somebody), "X9", "visit")
    with pytest.raises(PersonRefused, match="how did the person ask"):
        persons.delete(of(somebody), "M1", "")


@on_sqlite
def test_a_case_that_somebody_works_on_is_settled_first(
    persons: Persons, database: Database, site: Settings, village: None
) -> None:
    TicketDesk(database).report(outage(said="金丝雀家停电了", reporter="13907150001"), BORN)
    subject = Subject.of("phone", "13907150001")
    with pytest.raises(StillOpen, match="GD"):
        persons.delete(subject, "M1", "phone")
    assert not deleted_file(site).exists()
    persons.delete(subject, "M1", "phone", open_too=True)
    with database.reading() as session:
        tickets, timers = tables()["ticket"], tables()["timer"]
        assert session.scalars(select(tickets.c.state)).all() == ["cancelled"]
        assert session.scalars(select(timers.c.id).where(timers.c.done_at.is_(None))).all() == []
    assert traces(database, site, Somebody("13907150001", "金丝雀")) == []


@on_sqlite
def test_the_voice_alone_can_be_deleted(
    persons: Persons, database: Database, site: Settings, somebody: Somebody
) -> None:
    counts = persons.delete(of(somebody), "M1", "phone", recordings=True)
    assert counts["files"] == 2
    assert not (site.home / somebody.recording).exists() and (site.home / somebody.picture).exists()
    with database.reading() as session:
        said = session.execute(select(tables()["utterance"])).mappings().one()
        consent = session.execute(select(tables()["corpus_consent"])).mappings().one()
    assert said["text"] == somebody.word and said["recording"] == "" and consent["withdrawn_at"] == LATER


@on_sqlite
def test_of_a_storage_elsewhere_only_the_folders_of_their_calls_are_listed(
    database: Database, site: Settings, somebody: Somebody, neighbour: Somebody
) -> None:
    with storage_on_loopback() as storage:
        bucket = BucketSettings(url=storage.url, bucket=BUCKET, prefix="one/", access_key="site", secret_key="nobody's")
        moved = site.model_copy(update={"recording": RecordingSettings(bucket=bucket)})
        assert move_settled(moved, now() + dt.timedelta(hours=2)) == 4 and not storage.listed
        Persons(moved, database, clock=lambda: LATER).delete(of(somebody), "M1", "visit")
        assert set(storage.listed) == {f"one/recordings/{somebody.call}/"}
        assert {name.split("/")[2] for name in storage.objects} == {neighbour.call}


@on_sqlite
def test_a_number_that_somebody_typed_is_nobodys_until_it_is_said(
    persons: Persons, database: Database, site: Settings, somebody: Somebody
) -> None:
    with database.session() as session:
        for name in ("utterance", "ticket"):
            session.execute(tables()[name].update().values(channel="web", assurance="typed"))
    assert persons.delete(of(somebody), "M1", "visit").get("ticket") is None
    assert persons.delete(of(somebody, typed=True), "M1", "visit")["ticket"] == 1


def test_after_a_restore_the_deletions_are_done_again(
    persons: Persons, database: Database, site: Settings, somebody: Somebody
) -> None:
    persons.delete(of(somebody), "M1", "visit")
    # Yesterday's archive brings back what was theirs; tomorrow they call again.
    back, fresh = Somebody(somebody.address, somebody.word, 8000), Somebody(somebody.address, somebody.word, 9000)
    talk = ("call", "call_log", "call_turn", "utterance", "ticket", "activity", "attachment", "corpus_consent")
    back.fill(database, site, BORN, only=talk)
    fresh.fill(database, site, LATER + dt.timedelta(days=1), only=talk)
    with database.session() as session:
        tickets = tables()["ticket"]
        session.execute(tickets.update().where(tickets.c.ticket_no == back.ticket_no).values(state="acknowledged"))
    assert persons.again() == 1
    with database.reading() as session:
        assert session.scalars(select(tables()["utterance"].c.id)).all() == [fresh.utterance]
        assert session.scalars(select(tickets.c.said).order_by(tickets.c.id)).all() == ["", "", somebody.word]
        assert set(session.scalars(select(tickets.c.state))) == {"closed", "cancelled"}
    assert [one.what for one in persons.acts(of(somebody))] == ["again", "delete"]
    assert not (site.home / back.recording).exists() and (site.home / fresh.recording).exists()
    assert persons.again() == 0


@on_sqlite
def test_a_list_of_those_deleted_may_lie_elsewhere(
    site: Settings, database: Database, somebody: Somebody, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "usb" / "deleted.jsonl"
    moved = site.model_copy(update={"privacy": site.privacy.model_copy(update={"deleted_file": str(elsewhere)})})
    Persons(moved, database, clock=lambda: LATER).delete(of(somebody), "M1", "visit")
    assert [json.loads(line)["what"] for line in elsewhere.read_text().splitlines()] == ["delete"]
    assert Persons(site, database).again((elsewhere,)) == 0
