"""The doctor tells an operator what is wrong before a resident does."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from bot.app.parts import open_site
from bot.commands.doctor import doctor, hearing
from bot.commands.doctor.doctor import Finding, examine, show
from bot.database import now
from bot.foundation.private_files import open_to_others
from bot.grid.models import GridStaff
from bot.settings import DialogueSettings, NotifySettings, Settings, SpeechSettings
from bot.speech import kokoro
from bot.speech.port import RecogniserFailed
from bot.tickets.models import Notification
from tests.frame.conftest import Gege
from tests.voice.doubles import ScriptedRecogniser

#: the ear in a process of its own
_in_a_child = hearing._in_a_child


@pytest.fixture(autouse=True)
def _the_ear_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of its own for each look at a home would take seconds; the test about it starts one."""
    monkeypatch.setattr(hearing, "_in_a_child", hearing.speak_and_listen)


@pytest.fixture(autouse=True)
def the_quick_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the doctor says of a voice is tests/frame/test_doctor_voice.py's; here half a gigabyte need not be loaded."""
    monkeypatch.setattr(kokoro, "installed", lambda: False)


def found(settings: Settings, name: str) -> Finding:
    return next(one for one in examine(settings) if one["name"] == name)


def test_a_fresh_sample_site_can_serve(home: Path) -> None:
    findings = examine(Settings(home=home))
    assert [one for one in findings if not one["ok"]] == []
    assert {"Python", "Rasa", "settings", "database", "county", "staff", "messages", "dialogue model", "ear",
            "voice", "providers", "tariff", "disk space", "disk speed"} <= {one["name"] for one in findings}  # fmt: skip
    assert all(one["advice"] for one in findings if one["warning"])


def test_the_demo_ear_is_named_loudly_with_what_it_hears_of_people(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finding = found(Settings(home=home), "ear")
    assert finding["warning"] and "gege models list" in finding["advice"]
    assert "of 100 characters that people say in Mandarin" in finding["detail"]
    assert "local speech is not measured" in finding["detail"]
    assert "停电" in finding["detail"] and "CPU s a second of sound" in finding["detail"], "it was spoken to"
    show([finding])
    assert "not for residents" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ([RecogniserFailed("a tensor of another shape")], "cannot decode"),
        ([""], "made nothing of a clear sentence"),
        ([OSError("no libonnx.so")], "OSError"),
    ],
)
def test_an_ear_that_loads_and_does_not_hear_is_broken(
    home: Path, monkeypatch: pytest.MonkeyPatch, texts: list[Exception | str], says: str
) -> None:
    monkeypatch.setattr(hearing, "first_ear", lambda *_: ScriptedRecogniser(["", *texts]))
    finding = found(Settings(home=home), "ear")
    assert not finding["ok"] and says in finding["detail"] and "\n" not in finding["detail"]


def test_an_ear_that_makes_other_words_of_a_clear_sentence_is_a_warning(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "first_ear", lambda *_: ScriptedRecogniser(["", "电费一度几多钱"]))
    finding = found(Settings(home=home), "ear")
    assert finding["warning"] and "hardly a word is right" in finding["detail"]


def die(_settings: Settings) -> None:
    """Like a library that ends the process."""
    os.abort()


def test_an_ear_that_ends_its_process_ends_no_doctor(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "speak_and_listen", die)
    monkeypatch.setattr(hearing, "_in_a_child", _in_a_child)
    finding = found(Settings(home=home), "ear")
    assert not finding["ok"] and "ends the process" in finding["detail"]


def test_an_empty_gege_home_is_a_warning_and_stays_empty(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "new")
    assert found(settings, "database")["warning"]
    assert not settings.home.exists()


def test_looking_changes_nothing(home: Path) -> None:
    before = {one: one.stat().st_size for one in home.rglob("*")}
    examine(Settings(home=home))
    assert {one: one.stat().st_size for one in home.rglob("*")} == before


def test_a_grid_without_manager_is_named(home: Path) -> None:
    settings = Settings(home=home)
    database = open_site(settings)
    with database.session() as session:
        session.query(GridStaff).filter_by(grid_no="24", staff_no="M24").delete()
    database.dispose()
    finding = found(settings, "staff")
    assert finding["warning"]
    assert "1 without a manager: grid 24" in finding["detail"]


