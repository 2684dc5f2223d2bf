"""TAB completes commands, options, and what the site has; and says nothing where it cannot."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.commands import completing
from bot.settings import PROJECT
from tests.commands.test_looking_from_a_shell import report

SHELL = """
source <({program} --show-completion bash)
COMP_WORDS=({words}); COMP_CWORD={at}; COMP_LINE="${{COMP_WORDS[*]}}"; COMP_POINT=${{#COMP_LINE}}
_gege_completion {program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The entry point, as an installed environment has it."""
    file = tmp_path / "bin" / "gege"
    file.parent.mkdir()
    file.write_text(
        f"#!{sys.executable} -Wignore\nimport sys; sys.path.insert(0, {str(PROJECT)!r})\nfrom bot.cli import main; main()\n"
    )
    file.chmod(0o755)
    return file


def pressed_tab(program: Path, home: Path, words: str) -> list[str]:
    script = SHELL.format(program=program, words=words, at=len(words.split()) - 1)
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=120, check=True,
        env={**os.environ, "GEGE_HOME": str(home), "PATH": f"{program.parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands_options_kinds_and_numbers(program: Path, home: Path) -> None:
    number = report(home, "outage", "11", dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC))
    assert pressed_tab(program, home, "gege tick") == ["tickets", "ticket"]
    assert "--open" in pressed_tab(program, home, "gege tickets --o")
    assert pressed_tab(program, home, "gege tickets --kind ou") == ["outage"]
    assert number in pressed_tab(program, home, "gege ticket GD")
    assert pressed_tab(program, home, f"gege ticket {number} on") == ["on-site"]
    assert "M11" in pressed_tab(program, home, "gege leave M1")


def test_where_there_is_no_site_nothing_is_offered_and_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path / "none"))
    assert completing.ticket_numbers("") == [] == completing.staff_numbers("M")
    assert not (tmp_path / "none").exists()
    (tmp_path / "gege.sqlite").write_text("no database")
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    assert completing.ticket_numbers("GD") == []
