"""A backup proves itself, a restore is whole or not at all."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
from pathlib import Path

import pytest

from bot.app.parts import open_site
from bot.commands.archive import MANIFEST, ArchiveFailed, backup, restore
from bot.database import open_database
from bot.grid.models import Grid
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller

# Archives of whole sites.
pytestmark = pytest.mark.slow

Files = dict[str, bytes]


@pytest.fixture
def site(home: Path) -> Settings:
    """A site with settings, a recording, a prompt, something in the cache and an installed model."""
    for name, content in {
        "gege.toml": b"[web]\nport = 8123\n",
        "recordings/c1/turn-01.wav": b"RIFF-one",
        "prompts/index.json": '{"您好": "a.wav"}'.encode(),
        "prompts/a.wav": b"RIFF-two",
        "cache/speech/x.wav": b"made again",
        "models/small/am/final.mdl": b"installed again",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)
    return Settings(home=home)


@pytest.fixture
def archive(site: Settings, tmp_path: Path) -> Path:
    file = tmp_path / "gege.tar.gz"
    backup(site, file)
    return file


def content(folder: Path) -> Files:
    """Every file and what is in it; of the database only that it is there (SQLite notes in it who had it open)."""
    files = [one for one in folder.rglob("*") if one.is_file()]
    return {one.relative_to(folder).as_posix(): b"" if one.name == "gege.sqlite" else one.read_bytes() for one in files}


def report(settings: Settings, said: str) -> str:
    database = open_site(settings)
    try:
        return TicketDesk(database).report(Report("outage", said, said, Caller.by("phone"))).ticket_no
    finally:
        database.dispose()


def repack(archive: Path, change: dict[str, bytes], extra: tuple[tarfile.TarInfo, ...] = (), mode: int = 0) -> None:
    """Write the archive again with some files' content (or all modes) changed and some members added in front."""
    with tarfile.open(archive) as old:
        members = [(one, old.extractfile(one).read()) for one in old.getmembers()]  # type: ignore[union-attr]
    with tarfile.open(archive, "w:gz") as new:
        for info in extra:
            new.addfile(info, io.BytesIO(b"x" * info.size))
        for info, data in members:
            data = change.get(info.name, data)
            info.size, info.mode = len(data), mode or info.mode
            new.addfile(info, io.BytesIO(data))


def test_a_lost_machine_comes_back_as_it_was(site: Settings, tmp_path: Path) -> None:
    number = report(site, "沿河路停电了")
    told = backup(site, tmp_path / "gege.tar.gz")
    assert "5 files and the database" in told
    before = content(site.home)
    shutil.rmtree(site.home)
    told = restore(site, tmp_path / "gege.tar.gz")
    assert "restored 5 files" in told
    after = content(site.home)
    assert after.keys() == before.keys() - {"cache/speech/x.wav", "models/small/am/final.mdl"}
    assert all(after[name] == before[name] for name in after)
    database = open_site(site)
    try:
        assert TicketDesk(database).ticket(number) is not None
        with database.reading() as session:
            assert session.query(Grid).count() == 16
    finally:
        database.dispose()


def test_whoever_restores_hears_of_messages_that_will_go_out(site: Settings, tmp_path: Path) -> None:
    number = report(site, "停电了")
    backup(site, tmp_path / "gege.tar.gz")
    assert number
    told = restore(Settings(home=tmp_path / "new"), tmp_path / "gege.tar.gz")
    assert "still owed" in told


def test_a_backup_while_the_service_writes_holds_whole_transactions(site: Settings, tmp_path: Path) -> None:
    database = open_site(site)
    try:
        desk = TicketDesk(database)
        first = desk.report(Report("outage", "a", "a", Caller.by("phone"))).ticket_no
        with database.session() as session:
            session.add(Grid(grid_no="half"))
            session.flush()  # written, not committed
            backup(site, tmp_path / "gege.tar.gz")
        restore(Settings(home=tmp_path / "new"), tmp_path / "gege.tar.gz")
    finally:
        database.dispose()
    copy = open_database(f"sqlite:///{tmp_path / 'new' / 'gege.sqlite'}")
    try:
        assert TicketDesk(copy).ticket(first) is not None
        with copy.reading() as session:
            assert session.get(Grid, "half") is None
    finally:
        copy.dispose()


def test_a_backup_is_for_its_owner_only_and_leaves_nothing_beside_it(archive: Path) -> None:
    assert archive.stat().st_mode & 0o077 == 0
    assert [one.name for one in archive.parent.iterdir() if one.name != "home"] == [archive.name]


