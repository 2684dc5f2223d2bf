"""Whoever gets an error knows whose fault it is and what to do: through the real command line, one sentence, status 1."""

from __future__ import annotations

import ast
import fcntl
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bot.commands.foreign import translated
from bot.foundation.errors import Broken, GegeError, Refused, Unavailable
from bot.settings import PROJECT
from tests.frame.conftest import Gege, environment, gege

__all__ = ["gege"]

ROOMS = ("bot", "actions", "nlu", "tools")


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that ended badly."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert done.returncode == 1 and not done.stdout and len(lines) == 1, (done.returncode, done.stdout, done.stderr)
    assert lines[0].startswith("gege: ")
    return lines[0].removeprefix("gege: ")


def exceptions() -> Iterator[tuple[Path, str, set[str]]]:
    """Every class of the packages whose parents look like exceptions: (file, name, parents' last names)."""
    for file in (one for room in ROOMS for one in (PROJECT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield file, node.name, {ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases}


def test_every_exception_says_whose_fault_it_is() -> None:
    known = {"Refused", "Unavailable", "Broken"}
    found = list(exceptions())
    while more := {name for _, name, parents in found if parents & known} - known:
        known |= more
    # a BaseException is no error: it carries something past those who catch errors
    own_roots = {"Exception", "ValueError", "RuntimeError", "KeyError", "OSError", "LookupError"}
    homeless = [
        f"{file.relative_to(PROJECT)}: {name}"
        for file, name, parents in found
        if parents & own_roots and not parents & known and name != "GegeError"
    ]
    assert not homeless and len(known) > 45


@pytest.mark.slow
def test_what_the_rules_refuse_is_said_as_it_is(home: Path, gege: Gege) -> None:
    assert "GD0000000000" in complaint(gege("ticket", "GD0000000000", "ack", "--by", "M11", home=home))


@pytest.mark.slow
def test_what_is_busy_says_that_it_may_go_well_later(home: Path, gege: Gege) -> None:
    (home / "learning").mkdir()
    with (home / "learning" / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert "wait until it has ended" in complaint(gege("learn", home=home))


@pytest.mark.slow
def test_a_dialogue_model_that_was_cut_off_is_named_with_the_way_out(
    home: Path, gege: Gege, dialogue_model: Path
) -> None:
    models = home / "models"
    models.mkdir()
    (models / dialogue_model.name).write_bytes(dialogue_model.read_bytes()[:1_000_000])
    (home / "gege.toml").write_text(f'[dialogue]\nmodels = "{models}"\n')
    said = complaint(gege("say", "停电了", home=home))
    assert dialogue_model.name in said and "gege train --force" in said
    assert "is damaged" in gege("doctor", home=home).stdout


@pytest.mark.slow
def test_a_home_that_cannot_hold_a_database_is_one_sentence(tmp_path: Path, gege: Gege) -> None:
    home = tmp_path / "home"
    (home / "gege.sqlite").mkdir(parents=True)
    said = complaint(gege("tickets", home=home))
    assert "GEGE_HOME" in said and "sqlalche" not in said and "OperationalError" not in said


@pytest.mark.slow
def test_a_database_that_is_none_leads_to_the_backup(tmp_path: Path, gege: Gege) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "gege.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    assert "gege restore" in complaint(gege("tickets", home=home))


@pytest.mark.slow
def test_a_full_disk_is_called_one(home: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from bot.cli import main; main()", "tickets", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env=environment(home),
            timeout=120,
            check=False,
        )
    assert done.returncode == 1 and done.stderr.startswith("gege: the disk is full")


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (sqlite3.OperationalError("database or disk is full"), Unavailable),
        (sqlite3.OperationalError("database is locked"), Unavailable),
        (sqlite3.OperationalError("attempt to write a readonly database"), Refused),
        (sqlite3.DatabaseError("database disk image is malformed"), Broken),
        (Exception('connection to server at "127.0.0.1", port 5432 failed: Connection refused'), Unavailable),
    ],
)
def test_a_resident_s_words_stay_out_of_what_the_database_refuses(problem: Exception, kind: type[GegeError]) -> None:
    refused = OperationalError("INSERT INTO utterance VALUES (?)", ("王大爷家没电了",), problem)
    said = translated(refused)
    assert type(said) is kind and "王大爷" not in str(said) and "INSERT" not in str(said)


def test_what_nobody_foresaw_is_called_a_fault_of_gege() -> None:
    said = translated(KeyError("grid_no"))
    assert isinstance(said, Broken) and "GEGE_DEBUG=1" in str(said)
