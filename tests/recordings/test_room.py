"""Recordings: sealed while they grow, opened for those allowed, gone when their term is over."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import io
import os
import signal
import stat
import struct
import subprocess
import sys
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.app.parts import open_site
from bot.database import Database, now
from bot.recordings.keys import VARIABLE, KeyRefused, KeyRing, key_file, load_keys
from bot.recordings.models import RecordingDeletion
from bot.recordings.room import (
    RecordingMissing,
    begin_recording,
    delete_expired,
    delete_recording,
    keep_recording,
    look_into,
    name_for,
    open_recording,
    recordings,
)
from bot.recordings.sealed import HEADER_BYTES, NotSealed, SealedWriter, header_of, unseal
from bot.settings import PROJECT, RecordingSettings, Settings, SettingsError, load_settings

NAME = "recordings/c1/call.sealed"
#: something that would be found if it stood on the disk as it is
SOUND = np.random.default_rng(4).integers(-9000, 9000, 80_000).astype("<i2").tobytes()


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def record(site: Settings, name: str = NAME, pcm: bytes = SOUND) -> Path:
    keep_recording(site, name, pcm, 8000)
    return site.home / name


def test_what_was_recorded_is_heard_again_sample_by_sample(site: Settings) -> None:
    writer = begin_recording(site, NAME, 16000, channels=2)
    for at in range(0, len(SOUND), 6400):
        writer.write(SOUND[at : at + 6400])
    writer.close()
    with wave.open(io.BytesIO(open_recording(site, NAME))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 16000)
        assert file.readframes(file.getnframes()) == SOUND
    assert look_into(site, NAME).complete


def test_no_word_is_on_the_disk_while_it_is_recorded(site: Settings) -> None:
    writer = begin_recording(site, NAME, 8000)
    writer.write(SOUND)
    everything = b"".join(path.read_bytes() for path in site.home.rglob("*") if path.is_file())
    pieces = {SOUND[at : at + 16] for at in range(0, len(SOUND), 1000)}
    assert len(everything) > len(SOUND) and not any(piece in everything for piece in pieces)
    writer.close()


def test_the_key_is_made_once_and_read_by_nobody_else(site: Settings) -> None:
    record(site)
    file = key_file(site)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((site.home / NAME).stat().st_mode) == 0o600
    assert load_keys(site) == load_keys(site)
    file.chmod(0o644)
    with pytest.raises(KeyRefused, match="chmod 600"):
        load_keys(site)


def test_of_many_that_make_the_key_at_once_all_use_the_same(site: Settings) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(load_keys(site).current.id)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12 and len(set(found)) == 1
    assert [one.name for one in key_file(site).parent.iterdir()] == ["recording.key"]


def test_a_new_key_seals_and_the_old_one_still_opens(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    record(site)
    monkeypatch.setenv(VARIABLE, base64.b64encode(bytes(range(32))).decode())
    record(site, "recordings/c2/call.sealed")
    assert header_of(site.home / "recordings/c2/call.sealed").key_id != header_of(site.home / NAME).key_id
    assert open_recording(site, NAME) == open_recording(site, "recordings/c2/call.sealed")
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(KeyRefused, match="not here"):
        open_recording(site, "recordings/c2/call.sealed")


@pytest.mark.parametrize("content", ["", "# nothing\n", "c2hvcnQ=\n", "no base64 !\n", "键\n"])
def test_a_key_file_that_holds_no_key_is_told_and_kept(site: Settings, content: str) -> None:
    file = key_file(site)
    file.parent.mkdir()
    file.write_text(content, "utf-8")
    file.chmod(0o600)
    with pytest.raises(KeyRefused, match=r"recording\.key"):
        load_keys(site)
    assert file.read_text("utf-8") == content


@pytest.mark.slow
def test_a_killed_process_leaves_all_but_the_last_piece(site: Settings) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from bot.settings import Settings; from bot.recordings.room import begin_recording\n"
        "writer = begin_recording(Settings(home=Path(sys.argv[1])), sys.argv[2], 8000)\n"
        "for number in range(5): writer.write(bytes([number, 0]) * 8000)\n"
        "print('written', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(site.home), NAME], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stdout.readline() == "written\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    opened = look_into(site, NAME)
    assert not opened.complete and opened.pcm == b"".join(bytes([number, 0]) * 8000 for number in range(5))
    path = site.home / NAME
    path.write_bytes(path.read_bytes()[:-100])
    assert look_into(site, NAME).pcm == opened.pcm[: 4 * 16000]


def test_a_recording_of_the_first_form_is_still_heard(site: Settings) -> None:
    """Written as it was before each file had a key of its own: these bytes are what a site has on its disk."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = load_keys(site).current
    header = struct.pack(">8s8s16sQIB", b"GEGEREC1", key.id, bytes(range(16)), 1_700_000_000, 8000, 1)
    cipher = AESGCM(HKDF(SHA256(), 32, bytes(range(16)), b"gege recording 1").derive(key.secret))
    pieces = [
        cipher.encrypt(struct.pack(">B3xQ", last, at), pcm, header)
        for at, (last, pcm) in enumerate([(0, SOUND), (1, b"")])
    ]
    file = site.home / NAME
    file.parent.mkdir(parents=True)
    file.write_bytes(header + b"".join(struct.pack(">I", len(one)) + one for one in pieces))
    opened = look_into(site, NAME)
    assert (opened.pcm, opened.complete, opened.made_at.year) == (SOUND, True, 2023)