@pytest.mark.parametrize(("urgent", "ok"), [(True, False), (False, True)])
def test_a_message_that_reaches_nobody_is_told(home: Path, urgent: bool, ok: bool) -> None:
    settings = Settings(home=home)
    database = open_site(settings)
    with database.session() as session:
        earlier = now() - dt.timedelta(hours=1)
        session.add(Notification(staff_no="M24", template="ticket", urgent=urgent, created_at=earlier, due_at=earlier))
    database.dispose()
    finding = found(settings, "messages")
    assert finding["ok"] is ok
    assert finding["warning"] is ok


def test_a_damaged_database_is_a_failure(home: Path) -> None:
    (home / "gege.sqlite").write_bytes(b"not a database at all" * 400)
    finding = found(Settings(home=home), "database")
    assert not finding["ok"]
    assert "gege restore" in finding["advice"]


def test_a_database_of_a_newer_gege_is_a_failure(home: Path) -> None:
    with sqlite3.connect(home / "gege.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    finding = found(Settings(home=home), "database")
    assert not finding["ok"]
    assert "newer" in finding["detail"]


def test_a_database_server_that_is_not_there_is_a_failure_without_its_password(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database="postgresql+psycopg2://gege:secret@127.0.0.1:1/gege")
    finding = found(settings, "database")
    assert not finding["ok"]
    assert "secret" not in json.dumps(finding)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ear", {"speech": SpeechSettings(model="/nowhere")}),
        ("providers", {"notify": NotifySettings(providers=["pigeon"])}),
        ("tariff", {"tariff": "/nowhere.yml"}),
        ("dialogue model", {"dialogue": DialogueSettings(adapter="http", url="http://127.0.0.1:1", token="t")}),
    ],
)
def test_what_cannot_serve_is_a_failure_with_advice(tmp_path: Path, name: str, change: dict[str, object]) -> None:
    finding = found(Settings(home=tmp_path, **change), name)  # type: ignore[arg-type]
    assert not finding["ok"]
    assert finding["advice"]


def test_a_model_that_is_older_than_its_sentences_is_told(tmp_path: Path) -> None:
    (tmp_path / "dialogue-0000.tar.gz").write_bytes(b"")
    finding = found(Settings(home=tmp_path, dialogue=DialogueSettings(models=str(tmp_path))), "dialogue model")
    assert finding["warning"]
    assert "gege train" in finding["advice"]


@pytest.mark.parametrize(("free", "ok"), [(100 << 20, False), (1 << 30, True)])
def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, ok: bool) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": free}))
    finding = found(Settings(home=tmp_path), "disk space")
    assert finding["ok"] is ok
    assert finding["warning"] is ok


def test_a_check_that_breaks_is_a_finding_not_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "load_tariff", lambda path: 1 / 0)
    assert not found(Settings(home=tmp_path), "tariff")["ok"]


@pytest.mark.slow
def test_the_exit_status_says_whether_residents_can_be_served(gege: Gege, home: Path) -> None:
    good = gege("doctor", "--json", home=home)
    assert good.returncode == 0
    assert all(one["ok"] for one in json.loads(good.stdout))
    (home / "gege.sqlite").write_bytes(b"damaged" * 999)
    bad = gege("doctor", home=home)
    assert bad.returncode == 1
    assert "1 to repair" in bad.stdout


def test_a_home_that_others_may_read_is_a_failure_and_the_advice_mends_it(home: Path) -> None:
    assert found(Settings(home=home), "file modes")["ok"]
    for name, mode in (("gege.toml", 0o644), ("notifications.jsonl", 0o640), ("attachments/ab/x.jpg", 0o604)):
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("[web]\n" if name == "gege.toml" else "x")
        file.chmod(mode)
        finding = found(Settings(home=home), "file modes")
        assert not finding["ok"] and str(file) in finding["detail"]
        subprocess.run(finding["advice"], shell=True, check=True)
        assert found(Settings(home=home), "file modes")["ok"]
    home.chmod(0o755)
    assert not found(Settings(home=home), "file modes")["ok"]


@pytest.mark.slow
def test_whatever_the_program_writes_is_for_its_user_alone(gege: Gege, tmp_path: Path, dialogue_model: Path) -> None:
    before = os.umask(0o022)
    try:
        assert gege("sample", home=tmp_path / "home").returncode == 0
        assert gege("say", "停电了", "--caller", "13800138000", home=tmp_path / "home").returncode == 0
    finally:
        os.umask(before)
    assert list(open_to_others(tmp_path / "home")) == []
    assert (tmp_path / "home" / "gege.sqlite").is_file()
