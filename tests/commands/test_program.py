"""`gege` as somebody meets it who does not know it: its first page, its help, its language, and what a slip is told."""

from __future__ import annotations

import ast
import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.core import TyperGroup
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.commands import first
from bot.commands.program import command_of, known, panels
from bot.foundation.language import ASKED_BY, language
from bot.foundation.nearest import nearest
from bot.settings import PROJECT


@pytest.fixture(autouse=True)
def no_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ASKED_BY:
        monkeypatch.delenv(name, raising=False)


def gege(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(words), env=environment)


def in_a_process(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()", *words]
    return subprocess.run(
        run, capture_output=True, text=True, env={**os.environ, **environment}, timeout=120, check=False
    )


def test_gege_alone_shows_what_people_type_most_and_ends_well() -> None:
    shown = gege()
    assert shown.exit_code == 0 and len(shown.stdout.splitlines()) <= 24
    assert all(cell_len(line) <= 80 for line in shown.stdout.splitlines())
    chinese = gege(GEGE_LANG="zh").stdout
    assert "工单" in chinese and all(cell_len(line) <= 80 for line in chinese.splitlines())


def test_every_command_of_the_first_page_is_one() -> None:
    for group in first.page().groups:
        for line in group.lines:
            program, name, *rest = line.split()
            assert program == "gege" and name in known(), line
            command = command_of(name)
            if isinstance(command, TyperGroup):
                command = command.commands[rest[0]]
            options = {option for one in command.params for option in one.opts}
            assert {word for word in rest if word.startswith("-")} <= options, line


def test_the_list_of_commands_is_what_the_areas_have() -> None:
    areas = {one.area for one in known().values()}
    for area in areas:
        part = importlib.import_module(f"bot.commands.{area}")
        from typer import Typer
        from typer.main import get_group

        part.register(made := Typer())
        listed = {name for name, one in known().items() if one.area == area}
        assert set(get_group(made).commands) == listed, area
    registering = {
        file.stem
        for file in (PROJECT / "bot/commands").glob("*.py")
        if any(
            isinstance(one, ast.FunctionDef) and one.name == "register"
            for one in ast.parse(file.read_text("utf-8")).body
        )
    }
    assert {one for one in registering if not one.startswith("bench")} == areas - {"benches"}


@pytest.mark.parametrize("chosen", ["en", "zh"])
def test_help_is_one_line_a_command_in_panels(chosen: str) -> None:
    shown = gege("--help", GEGE_LANG=chosen, COLUMNS="80").stdout
    for panel in panels():
        assert getattr(panel.panel, chosen) in shown
        for name, one in panel.commands.items():
            assert f" {name} " in shown and getattr(one, chosen) in shown, name


def test_the_program_is_called_gege_however_it_was_started() -> None:
    done = in_a_process("tickets", "-h")
    assert done.returncode == 0 and "gege tickets [OPTIONS]" in done.stdout and "-c " not in done.stdout


def test_who_reads_help_waits_for_neither_database_nor_settings() -> None:
    heavy = ["sqlalchemy", "bot.settings", "numpy", "aiohttp", "pypinyin", "rasa"]
    for words in ([], ["--help"]):
        program = f"import sys; sys.argv = {['gege', *words]!r}; from bot.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        program += f"print([one for one in {heavy!r} if one in sys.modules], file=sys.stderr)"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
        )
        assert done.stderr.strip() == "[]" and "gege" in done.stdout


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["tikets"], "no command tikets; did you mean tickets?"),
        (["outage", "lst"], "no command lst; did you mean list?"),
        (["tickets", "--opne"], "no option --opne; did you mean --open?"),
        (["--langg", "zh"], "no option --langg; did you mean --lang?"),
    ],
)
def test_a_slip_is_told_which_word_was_meant(words: list[str], meant: str) -> None:
    done = in_a_process(*words)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("gege: ")
    assert meant in done.stderr and "--help" in done.stderr.splitlines()[1]
    assert meant in " ".join(gege(*words, COLUMNS="200").output.split())


def test_nothing_is_guessed_where_nothing_is_like_it() -> None:
    assert nearest("xyzzy", known()) is None and nearest("", known()) is None and nearest("DOCTER", known()) == "doctor"


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "zh_CN", "LC_MESSAGES": "C"}, "zh"),
        ({"LC_ALL": "zh_CN", "GEGE_LANG": "en"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
    ],
)
def test_the_language_is_that_of_the_locale(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], found: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == found


def test_a_language_is_chosen_before_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEGE_LANG", "en")
    assert "工单" in gege("--lang", "zh").stdout
    assert gege("--lang", "fr").exit_code == 2


def test_the_page_of_commands_is_the_one_that_the_program_writes() -> None:
    written = gege("commands", "--markdown", GEGE_LANG="zh").stdout
    assert written == Path(PROJECT / "docs/commands.md").read_text("utf-8"), (
        "./gege commands --markdown > docs/commands.md"
    )
    assert all(f"`gege {name}" in written for name, one in known().items() if name not in ("bench", "corpus", "keys"))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["tickets"], 0),
        (["tickets", "--json"], 0),
        (["ticket", "GD0"], 1),
        (["tickets", "--kind", "fire"], 1),
        (["tickets", "too", "many"], 2),
        (["outage"], 2),
        (["say", "停电了", "--caller", "abc"], 2),
    ],
)
def test_a_command_ends_with_the_code_that_the_page_tells(home: Path, words: list[str], code: int) -> None:
    done = in_a_process(*words, GEGE_HOME=str(home))
    assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
    assert (done.stderr == "") == (code == 0 or words == ["outage"])
    assert f"| {code} |" in Path(PROJECT / "docs/commands.md").read_text("utf-8")


def test_what_looks_ends_with_one_when_it_has_found_something(home: Path) -> None:
    # Nobody of the sample county has a messenger: danger reaches nobody in two ways.
    found = in_a_process("audit", "--json", GEGE_HOME=str(home))
    assert (found.returncode == 1) == bool(json.loads(found.stdout))


def test_ctrl_c_ends_a_command_that_waits(home: Path) -> None:
    run = [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()", "locate"]
    environment = {**os.environ, "GEGE_HOME": str(home)}
    with subprocess.Popen(
        run, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as waits:
        assert waits.stdin and waits.stdout and waits.stderr
        waits.stdin.write('{"text": "凤凰城6栋"}\n'.encode())
        waits.stdin.flush()
        assert json.loads(waits.stdout.readline())["candidates"]
        waits.send_signal(signal.SIGINT)
        assert waits.wait(60) == 130 and b"Traceback" not in waits.stderr.read()
