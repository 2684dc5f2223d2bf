"""Recordings in a storage elsewhere: it is trusted with nothing, nobody waits for it, and what is deleted is deleted there too."""

from __future__ import annotations

import base64
import datetime as dt
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.database import Database, now
from bot.recordings import moving
from bot.recordings.elsewhere import StoreUnavailable, elsewhere_of
from bot.recordings.files import keep_file, open_file
from bot.recordings.keys import KeyRefused, key_file, load_keys
from bot.recordings.models import RecordingDeletion
from bot.recordings.moving import move_settled, waiting
from bot.recordings.room import (
    RecordingMissing,
    begin_recording,
    delete_expired,
    delete_recording,
    keep_recording,
    look_into,
    open_recording,
)
from bot.recordings.wrapping import Wrapped, rewrap_all
from bot.settings import BucketSettings, RecordingSettings, Settings, SettingsError, load_settings
from tests.postgres import database, database_url  # noqa: F401  (fixtures)
from tests.recordings.s3 import BUCKET, Storage, storage_on_loopback

NAME, OTHER = "recordings/c1/call.sealed", "recordings/c2/call.sealed"
SOUND = bytes(range(256)) * 64


@pytest.fixture(scope="module")
def running() -> Iterator[Storage]:
    with storage_on_loopback() as storage:
        yield storage


@pytest.fixture
def storage(running: Storage) -> Storage:
    """Empty and well-behaved; the same address and so the same client, for all tests."""
    running.__init__(running.url)  # type: ignore[misc]
    return running


def at(url: str, home: Path, **more: object) -> Settings:
    bucket = BucketSettings(url=url, bucket=BUCKET, access_key="site", secret_key="told to nobody", timeout_s=5, **more)  # type: ignore[arg-type]
    return Settings(home=home, recording=RecordingSettings(bucket=bucket))


@pytest.fixture
def site(tmp_path: Path, storage: Storage) -> Settings:
    return at(storage.url, tmp_path)


def record(site: Settings, name: str = NAME, sound: bytes = SOUND) -> Path:
    keep_recording(site, name, sound, 8000)
    return site.home / name


def later(minutes: float = 61) -> dt.datetime:
    return now() + dt.timedelta(minutes=minutes)


def test_a_recording_is_kept_here_first_goes_later_and_is_heard_all_the_same(site: Settings, storage: Storage) -> None:
    heard = [record(site).read_bytes() and open_recording(site, NAME)]
    keep_file(site, "recordings/files/wechat/7.sealed", b"a picture of a pole")
    assert move_settled(site, later(59)) == 0 and not storage.asked
    assert move_settled(site, later()) == 2
    assert not list((site.home / "recordings").rglob("*.sealed")) and set(storage.objects) == {
        NAME,
        "recordings/files/wechat/7.sealed",
    }
    assert [open_recording(site, NAME)] == heard and look_into(site, NAME).complete
    assert open_file(site, "recordings/files/wechat/7.sealed") == b"a picture of a pole"
    assert move_settled(site, later()) == 0


def test_nothing_that_is_heard_leaves_the_machine(site: Settings, storage: Storage) -> None:
    record(site)
    plain = site.home / "recordings" / "old.wav"
    plain.write_bytes(b"RIFF, from before sealing")
    fake = site.home / "recordings" / "fake.sealed"
    fake.write_bytes(b"RIFF, with a wrong end of its name")
    for path in (plain, fake):
        os.utime(path, (0, 0))
    move_settled(site, later())
    assert set(storage.objects) == {NAME} and plain.exists() and fake.exists()
    kept = storage.objects[NAME][0]
    assert not any(SOUND[start : start + 16] in kept for start in range(0, 4096, 256))
    assert load_keys(site).current.secret not in kept


def test_a_call_that_goes_on_stays(site: Settings, storage: Storage) -> None:
    writer = begin_recording(site, NAME, 8000)
    os.utime(site.home / NAME, (0, 0))
    writer.write(SOUND)  # a piece every half second
    assert waiting(site, later(59)) == []
    writer.close()
    assert waiting(site, later()) == [site.home / NAME]