def test_modes_are_ours_whatever_an_archive_says(archive: Path, tmp_path: Path) -> None:
    repack(archive, {}, mode=0o777)
    new = tmp_path / "new"
    new.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        restore(Settings(home=new), archive)
    finally:
        os.umask(before)
    modes = {one: stat.S_IMODE(one.stat().st_mode) for one in (new, *new.rglob("*"))}
    assert {modes[one] for one in modes if one.is_dir()} == {0o700}
    assert {modes[one] for one in modes if one.is_file()} == {0o600}
    assert (new / "gege.sqlite") in modes and (new / "gege.toml") in modes


def test_a_backup_does_not_replace_a_file_that_is_no_archive(site: Settings) -> None:
    with pytest.raises(ArchiveFailed, match="no archive"):
        backup(site, site.home / "gege.toml")
    assert "8123" in (site.home / "gege.toml").read_text()


def test_yesterdays_backup_in_the_same_folder_does_not_swell_todays(site: Settings) -> None:
    backup(site, site.home / "one.tar.gz")
    backup(site, site.home / "two.tar.gz")
    with tarfile.open(site.home / "two.tar.gz") as tar:
        assert not [name for name in tar.getnames() if name.endswith(".tar.gz")]


def test_nothing_is_restored_over_a_site_unasked(site: Settings, archive: Path) -> None:
    before = content(site.home)
    with pytest.raises(ArchiveFailed, match=r"not empty.*--force"):
        restore(site, archive)
    assert content(site.home) == before


def test_force_replaces_the_site_and_keeps_the_old_one_aside(site: Settings, archive: Path) -> None:
    later = report(site, "后来的")
    (site.home / "recordings" / "c2.wav").write_bytes(b"later")
    told = restore(site, archive, force=True)
    aside = next(site.home.glob("replaced-*"))
    assert str(aside) in told
    assert (aside / "recordings" / "c2.wav").read_bytes() == b"later"
    assert not (site.home / "recordings" / "c2.wav").exists()
    assert (site.home / "models" / "small" / "am" / "final.mdl").exists(), "an installed model stays"
    database = open_site(site)
    try:
        assert TicketDesk(database).ticket(later) is None
    finally:
        database.dispose()
    backup(site, archive.with_name("again.tar.gz"))
    with tarfile.open(archive.with_name("again.tar.gz")) as tar:
        assert not [name for name in tar.getnames() if "replaced-" in name]


def test_a_running_services_database_is_not_pulled_from_under_it(site: Settings, archive: Path) -> None:
    database = open_site(site)
    try:
        with database.reading() as session:
            session.query(Grid).count()
            with pytest.raises(ArchiveFailed, match="stop the service"):
                restore(site, archive, force=True)
    finally:
        database.dispose()
    assert not list(site.home.glob("replaced-*"))


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    info.size = 3 if kind == tarfile.REGTYPE else 0
    return info


@pytest.mark.parametrize(
    "member",
    [
        _member("../outside"),
        _member("home/../../outside"),
        _member("/tmp/outside"),
        _member("home/..\\outside"),
        _member("outside"),
        _member("home/link", tarfile.SYMTYPE, "/etc/passwd"),
        _member("home/hard", tarfile.LNKTYPE, "home/gege.toml"),
        _member("home/device", tarfile.CHRTYPE),
        _member("home/folder", tarfile.DIRTYPE),
    ],
    ids=lambda one: f"{one.name} ({one.type.decode()})",
)
def test_an_archive_cannot_write_outside_of_gege_home(archive: Path, tmp_path: Path, member: tarfile.TarInfo) -> None:
    repack(archive, {}, (member,))
    with pytest.raises(ArchiveFailed, match="refuses"):
        restore(Settings(home=tmp_path / "new"), archive)
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "outside").exists()


def _cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size * 2 // 3])


