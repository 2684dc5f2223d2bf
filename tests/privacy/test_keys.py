"""Keys are changed without losing what the old ones hold, and put away when nothing needs them any more."""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path

import pyotp
import pytest
from typer.testing import CliRunner

from bot.app.parts import open_site
from bot.cli import app
from bot.commands.line import Failure
from bot.doors.passwords import Passwords
from bot.grid.models import Staff
from bot.notify.links import BadLink, Links, Purpose, site_keys
from bot.recordings.keys import key_file, load_keys
from bot.recordings.room import keep_recording, open_recording
from bot.settings import Settings

NAME = "recordings/c1/call.sealed"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(home=tmp_path / "home")
    monkeypatch.setenv("GEGE_HOME", str(settings.home))
    database = open_site(settings)
    with database.session() as session:
        session.add(Staff(staff_no="D1", name="值班", role="duty"))
    database.dispose()
    return settings


def gege(*words: str) -> None:
    done = CliRunner().invoke(app, ["keys", *words])
    if done.exception is not None:
        raise done.exception


def test_after_a_rotation_old_recordings_links_and_telephones_still_work_until_the_old_keys_are_retired(
    home: Settings,
) -> None:
    keep_recording(home, NAME, b"\x01\x02" * 800, 8000)
    database = open_site(home)
    (key,) = site_keys(home.home)
    token = Links(key, database).token(Purpose.take, "GD1", "M1")
    passwords = Passwords(database, key, "site")
    second = passwords.begin("D1")
    passwords.set("D1", "a long enough password", second.secret, pyotp.TOTP(second.secret).now())
    sealed_with = load_keys(home).current

    gege("rotate")
    new, old = site_keys(home.home)
    assert old == key and load_keys(home).current != sealed_with
    assert Links(new, database, earlier=[old]).read(token).ticket_no == "GD1"
    assert open_recording(home, NAME).startswith(b"RIFF")

    gege("retire")
    assert site_keys(home.home) == (new,) and len(load_keys(home).keys) == 1
    with pytest.raises(BadLink, match="forged"):
        Links(new, database).read(token)
    assert open_recording(home, NAME).startswith(b"RIFF")
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
    doors = Passwords(database, new, "site", lambda: later)
    code = pyotp.TOTP(second.secret).at(later)
    doors.check("D1", "a long enough password", code)  # raises DoorRefused for a wrong one
    database.dispose()


def test_a_key_that_something_needs_is_not_put_away(home: Settings) -> None:
    keep_recording(home, NAME, b"\x01\x02" * 800, 8000)
    gege("rotate")
    file = key_file(home)
    sealed = (home.home / NAME).read_bytes()
    foreign = base64.b64encode(bytes(range(32))).decode()
    file.write_text(f"{foreign}\n")  # the old one is mislaid
    with pytest.raises(Failure, match="1 recordings still need an old key"):
        gege("retire")
    assert (home.home / NAME).read_bytes() == sealed
