"""What the command line says in Chinese is what it says in English, and all of it that people read first is there."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.core import TyperGroup
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.commands.chinese import catalogue, in_chinese, of_help
from bot.commands.names import names
from bot.commands.program import command_of, known
from bot.foundation.widths import HAN
from bot.settings import PROJECT
from bot.tickets.labels import Labels, labels

_FILLED = re.compile(r"\{\w+\}")


def gege(home: Path, *words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"GEGE_HOME": str(home), "GEGE_LANG": "zh", "COLUMNS": "200"})


def helps(command: Any) -> Iterator[str]:
    yield inspect.cleandoc(command.help or "")
    for one in command.params:
        yield inspect.cleandoc(getattr(one, "help", None) or "")
    if isinstance(command, TyperGroup):
        for below in command.commands.values():
            yield from helps(below)


@pytest.mark.parametrize("name", [one for one in known() if one != "bench"])
def test_every_text_of_help_is_there_in_chinese(name: str) -> None:
    missing = [one for one in helps(command_of(name, translate=False)) if one and one not in of_help()]
    assert missing == [], "write its Chinese in bot/commands/help.zh.yml"


def test_the_page_of_help_has_no_english_left_but_names(tmp_path: Path) -> None:
    shown = gege(tmp_path, "outage", "open", "--help").stdout
    assert "用法" in shown and "选项" in shown and "登记一次停电" in shown and "显示这段说明" in shown
    assert "Show this message" not in shown and "Options" not in shown


@cache
def written() -> tuple[set[str], list[re.Pattern[str]]]:
    """Every string of the program and of its command-line library; what is filled in stands for anything."""
    whole: set[str] = set()
    filled: list[re.Pattern[str]] = []
    roots = (PROJECT / "bot", PROJECT / "actions", Path(inspect.getfile(typer)).parent)
    for file in (one for root in roots for one in root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.update((node.value, inspect.cleandoc(node.value)))
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(one.value) if isinstance(one, ast.Constant) else ".*" for one in node.values]
                if sum(len(one) for one in parts if one != ".*") > 7:
                    filled.append(re.compile("".join(parts), re.DOTALL))
    # What is filled in by format() stands there whole.
    filled += [
        re.compile(".*".join(map(re.escape, _FILLED.split(one))))
        for one in whole
        if _FILLED.search(one) and len(one) > 20
    ]
    return whole, filled


@pytest.mark.parametrize("table", ["help", "heads", "answers"])
def test_every_english_of_the_catalogue_is_said_somewhere(table: str) -> None:
    whole, filled = written()
    for english in of_help() if table == "help" else getattr(catalogue(), table):
        assert english in whole or any(one.fullmatch(english) for one in filled), english


def test_what_an_answer_fills_in_the_chinese_fills_in_too() -> None:
    for english, chinese in catalogue().answers.items():
        assert set(_FILLED.findall(chinese)) <= set(_FILLED.findall(english)), english
        assert re.search(f"[{HAN}]", chinese), english


def test_an_answer_is_recognised_with_what_it_says() -> None:
    assert in_chinese("there is no ticket GD1") == "没有 GD1 这张工单"
    assert in_chinese("there is no command x; did you mean y?") == "没有 x 这个命令；是不是 y？"
    assert in_chinese("there is no command x") == "没有 x 这个命令"
    assert in_chinese("nobody wrote this one") == "nobody wrote this one"


def test_refusals_are_said_in_the_language_of_who_types(home: Path, tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    def said(*words: str, at: Path) -> str:
        run = [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()", *words]
        environment = {**os.environ, "GEGE_HOME": str(at), "GEGE_LANG": "zh"}
        done = subprocess.run(run, capture_output=True, text=True, env=environment, timeout=120, check=False)
        assert done.returncode in (1, 2) and done.stdout == ""
        return done.stderr

    assert "没有 GD1 这张工单" in said("ticket", "GD1", at=home)
    assert "不在：把 GEGE_HOME 写对" in said("tickets", at=tmp_path / "misspelt")
    assert "abc 不是电话号码" in said("say", "停电了", "--caller", "abc", at=home)
    assert "还缺" in said("ticket", at=home)


def test_the_english_names_are_those_of_the_chinese_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEGE_LANG", "en")
    english, chinese = names(), labels()
    for field in dataclasses.fields(Labels):
        ours, theirs = getattr(english, field.name), getattr(chinese, field.name)
        if isinstance(theirs, dict) and ours:
            assert set(ours) == set(theirs) - (set(theirs) - set(ours) if field.name == "kinds" else set()), field.name
        assert not re.search(f"[{HAN}]", str(ours).replace("工单", "")), field.name
    monkeypatch.setenv("GEGE_LANG", "zh")
    assert names() is chinese


@pytest.mark.parametrize("name", ["escalation", "outage"])
def test_a_file_of_words_has_the_same_keys_in_both_languages(name: str) -> None:
    def keys(value: Any) -> Any:
        return {key: keys(one) for key, one in value.items()} if isinstance(value, dict) else None

    chinese, english = (
        yaml.safe_load((PROJECT / "bot/commands" / f"{name}{ending}.yml").read_text("utf-8")) for ending in ("", ".en")
    )
    assert keys(chinese) == keys(english)
