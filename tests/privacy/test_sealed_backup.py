"""An archive is opened by one key, which the site does not have, and taken for the site's only when the site made it."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select
from typer.testing import CliRunner

from bot.app.parts import open_site
from bot.cli import app
from bot.commands import sealed_backup
from bot.commands.sealed_backup import NotOpened, is_sealed, make_pair, open_sealed, opens_of, seal, seals_of
from bot.grid.registry import Registry
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.models import Ticket

WORDS = b"the names of a whole county, "


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """(GEGE_HOME, the key that is kept apart)."""
    make_pair(tmp_path / "home", tmp_path / "safe" / "backup.opens")
    return tmp_path / "home", tmp_path / "safe" / "backup.opens"


def sealed(pair: tuple[Path, Path], content: bytes, name: str = "archive") -> Path:
    plain, file = pair[0].parent / f"{name}.plain", pair[0].parent / name
    plain.write_bytes(content)
    seals = seals_of(pair[0])
    assert seals is not None
    seal(plain, file, seals)
    plain.unlink()
    return file


def opened(file: Path, key: Path) -> bytes:
    plain = file.with_suffix(".opened")
    try:
        open_sealed(file, plain, opens_of(key))
        return plain.read_bytes()
    finally:
        plain.unlink(missing_ok=True)


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 3000], ids=str)
def test_what_was_sealed_comes_back_whole(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(sealed_backup, "_PIECE", 1000)
    content = (WORDS * 200)[:size]
    file = sealed(pair, content)
    assert is_sealed(file) and WORDS not in file.read_bytes()
    assert opened(file, pair[1]) == content


def test_the_site_itself_cannot_open_it(pair: tuple[Path, Path]) -> None:
    file = sealed(pair, WORDS)
    with pytest.raises(NotOpened, match="no key for backups"):
        opened(file, pair[0] / sealed_backup.SITE_FILE)


def test_another_sites_key_opens_nothing(pair: tuple[Path, Path], tmp_path: Path) -> None:
    file = sealed(pair, WORDS)
    make_pair(tmp_path / "other", tmp_path / "other.opens")
    with pytest.raises(NotOpened, match="signature is not this site's"):
        opened(file, tmp_path / "other.opens")


def test_an_archive_that_somebody_else_sealed_to_the_key_is_refused(pair: tuple[Path, Path], tmp_path: Path) -> None:
    """Whom it is sealed to is public: who made it is what the signature says."""
    make_pair(tmp_path / "foreign", tmp_path / "foreign.opens")
    ours, foreign = seals_of(pair[0]), seals_of(tmp_path / "foreign")
    assert ours is not None and foreign is not None
    plain = tmp_path / "plain"
    plain.write_bytes(b"ssh-ed25519 AAAA evil")
    seal(plain, tmp_path / "forged", sealed_backup.Seals(ours.to, foreign.signs))
    with pytest.raises(NotOpened, match="signature is not this site's"):
        opened(tmp_path / "forged", pair[1])


@hypothesis_settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_byte_of_it_can_be_changed_added_or_cut_off(data: st.DataObject) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        home, key = Path(folder) / "home", Path(folder) / "opens"
        make_pair(home, key)
        file = sealed((home, key), WORDS * 4)
        raw = bytearray(file.read_bytes())
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "add"])):
            case "flip":
                raw[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del raw[at:]
            case _:
                raw[at:at] = secrets.token_bytes(1)
        file.write_bytes(raw)
        with pytest.raises(NotOpened):
            opened(file, key)
        assert not file.with_suffix(".opened").exists()


def test_the_key_is_kept_apart_and_never_lost_by_a_second_one(pair: tuple[Path, Path]) -> None:
    with pytest.raises(NotOpened, match="is there already"):
        make_pair(pair[0], pair[1])
    with pytest.raises(NotOpened, match="lies in GEGE_HOME"):
        make_pair(pair[0], pair[0] / "keys" / "opens")
    pair[1].chmod(0o644)
    with pytest.raises(NotOpened, match="chmod 600"):
        opens_of(pair[1])


@pytest.mark.slow
def test_a_site_that_seals_is_restored_with_the_key_and_its_deletions_are_done_again(
    tmp_path: Path, county: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an operator does it: keys backup, backup, person delete, restore."""
    home, safe, file = tmp_path / "home", tmp_path / "usb" / "opens", tmp_path / "gege.tar.gz"
    home.mkdir()
    for one in county.glob("gege.sqlite*"):
        shutil.copy(one, home)
    monkeypatch.setenv("GEGE_HOME", str(home))

    def gege(*words: str | Path) -> Result:
        return CliRunner().invoke(app, [str(one) for one in words])

    database = open_site(Settings(home=home))
    manager = Registry.load(database).managers()[0][1].staff_no
    said = "金丝雀家停电了"
    TicketDesk(database).report(Report("outage", said, said, Caller.by("phone", "13907150001")))
    database.dispose()

    assert gege("keys", "backup", safe).exit_code == 0
    assert gege("backup", file).exit_code == 0
    assert is_sealed(file)
    done = gege("person", "delete", "13907150001", "--by", manager, "--asked", "visit", "--open-too")
    assert done.exit_code == 0, done.output
    refused = gege("restore", file, "--force")
    assert "is sealed; say --key" in str(refused.exception)
    restored = gege("restore", file, "--force", "--key", safe)
    assert restored.exit_code == 0 and "1 persons who were deleted since then" in restored.stderr, restored.output
    database = open_site(Settings(home=home))
    with database.reading() as session:
        assert session.scalars(select(Ticket.said)).all() == [""]
    database.dispose()
