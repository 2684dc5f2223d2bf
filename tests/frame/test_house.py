"""The documents about the house are true: its table, its picture, and what comments send a reader to."""

from __future__ import annotations

import re
import subprocess

import pytest

from bot.settings import PROJECT
from tools.lint.picture import PICTURE, svg
from tools.lint.rooms import broken_by, table_of

PAGE = (PROJECT / "docs" / "architecture.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("imports", "said"),
    [
        ({("a", "b")}, []),
        ({("a", "b"), ("b", "a")}, ["b imports a, which its row does not name"]),
        ({("a", "b"), ("a", "c")}, ["a imports c, which its row does not name"]),
        (set(), ["a: its row names b, but nothing imports it"]),
    ],
)
def test_an_arrow_that_the_table_does_not_name_breaks_the_contract(imports: set, said: list[str]) -> None:
    assert broken_by(imports, {"a": ("b",), "b": (), "c": ()}) == said


def test_a_row_cannot_name_a_room_above_it() -> None:
    assert "b: its row names a, which stands above it" in broken_by({("b", "a")}, {"a": (), "b": ("a",)})


def test_the_picture_of_the_house_is_that_of_its_table() -> None:
    drawn = (PROJECT / PICTURE).read_text("utf-8")
    assert drawn == svg(table_of(PAGE)), "draw it anew: python -m tools.lint.picture"


def test_every_file_that_text_or_comment_names_is_there() -> None:
    named = re.compile(
        r"(?<![\w./])((?:docs|bot|actions|nlu|tests|tools|scripts)/[\w./-]+\.(?:md|py|yml|svg|png|toml|jsonl|txt))\b"
    )
    missing = []
    for name in _ours():
        file = PROJECT / name
        if (
            file.suffix not in {".py", ".md", ".yml", ".toml"}
            or not file.is_file()
            or name.startswith("docs/decisions/")
        ):
            continue
        for found in named.findall(file.read_text("utf-8")):
            if not (PROJECT / found).exists():
                missing.append(f"{name}: {found}")
    assert not missing


def _ours() -> list[str]:
    """The project's own files; a release archive has them in its sums instead of in git."""
    if (sums := PROJECT / "SHA256SUMS").exists():
        return [line.split(maxsplit=1)[1] for line in sums.read_text("utf-8").splitlines()]
    return subprocess.check_output(["git", "ls-files"], cwd=PROJECT, text=True).split()


def test_a_newcomers_page_is_short() -> None:
    for name in ("README.md", "README.zh.md"):
        assert len((PROJECT / name).read_text("utf-8").splitlines()) <= 150
