"""A backup every few minutes, each proved; a lost site comes back by the newest, and gives no number twice."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import uuid
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import select

from bot.app.backing_up import newest_backup
from bot.commands import archive
from bot.commands.archive import ArchiveFailed
from bot.commands.backups import FILES, backup_into, restore_newest, too_many
from bot.commands.doctor.backups import check_backups
from bot.database import now, open_database
from bot.foundation.backup_names import archive_of, archives_in
from bot.grid.models import Staff
from bot.notify import routes
from bot.notify.registered_names import RegisteredNames
from bot.notify.texts import Case, render
from bot.recordings.keys import add_key, load_keys
from bot.recordings.room import keep_recording
from bot.recordings.wrapping import rewrap_all
from bot.settings import BackupSettings, Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.models import Notification
from bot.tickets.outages import grouping
from bot.tickets.rules import usual_rules
from tests.notify.doubles import Recording

AT = dt.datetime(2026, 11, 28, 4, 0, tzinfo=dt.UTC)


@pytest.fixture
def site(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A site with a duty desk, a recording and a folder for backups."""
    monkeypatch.setenv("GEGE_DATABASE_URL", database_url)
    home, folder = tmp_path / "home", tmp_path / "backups"
    folder.mkdir()
    (home / "recordings" / "c1").mkdir(parents=True)
    (home / "recordings" / "c1" / "turn.sealed").write_bytes(b"one")
    database = open_database(database_url)
    with database.session() as session:
        session.add(Staff(staff_no="D1", name="值班", role="duty", phone="13900000006"))
    database.dispose()
    return Settings(home=home, database=database_url, backup=BackupSettings(folder=str(folder)))


class Given(NamedTuple):
    """What a site gave to the outside."""

    tickets: set[str]
    outages: set[str]
    keys: set[int]
    texts: set[str]


def given(settings: Settings, reports: int = 3) -> Given:
    """Reports, an outage and what is sent of them: everything by which somebody outside knows it again."""
    database, rules = open_database(settings.database_url), usual_rules()
    desk = TicketDesk(database)
    with database.reading() as session:
        before = set(session.scalars(select(Notification.id)))
    try:
        tickets = {
            desk.report(Report("outage", "停电了", uuid.uuid4().hex, Caller.by("phone"))).ticket_no
            for _ in range(reports)
        }
        with database.session() as session:
            outages = {grouping.declare(session, rules, now(), now()).outage_no}
            rows = session.scalars(select(Notification).where(Notification.id.not_in(before))).all()
            site, way = routes.Site(RegisteredNames(database), rules.hours.zone), Recording("webhook")
            sent = [routes.parcel(session, [row], [way], site, now()).messages["webhook"] for row in rows]
    finally:
        database.dispose()
    assert sent
    return Given(tickets, outages, {one.notification_id for one in sent}, {one.template for one in sent})