def test_pieces_cannot_be_changed_swapped_or_cut_off_unnoticed(site: Settings) -> None:
    keys = load_keys(site)

    def written(name: str) -> bytes:
        writer = SealedWriter(site.home / name, name, keys.current, 8000, 1, now())
        for number in range(3):
            writer.write(bytes([number, 0]) * 100)
        writer.close()
        return (site.home / name).read_bytes()

    one, two = written("one"), written("two")
    head, piece = HEADER_BYTES, 4 + 200 + 16
    assert unseal(one, "one", keys).complete
    swapped = one[:head] + one[head + piece : head + 2 * piece] + one[head : head + piece] + one[head + 2 * piece :]
    for changed in (
        one[:80] + bytes([one[80] ^ 1]) + one[81:],
        one[:30] + bytes([one[30] ^ 1]) + one[31:],  # its own key, in the header
        one[:62] + bytes([one[62] ^ 1]) + one[63:],  # when it was made
        swapped,
        one[:head] + two[head:],
        one + b"more",
        one[: head + piece] + one[-20:],  # a second cut out of the middle
    ):
        with pytest.raises((NotSealed, KeyRefused)):
            unseal(changed, "one", keys)
    with pytest.raises(NotSealed):
        unseal(two, "one", keys)  # a whole one in another's place
    assert not unseal(one[:-20], "one", keys).complete


@hypothesis_settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 400))
def test_whatever_lies_in_the_folder_is_refused_in_peace(noise: bytes, cut: int) -> None:
    from bot.recordings.keys import Key
    from bot.recordings.sealed import Header

    key = Key(bytes(32))
    header = Header(key.id, bytes(40), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), 8000, 1).encode()
    for data in (noise, header + noise, (header + noise)[:cut]):
        with contextlib.suppress(NotSealed, KeyRefused):
            assert unseal(data, "x", KeyRing((key,))).complete is False