def _flip(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0x10
    archive.write_bytes(data)


def _no_archive(archive: Path) -> None:
    archive.write_bytes(b"household_no,householder\n")


def _other_tar(archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("home/empty"))


def _no_end(archive: Path) -> None:
    whole = gzip.decompress(archive.read_bytes())
    archive.write_bytes(gzip.compress(whole[: whole.rindex(MANIFEST.encode()) // 512 * 512]))


def _manifest(archive: Path, **change: object) -> None:
    with tarfile.open(archive) as tar:
        manifest = json.load(tar.extractfile(MANIFEST))  # type: ignore[arg-type]
    repack(archive, {MANIFEST: json.dumps(manifest | change).encode()})


DAMAGE = {
    "cut short": _cut,
    "one bit flipped": _flip,
    "a CSV": _no_archive,
    "another tar": _other_tar,
    "without its end": _no_end,
    "a file exchanged": lambda archive: repack(archive, {"home/prompts/a.wav": b"RIFF-xxx"}),
    "a file added": lambda archive: repack(archive, {}, (_member("home/new"),)),
    "the database exchanged": lambda archive: repack(archive, {"database.sqlite": b"SQLite format 3\0"}),
    "manifest no JSON": lambda archive: repack(archive, {MANIFEST: b"{"}),
    "manifest a list": lambda archive: repack(archive, {MANIFEST: b"[]"}),
    "another format": lambda archive: _manifest(archive, gege_archive=99),
    "newer tables": lambda archive: _manifest(archive, revision="9999"),
    "bad settings": None,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_archive_changes_nothing(site: Settings, archive: Path, tmp_path: Path, damage: str) -> None:
    if spoil := DAMAGE[damage]:
        spoil(archive)
    else:
        (site.home / "gege.toml").write_text("[web]\nport = 'x'\n")
        backup(site, archive)
    with pytest.raises(ArchiveFailed) as told:
        restore(Settings(home=tmp_path / "new"), archive)
    assert "\n" not in str(told.value)
    assert str(archive) in str(told.value)
    assert not (tmp_path / "new").exists()
    before = content(site.home)
    with pytest.raises(ArchiveFailed):
        restore(site, archive, force=True)
    assert content(site.home) == before


def test_a_move_that_fails_half_way_is_taken_back(
    site: Settings, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.home / "recordings" / "c2.wav").write_bytes(b"later")
    before = content(site.home)
    moves = iter(range(100))
    move = shutil.move

    def failing(source: Path, target: Path) -> object:
        if next(moves) == 5:
            raise OSError(28, "No space left on device")
        return move(source, target)

    monkeypatch.setattr(shutil, "move", failing)
    with pytest.raises(ArchiveFailed, match="No space left"):
        restore(site, archive, force=True)
    assert content(site.home) == before


def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(site: Settings, tmp_path: Path) -> None:
    with (site.home / "gege.sqlite").open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(40_000))
    with pytest.raises(ArchiveFailed):
        backup(site, tmp_path / "gege.tar.gz")
    assert not (tmp_path / "gege.tar.gz").exists()


def test_an_archive_does_not_choose_the_file_that_is_written(
    site: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GEGE_DATABASE_URL", raising=False)
    precious = tmp_path / "authorized_keys"
    precious.write_text("mine")
    (site.home / "gege.toml").write_text(f'database = "sqlite:///{precious}"')
    backup(Settings(home=site.home), tmp_path / "foreign.tar.gz")
    with pytest.raises(ArchiveFailed, match="GEGE_DATABASE_URL"):
        restore(Settings(home=tmp_path / "new"), tmp_path / "foreign.tar.gz")
    assert precious.read_text() == "mine" and not (tmp_path / "new" / "gege.toml").exists()


def test_a_database_outside_of_gege_home_goes_back_there(
    site: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "disk" / "county.db"
    elsewhere.parent.mkdir()
    shutil.move(site.home / "gege.sqlite", elsewhere)
    site = Settings(home=site.home, database=f"sqlite:///{elsewhere}")
    backup(site, tmp_path / "gege.tar.gz")
    elsewhere.unlink()
    monkeypatch.setenv("GEGE_DATABASE_URL", site.database)
    restore(Settings(home=tmp_path / "new", database=site.database), tmp_path / "gege.tar.gz")
    with sqlite3.connect(elsewhere) as connection:
        assert connection.execute("SELECT count(*) FROM grid").fetchone() == (16,)
    connection.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_postgresql_site_comes_back_as_it_was(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEGE_DATABASE_URL", database_url)
    site = Settings(home=tmp_path / "home", database=database_url)
    number = report(site, "停电了")
    (site.home / "gege.toml").write_text("[web]\nport = 8123\n")
    backup(site, tmp_path / "gege.tar.gz")
    later = report(site, "后来的")
    with pytest.raises(ArchiveFailed, match="not empty"):
        restore(Settings(home=tmp_path / "new", database=database_url), tmp_path / "gege.tar.gz")
    restore(Settings(home=tmp_path / "new", database=database_url), tmp_path / "gege.tar.gz", force=True)
    database = open_database(database_url)
    try:
        assert TicketDesk(database).ticket(number) is not None
        assert TicketDesk(database).ticket(later) is None
    finally:
        database.dispose()
    monkeypatch.delenv("GEGE_DATABASE_URL")
    with pytest.raises(ArchiveFailed, match="PostgreSQL"):
        restore(Settings(home=tmp_path / "third"), tmp_path / "gege.tar.gz")