@pytest.mark.slow
def test_no_number_is_given_twice_however_often_the_same_backup_comes_back(site: Settings, tmp_path: Path) -> None:
    folder = Path(site.backup.folder)
    before = given(site)
    backup_into(site, folder)
    lost = given(site, 5)  # people hold these; no backup knows them
    known = [before, lost]
    for turn in range(2):
        home = Settings(home=tmp_path / f"new-{turn}", database=site.database)
        told = restore_newest(home, folder, force=True)
        assert "ticket numbers go on" in told
        known.append(given(home))
    for kind in ("tickets", "outages", "keys"):
        every = [one for each in known for one in getattr(each, kind)]
        assert len(every) == len(set(every)), f"{kind} were given twice: {sorted(every)}"
    database = open_database(site.database)
    with database.reading() as session:
        owed = session.scalars(select(Notification).where(Notification.template == "restored")).all()
    database.dispose()
    assert [(one.staff_no, one.urgent) for one in owed] == [("D1", True)], "the desk hears which time is missing"
    words = render("restored", Case(detail=owed[0].detail), "duty")
    assert "系统从备份恢复过" in words and "分的报修" in words.replace("点的报修", "分的报修")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_never_changes_is_copied_once_and_comes_back(site: Settings, tmp_path: Path) -> None:
    folder = Path(site.backup.folder)
    assert newest_backup(site) == 0.0 and newest_backup(Settings()) is None
    assert "none are made" in check_backups(Settings())[0] and "no backup yet" in check_backups(site)[0]
    away = site.model_copy(update={"backup": BackupSettings(folder=str(tmp_path / "away"))})
    assert "mount its disk" in check_backups(away)[1]
    assert "1 files copied" in backup_into(site, folder)
    assert check_backups(site)[1] == "", "it is fresh"
    (site.home / "recordings" / "c2").mkdir()
    (site.home / "recordings" / "c2" / "turn.sealed").write_bytes(b"two")
    (archives_in(folder)[0][1]).rename(archive_of(folder, AT))  # of another second than the next
    assert "is gege serve running" in check_backups(site)[1]
    assert "1 files copied" in backup_into(site, folder)
    assert (newest_backup(site) or 0.0) > AT.timestamp() - 1
    shutil.rmtree(site.home)
    newest = archives_in(folder)[-1][1]
    newest.write_bytes(newest.read_bytes()[:-200])
    told = restore_newest(site, folder, force=True)
    assert "2 files beside it" in told and str(newest) in told, "it says that the newest one is damaged"
    assert (site.home / "recordings" / "c2" / "turn.sealed").read_bytes() == b"two"
    # What the site deletes stays in the copy as long as its archives, and no longer.
    (site.home / "recordings" / "c1" / "turn.sealed").unlink()
    gone = folder / FILES / "recordings" / "c1" / "turn.sealed"
    backup_into(site, folder)
    assert gone.exists()
    noted = folder / FILES / "gone.json"
    noted.write_text(noted.read_text().replace(f"{now():%Y-%m-%d}", "2026-01-01"))
    backup_into(site, folder)
    assert not gone.exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_recording_under_another_key_is_copied_again(site: Settings) -> None:
    folder, name = Path(site.backup.folder), "recordings/c2/turn.sealed"
    load_keys(site)
    keep_recording(site, name, b"\x01\x02" * 400, 8000)
    an_hour_ago = (now() - dt.timedelta(hours=1)).timestamp()
    os.utime(site.home / name, (an_hour_ago, an_hour_ago))
    assert "2 files copied" in backup_into(site, folder)
    archives_in(folder)[0][1].rename(archive_of(folder, AT))
    add_key(site)
    assert rewrap_all(site).anew == 1
    assert "1 files copied" in backup_into(site, folder)
    assert (folder / FILES / name).read_bytes() == (site.home / name).read_bytes()
    archives_in(folder)[-1][1].rename(archive_of(folder, AT + dt.timedelta(hours=1)))
    assert "0 files copied" in backup_into(site, folder)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_that_cannot_be_read_again_is_none(
    site: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(site.backup.folder)
    unpack = archive._unpack

    def lying(file: Path, workshop: Path) -> object:
        """The disk took it, and gives something else back."""
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 0x10
        file.write_bytes(data)
        return unpack(file, workshop)

    monkeypatch.setattr(archive, "_unpack", lying)
    with pytest.raises(ArchiveFailed):
        backup_into(site, folder)
    assert archives_in(folder) == [] and not (folder / FILES).exists()
    with pytest.raises(ArchiveFailed, match="is its disk mounted"):
        backup_into(site, tmp_path / "not-mounted")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_folder_that_cannot_be_looked_into_is_told(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)
    detail, advice = check_backups(site)
    assert "cannot be looked into (Permission denied)" in detail and advice


def test_all_of_an_hour_one_an_hour_one_a_day() -> None:
    made = [AT - dt.timedelta(minutes=4) * n for n in range(20 * 24 * 15)][::-1]
    archives = [(at, Path(f"{at:%Y%m%d%H%M}")) for at in made]
    gone = set(too_many(archives, AT, keep_days=14))
    kept = [at for at, file in archives if file not in gone]
    ages = [AT - at for at in kept]
    assert sum(age <= dt.timedelta(hours=1) for age in ages) == 16
    assert 38 <= sum(age <= dt.timedelta(days=1) for age in ages) <= 41
    assert len(kept) <= 41 + 14 and max(ages) <= dt.timedelta(days=14)
    assert too_many(archives[:1], AT + dt.timedelta(days=90), 14) == [], "the last one stays"