@pytest.mark.parametrize(
    "name",
    [
        "../gege.toml",
        "recordings/../gege.toml",
        "/etc/passwd",
        "keys/recording.key",
        "recordings/",
        "",
        "recordings/a\x00b",
    ],
)
def test_only_recordings_can_be_opened(site: Settings, name: str) -> None:
    record(site)
    (site.home / "gege.toml").write_text("")
    with pytest.raises(RecordingMissing):
        open_recording(site, name)


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_link_out_of_the_room_leads_nowhere(tmp_path: Path, linked: str) -> None:
    """What lies behind it is sound that could be heard; only its place is wrong."""
    site = Settings(home=tmp_path / "site")
    record(site)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.wav").write_bytes(b"RIFF, and somebody else's words")
    (elsewhere / "x.sealed").write_bytes((site.home / NAME).read_bytes())
    inside = site.home / "recordings" / "c1"
    names = ["x.wav", "x.sealed"]
    if linked == "folder":
        os.symlink(elsewhere, inside / "out")
        names = [f"out/{name}" for name in names]
    else:
        for name in names:
            os.symlink(elsewhere / name, inside / name)
    for name in names:
        assert (inside / name).is_file()
        with pytest.raises(RecordingMissing, match="is no recording"):
            open_recording(site, f"recordings/c1/{name}")
        with contextlib.suppress(RecordingMissing):
            delete_recording(site, f"recordings/c1/{name}")
    assert len(list(elsewhere.iterdir())) == 2, "what lies behind a link is not ours to delete"


def test_an_id_of_a_telephone_leads_nowhere_else() -> None:
    assert name_for("../../etc/x@y;1", "call") == "recordings/______etc_x_y_1/call.sealed"
    assert name_for("", "call") == "recordings/_/call.sealed"


def test_a_recording_from_before_sealing_is_still_heard(site: Settings) -> None:
    (site.home / "recordings").mkdir()
    (site.home / "recordings" / "old.wav").write_bytes(b"RIFF-old")
    assert open_recording(site, "recordings/old.wav") == b"RIFF-old"


def test_after_its_term_a_recording_is_gone_and_that_is_written_down(site: Settings) -> None:
    record(site)
    record(site, "recordings/c2/call.sealed")
    old = site.home / "recordings" / "old.wav"
    old.write_bytes(b"RIFF")
    database: Database = open_site(site)
    try:
        os.utime(old, (0, 0))
        assert delete_expired(site, database, now() + dt.timedelta(days=179)) == 1
        assert [name for name, _ in recordings(site)] == [NAME, "recordings/c2/call.sealed"]
        at = now() + dt.timedelta(days=181)
        assert delete_expired(site, database, at) == 2
        assert list(recordings(site)) == [] and not (site.home / "recordings" / "c1").exists()
        assert delete_expired(site, database, at) == 0
        with database.reading() as session:
            rows = session.scalars(select(RecordingDeletion).order_by(RecordingDeletion.id)).all()
        assert [(row.name, row.verified) for row in rows] == [
            ("recordings/old.wav", True),
            (NAME, True),
            ("recordings/c2/call.sealed", True),
        ]
    finally:
        database.dispose()
    with pytest.raises(RecordingMissing, match="not there"):
        open_recording(site, NAME)


def test_the_term_is_never_below_ninety_days(tmp_path: Path) -> None:
    (tmp_path / "gege.toml").write_text("[recording]\ndays = 89\n")
    with pytest.raises(SettingsError, match="days"):
        load_settings(tmp_path)
    assert Settings(recording=RecordingSettings(days=90)).recording.days == 90


def test_a_restored_site_hears_its_recordings_again(tmp_path: Path) -> None:
    from bot.commands.archive import backup, restore

    old, new = Settings(home=tmp_path / "old"), Settings(home=tmp_path / "new")
    open_site(old).dispose()
    record(old)
    writer = begin_recording(old, "recordings/c2/call.sealed", 8000)
    writer.write(SOUND)
    backup(old, tmp_path / "site.tar.gz")  # while a call goes on
    writer.close()
    restore(new, tmp_path / "site.tar.gz")
    assert open_recording(new, NAME) == open_recording(old, NAME)
    cut = look_into(new, "recordings/c2/call.sealed")
    assert cut.pcm == SOUND and not cut.complete
    assert stat.S_IMODE(key_file(new).stat().st_mode) == 0o600