@pytest.mark.parametrize("how", ["broken", "forgets", "changes", "cuts"])
def test_a_storage_at_its_worst_loses_nothing(site: Settings, storage: Storage, how: str) -> None:
    path = record(site)
    before = path.read_bytes()
    setattr(storage, how, True)
    with pytest.raises(StoreUnavailable):
        move_settled(site, later())
    assert path.read_bytes() == before and look_into(site, NAME).pcm == SOUND
    setattr(storage, how, False)
    assert move_settled(site, later()) == 1 and look_into(site, NAME).pcm == SOUND
    if how in ("broken", "cuts"):
        setattr(storage, how, True)
        with pytest.raises(RecordingMissing, match="try again later"):
            open_recording(site, NAME)


def test_a_storage_that_is_away_is_told_as_that_and_holds_up_no_recording(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        site = at(f"http://127.0.0.1:{taken.getsockname()[1]}", tmp_path)
        path = record(site)
        with pytest.raises(StoreUnavailable, match="does not answer"):
            move_settled(site, later())
        assert path.exists() and open_recording(site, NAME)
        with pytest.raises(RecordingMissing, match="try again later"):
            open_recording(site, OTHER)


def test_a_storage_cannot_hand_out_another_recording_or_a_changed_one(site: Settings, storage: Storage) -> None:
    record(site)
    record(site, OTHER, bytes(reversed(SOUND)))
    move_settled(site, later())
    mine, others = storage.objects[NAME], storage.objects[OTHER]
    for data in (others[0], mine[0][:-30] + b"?" + mine[0][-29:], b"", b"no recording"):
        storage.objects[NAME] = (data, mine[1])
        with pytest.raises(RecordingMissing, match="cannot be opened"):
            open_recording(site, NAME)
    del storage.objects[NAME]
    with pytest.raises(RecordingMissing, match="any more"):
        open_recording(site, NAME)


def test_after_its_term_a_recording_is_gone_elsewhere_too(
    site: Settings,
    storage: Storage,
    database: Database,  # noqa: F811
) -> None:
    for number in range(5):
        record(site, f"recordings/c{number}/call.sealed")
    move_settled(site, later())
    made = now()
    # Given to the storage twelve days after the call, because it was away: the term runs from the call all the same.
    storage.objects = {name: (data, made + dt.timedelta(days=12)) for name, (data, _) in storage.objects.items()}
    storage.put("recordings/../gege.toml", b"not ours", made - dt.timedelta(days=900))
    assert delete_expired(site, database, made + dt.timedelta(days=179)) == 0
    assert delete_expired(site, database, made + dt.timedelta(days=181)) == 5
    assert set(storage.objects) == {"recordings/../gege.toml"}
    with database.reading() as session:
        assert [row.verified for row in session.scalars(select(RecordingDeletion))] == [True] * 5


def test_the_term_runs_from_the_call_however_late_it_was_put_there(
    site: Settings,
    storage: Storage,
    database: Database,  # noqa: F811
) -> None:
    for name in (NAME, OTHER):
        record(site, name)
    move_settled(site, later())
    made = now()
    # A rotation of the site's keys puts everything again, months after the calls.
    storage.objects = {name: (data, made + dt.timedelta(days=150)) for name, (data, _) in storage.objects.items()}
    assert delete_expired(site, database, made + dt.timedelta(days=178)) == 0
    asked = len(storage.asked)
    assert delete_expired(site, database, made + dt.timedelta(days=179)) == 0
    assert len(storage.asked) == asked + 1, "a header is asked for once: this is the list"
    assert delete_expired(site, database, made + dt.timedelta(days=181)) == 2 and not storage.objects


def test_what_a_storage_does_not_let_go_of_is_written_down_as_that(
    site: Settings,
    storage: Storage,
    database: Database,  # noqa: F811
) -> None:
    record(site)
    move_settled(site, later())
    storage.clings = True
    assert delete_recording(site, NAME) is False
    assert delete_expired(site, database, now() + dt.timedelta(days=400)) == 0
    with database.reading() as session:
        assert [(row.name, row.verified) for row in session.scalars(select(RecordingDeletion))] == [(NAME, False)]


def test_a_recording_deleted_while_it_is_on_its_way_is_nowhere(
    site: Settings, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(site)
    elsewhere = elsewhere_of(site)
    assert elsewhere is not None

    class Slow:
        def __getattr__(self, name: str) -> object:
            return getattr(elsewhere, name)

        def put(self, name: str, data: bytes) -> None:
            delete_recording(site, name)
            elsewhere.put(name, data)

    monkeypatch.setattr(moving, "elsewhere_of", lambda _: Slow())
    assert move_settled(site, later()) == 0
    assert not storage.objects and not (site.home / NAME).exists()


def test_two_processes_that_move_at_once_lose_nothing(site: Settings, storage: Storage) -> None:
    names = [f"recordings/c{number}/call.sealed" for number in range(12)]
    for name in names:
        record(site, name)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            while waiting(site, later()):
                move_settled(site, later())
        except BaseException as problem:
            failed.append(problem)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and all(look_into(site, name).pcm == SOUND for name in names)


def new_key(site: Settings) -> None:
    """Another key before the old ones, as the key file's remark says."""
    file = key_file(site)
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], base64.b64encode(os.urandom(32)).decode(), *lines[1:]]) + "\n")


