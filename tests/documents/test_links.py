"""A reader who follows a link arrives: at a file, and at the heading that was meant."""

from __future__ import annotations

import pytest

from bot.settings import PROJECT
from tests.documents import pages

DOCS = PROJECT / "docs"


@pytest.mark.parametrize("name", pages.documents())
def test_every_link_leads_to_a_file_and_a_heading(name: str) -> None:
    assert not pages.lead_nowhere(name)


def test_a_link_to_nowhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "[a](b.md) [c](docs/README.md#nothing) [d](docs/README.md#documents) [e](https://example.org/none)"
    monkeypatch.setattr(pages, "text_of", {"x.md": page, "docs/README.md": "# Documents\n"}.__getitem__)
    assert pages.lead_nowhere("x.md") == [
        "x.md: b.md: no such file",
        "x.md: docs/README.md#nothing: no such heading",
    ]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("## Nothing lost: `gege bench crash`", "nothing-lost-gege-bench-crash"),
        ("## The desk — `gege bench desk` (28 November)", "the-desk--gege-bench-desk-28-november"),
        ("### A new topic: 充电桩", "a-new-topic-充电桩"),
    ],
)
def test_headings_are_reached_as_on_github(monkeypatch: pytest.MonkeyPatch, heading: str, anchor: str) -> None:
    monkeypatch.setattr(pages, "text_of", lambda name: f"{heading}\n\n{heading}\n")
    assert pages.anchors("x.md") == {anchor, f"{anchor}-1"}


def test_every_page_is_found_from_the_index() -> None:
    """Nobody reads what nobody links: a page under docs/ stands in docs/README.md."""
    linked = set(pages.links("docs/README.md"))
    pages_beside = {file.name for file in DOCS.glob("*.md")} - {"README.md"}
    assert pages_beside <= linked


def test_every_picture_is_shown_somewhere() -> None:
    shown = {target.rpartition("/")[2] for name in pages.documents() for target in pages.links(name)}
    assert {file.name for file in (DOCS / "pictures").iterdir()} <= shown
