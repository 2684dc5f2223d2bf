"""The first page decides within ten minutes: one picture, three commands, what next, one link for each reader, true figures."""

from __future__ import annotations

import re

import pytest

from bot.settings import PROJECT
from tests.documents import pages

READMES = ("README.md", "README.zh.md")
#: lines of a page, lines of a paragraph, characters of a line of prose
PAGE, PARAGRAPH, LINE = 150, 4, 140


def _paragraphs(text: str) -> list[list[str]]:
    """Prose alone: no code, no table, no heading; each point of a list is one."""
    prose = re.sub(r"(?m)^(?:\||#).*$", "", pages.without_code(text))
    parts = re.split(r"\n\s*\n|\n(?=\d+\. |- )", prose)
    return [lines for part in parts if (lines := part.strip().splitlines())]


@pytest.mark.parametrize("name", READMES)
def test_it_is_short_and_no_paragraph_is_a_wall(name: str) -> None:
    text = pages.text_of(name)
    assert len(text.splitlines()) <= PAGE
    assert not [lines[0] for lines in _paragraphs(text) if len(lines) > PARAGRAPH]
    assert not [line for lines in _paragraphs(text) for line in lines if len(line) > LINE]


@pytest.mark.parametrize("name", READMES)
def test_a_picture_comes_first_then_three_commands_then_what_to_do(name: str) -> None:
    text = pages.text_of(name)
    [commands] = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    assert [line.split("#")[0].strip() for line in commands.splitlines()] == ["make demo", "make run", "make test"]
    assert text.index("docs/pictures/") < text.index("make demo") < text.index("http://localhost:8080/demo")
    assert text.index("http://localhost:8080/demo") < text.index("打电话", text.index("make demo"))


@pytest.mark.parametrize("name", READMES)
def test_each_reader_has_one_link(name: str) -> None:
    rows = re.findall(r"(?m)^\| .*\| (\[.*\)) \|$", pages.text_of(name).split("\n## ")[3])
    assert len(rows) == 7
    assert all(row.count("](") == 1 for row in rows)


def test_both_languages_say_the_same_figures_and_lead_to_the_same_pages() -> None:
    english, chinese = (pages.text_of(name) for name in READMES)

    def figures(text: str) -> list[set[str]]:
        table = [line for line in text.splitlines() if line.startswith("| ") and re.search(r"\]\([^)]*\) \|$", line)]
        said = [re.sub(r"(\d+) 万", r"\g<1>0000", line.split("](")[0].replace(",", "")) for line in table]
        return [set(re.findall(r"\d+(?:\.\d+)?", line)) for line in said]

    assert figures(english) == figures(chinese)
    mine = {"README.md", "README.zh.md"}
    assert set(pages.links("README.md")) - mine == set(pages.links("README.zh.md")) - mine


@pytest.mark.parametrize(
    ("said", "page"),
    [
        ("142 deaths", "reliability"),
        ("at most 4 min 25 s are lost", "reliability"),
        ("p50 0.64, p95 2.9 s", "reliability"),
        ("100 → 100 % (41 of 41", "benchmarks"),
        ("98.9 → **98.9 %** (95.0", "benchmarks"),
        ("97.6 → 96.8 % (79.7", "benchmarks"),
        ("83.4 → **99.4**", "benchmarks"),
        ("24.4 → **86.6**", "benchmarks"),
        ("2 in 10,000 over all", "benchmarks"),
        ("| ended as they should | **90.0 %** | **97.3 %** |", "benchmarks"),
        ("49.2 / 53.4 %", "speech"),
        ("77.2 %", "chongyang"),
        ("| county | 0.5 M | 958 | 10.2 | 18 | 2 |", "capacity"),
    ],
)
def test_a_figure_of_the_first_page_stands_on_its_own_page(said: str, page: str) -> None:
    """When a page gets a new figure, the first page gets it too: this line is changed with both."""
    assert said in (PROJECT / "docs" / f"{page}.md").read_text("utf-8")
