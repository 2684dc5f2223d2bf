"""A photograph of the register is a person's as much as the entry that names it: it goes with it, and is handed over."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest

from bot.database import Database
from bot.privacy.persons import Persons
from bot.privacy.subject import Subject
from bot.privacy.tables import tables
from bot.privacy.terms import sweep
from bot.register.photos import Photos
from bot.settings import Settings
from tests.privacy.somebody import BORN, Somebody

NOW_TAKEN, BEFORE, THEIRS = (b"\xff\xd8\xff\xe0" + said for said in (b"the meter", b"the pole", b"the neighbour's"))


@pytest.fixture
def photos(database: Database, site: Settings, somebody: Somebody) -> dict[str, Path]:
    """One that the entry names, one that it named before it was changed; and a neighbour's entry with one of its own."""
    rows = ("call", "call_log", "utterance", "ticket", "entry")
    Somebody("13907150002", "画眉鸟", 8000).fill(database, site, BORN + dt.timedelta(days=30), only=rows)
    room = Photos(site.home)
    names = {said: room.keep(data) for said, data in (("now", NOW_TAKEN), ("before", BEFORE), ("theirs", THEIRS))}
    entry, change = tables()["entry"], tables()["entry_change"]
    with database.session() as session:
        session.execute(entry.update().where(entry.c.id == 7000).values(fields={"photo": names["now"]}))
        session.execute(entry.update().where(entry.c.id == 8000).values(fields={"photo": names["theirs"]}))
        was = {"day": "2026-11-23", "state": "done", "fields": {"photo": names["before"]}}
        session.execute(change.update().where(change.c.id == 7000).values(was=was))
    return {said: site.home / "register-photos" / name for said, name in names.items()}


def there(photos: dict[str, Path]) -> set[str]:
    return {said for said, file in photos.items() if file.exists()}


def delete(database: Database, site: Settings, who: Somebody) -> None:
    later = BORN + dt.timedelta(days=40)
    Persons(site, database, clock=lambda: later).delete(Subject.of("phone", who.address), "M1", "visit")


def shared(database: Database, photos: dict[str, Path]) -> None:
    """The neighbour's entry names the same photograph as well."""
    entry = tables()["entry"]
    fields = {"photo": photos["now"].name, "other": photos["theirs"].name}
    with database.session() as session:
        session.execute(entry.update().where(entry.c.id == 8000).values(fields=fields))


def test_who_is_deleted_leaves_no_photograph(
    database: Database, site: Settings, somebody: Somebody, photos: dict[str, Path]
) -> None:
    delete(database, site, somebody)
    assert there(photos) == {"theirs"}


def test_a_photograph_goes_at_the_term_of_its_entry(
    database: Database, site: Settings, photos: dict[str, Path]
) -> None:
    sweep(site, database, BORN + dt.timedelta(days=site.privacy.register_days + 1))
    assert there(photos) == {"theirs"}
    sweep(site, database, BORN + dt.timedelta(days=site.privacy.register_days + 31))
    assert there(photos) == set()


def test_a_photograph_that_another_entry_names_stays_with_that_one(
    database: Database, site: Settings, somebody: Somebody, photos: dict[str, Path]
) -> None:
    shared(database, photos)
    delete(database, site, somebody)
    assert there(photos) == {"now", "theirs"}


def test_their_voice_alone_takes_no_photograph(
    database: Database, site: Settings, somebody: Somebody, photos: dict[str, Path]
) -> None:
    Persons(site, database).delete(Subject.of("phone", somebody.address), "M1", "phone", recordings=True)
    assert there(photos) == {"now", "before", "theirs"}


def test_a_copy_holds_their_photographs_and_nobody_elses(
    database: Database, site: Settings, somebody: Somebody, photos: dict[str, Path], tmp_path: Path
) -> None:
    shared(database, photos)
    persons = Persons(site, database, clock=lambda: BORN + dt.timedelta(days=1))
    persons.export(Subject.of("phone", somebody.address), tmp_path / "copy.zip", "M1", "visit")
    with zipfile.ZipFile(tmp_path / "copy.zip") as copy:
        pictures = {name for name in copy.namelist() if name.startswith("pictures/")}
        assert pictures == {"pictures/7000.jpg", f"pictures/{photos['now'].name}", f"pictures/{photos['before'].name}"}
        assert copy.read(f"pictures/{photos['now'].name}") == NOW_TAKEN