def test_another_key_opens_everything_and_the_old_one_can_be_put_away(site: Settings, storage: Storage) -> None:
    record(site)
    move_settled(site, later())
    record(site, OTHER)
    growing = begin_recording(site, "recordings/c3/call.sealed", 8000)
    growing.write(SOUND)
    new_key(site)
    assert rewrap_all(site) == Wrapped(current=3, anew=3, old=0)
    assert rewrap_all(site) == Wrapped(current=3, anew=0, old=0)
    growing.write(SOUND)  # the call went on meanwhile
    growing.close()
    key_file(site).write_text("".join(key_file(site).read_text().splitlines(keepends=True)[:2]))
    assert len(load_keys(site).keys) == 1 and stat.S_IMODE(key_file(site).stat().st_mode) == 0o600
    assert [look_into(site, name).pcm for name in (NAME, OTHER)] == [SOUND, SOUND]
    assert look_into(site, "recordings/c3/call.sealed").pcm == SOUND * 2


def test_a_key_that_is_not_here_is_counted_and_nothing_is_touched(site: Settings, storage: Storage) -> None:
    path = record(site)
    before = path.read_bytes()
    key_file(site).unlink()
    load_keys(site)  # a new one, the old one lost
    assert rewrap_all(site) == Wrapped(current=0, anew=0, old=1)
    assert path.read_bytes() == before
    with pytest.raises(KeyRefused, match="put it back"):
        open_recording(site, NAME)


def test_sites_that_share_a_bucket_keep_apart(tmp_path: Path, storage: Storage, database: Database) -> None:  # noqa: F811
    one, two = (at(storage.url, tmp_path / name, prefix=f"{name}/") for name in ("one", "two"))
    record(one)
    record(two, NAME, bytes(reversed(SOUND)))
    assert move_settled(one, later()) == move_settled(two, later()) == 1
    assert set(storage.objects) == {f"one/{NAME}", f"two/{NAME}"}
    assert delete_expired(one, database, now() + dt.timedelta(days=400)) == 1
    assert look_into(two, NAME).pcm == bytes(reversed(SOUND))


def test_half_an_account_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "gege.toml").write_text('[recording.bucket]\nurl = "https://store.example"\nbucket = "b"\n')
    with pytest.raises(SettingsError, match="secret_key"):
        load_settings(tmp_path)
