"""A person gets all that is theirs, in a form that they can read, and nothing of anybody else."""

from __future__ import annotations

import datetime as dt
import json
import stat
import zipfile
from pathlib import Path

import pytest

from bot.database import Database
from bot.doors.looks import CASE, HOUSEHOLD, Looks
from bot.privacy.persons import PersonRefused, Persons
from bot.privacy.subject import Subject
from bot.privacy.tables import tables
from bot.settings import Settings
from tests.privacy.somebody import BORN, Somebody
from tests.tickets.county import on_sqlite

pytestmark = on_sqlite


@pytest.fixture
def persons(site: Settings, database: Database) -> Persons:
    return Persons(site, database, clock=lambda: BORN + dt.timedelta(days=1))


def subject(somebody: Somebody) -> Subject:
    return Subject.of("phone", somebody.address)


def test_a_copy_holds_all_that_is_theirs(persons: Persons, somebody: Somebody, tmp_path: Path) -> None:
    file = tmp_path / "copy.zip"
    counts = persons.export(subject(somebody), file, "M1", "visit")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as copy:
        names, page = copy.namelist(), copy.read("index.html").decode()
        whole = json.loads(copy.read("data.json"))
        assert copy.read("recordings/c7000/turn-01.wav").startswith(b"RIFF")
    assert set(counts) >= {"utterance", "ticket", "activity", "entry", "household", "call_turn", "correction"}
    assert (
        set(whole["tables"]["ticket"][0]) >= {"said", "place", "facts"}
        and whole["tables"]["ticket"][0]["said"] == somebody.word
    )
    assert [one for one in names if one.startswith("pictures/")] == ["pictures/7000.jpg"]
    for said in ("您报的事", "13907150001", somebody.word, "GD7000", 'href="recordings/c7000/turn-01.wav"', "已办结"):
        assert said in page
    assert "code_hash" not in json.dumps(whole)


def test_what_a_neighbour_said_on_the_same_case_is_not_theirs(
    persons: Persons, database: Database, somebody: Somebody, tmp_path: Path
) -> None:
    with database.session() as session:
        activity = tables()["activity"]
        session.execute(activity.insert().values(
            id=1, ticket_id=somebody.number, at=BORN, kind="also_reported", by="resident",
            note="我是隔壁画眉", detail={"caller": "13907150002"},
        ))  # fmt: skip
    persons.export(subject(somebody), tmp_path / "copy.zip", "M1", "visit")
    with zipfile.ZipFile(tmp_path / "copy.zip") as copy:
        assert not any("画眉" in copy.read(name).decode("utf-8", "replace") for name in ("index.html", "data.json"))
    neighbour = Subject.of("phone", "13907150002")
    persons.delete(neighbour, "M1", "phone")
    with database.reading() as session:
        rows = session.execute(activity.select().order_by(activity.c.id)).mappings().all()
    assert [row["note"] for row in rows] == ["", somebody.word]


def test_a_person_is_told_who_looked(persons: Persons, database: Database, somebody: Somebody) -> None:
    looks = Looks(database)
    with database.session() as session:
        table = tables()["look"]
        for what, ref in ((CASE, somebody.ticket_no), (HOUSEHOLD, somebody.word), (CASE, "GD1")):
            session.execute(table.insert().values(at=BORN, staff_no="M2", what=what, ref=ref))
    found = persons.looks(subject(somebody), "D1", "phone")
    assert sorted((one.what, one.ref) for one in found) == [(CASE, somebody.ticket_no), (HOUSEHOLD, somebody.word)]
    assert looks.at([(CASE, "GD1")])
    assert [(one.what, one.by) for one in persons.acts()] == [("looks", "D1")]


def test_what_is_wrong_is_put_right_and_what_it_was_is_not_kept(
    persons: Persons, database: Database, somebody: Somebody
) -> None:
    persons.correct(subject(somebody), somebody.ticket_no, "M1", "visit", householder="王建军", said="是漏保跳了")
    with database.reading() as session:
        ticket = session.execute(tables()["ticket"].select()).mappings().one()
        last = session.execute(tables()["activity"].select()).mappings().all()[-1]
    assert (ticket["householder"], ticket["said"]) == ("王建军", "是漏保跳了")
    assert (last["kind"], last["by"], last["detail"]) == ("corrected", "M1", {"fields": ["householder", "said"]})
    with pytest.raises(PersonRefused, match="no ticket of theirs"):
        persons.correct(Subject.of("phone", "13907159999"), somebody.ticket_no, "M1", "visit", said="x")
