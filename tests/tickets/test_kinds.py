"""A kind of ticket is added by one file; nothing else has to know it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.commands.line import Failure, known_kind
from bot.database import Database
from bot.foundation.words import WordsBroken
from bot.notify.texts import Case, render
from bot.settings import Settings
from bot.tickets import kinds
from bot.tickets.desk import TicketDesk
from bot.tickets.due import timers
from bot.tickets.labels import labels
from bot.tickets.rules import rules_of
from tests.tickets.county import AT, minutes, on_sqlite, outage
from tests.tickets.test_broken_off import rest

SPARE = """kind: spare_part
written: 备件
spoken: 要个备件
questions: [place]
"""


@pytest.fixture
def flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another folder of flows, with one that adds a kind and one that does not."""
    (tmp_path / "spare_part.yml").write_text(SPARE, "utf-8")
    (tmp_path / "outage.yml").write_text("kind: outage\nquestions: [place]\n", "utf-8")
    monkeypatch.setattr(kinds, "FLOWS", tmp_path)
    kinds.further.cache_clear()
    labels.cache_clear()
    yield tmp_path
    kinds.further.cache_clear()
    labels.cache_clear()


@on_sqlite
def test_a_ticket_of_an_added_kind_lives_as_every_ordinary_one(county: Database, flows: Path) -> None:
    desk = TicketDesk(county)
    card = desk.report(outage(kind="spare_part"), AT)
    assert (card.kind, card.owner, card.urgent) == ("spare_part", "M1", False)
    assert [one.kind for one in desk.tickets(kind="spare_part")] == ["spare_part"]
    timers.fire_due(county, AT + minutes(5))
    assert [(one.staff_no, one.template) for one in desk.notifications(card.ticket_no)] == [
        ("M1", "reported"),
        ("M1", "unacknowledged"),
        ("A1", "unacknowledged"),
    ]
    assert labels().kind("spare_part") == "备件" and labels().spoken_kind("spare_part") == "要个备件"
    assert "【备件】" in render("reported", Case(ticket_no="GD1", kind="spare_part"), "manager")
    assert known_kind("spare_part") == "spare_part"


@on_sqlite
def test_a_matter_of_an_added_kind_that_breaks_off_keeps_its_kind(county: Database, flows: Path) -> None:
    rest(county, "chat1", {"matters": [{"kind": "spare_part", "said": "要个备件"}]})
    assert [card.kind for card in TicketDesk(county).sweep(AT + minutes(31))] == ["spare_part"]


@on_sqlite
def test_a_kind_says_whose_it_is_and_how_long_it_may_take(county: Database, flows: Path) -> None:
    (flows / "spare_part.yml").write_text(SPARE + "owner: team\nworking_days: 1\n", "utf-8")
    kinds.further.cache_clear()
    desk = TicketDesk(county)
    card = desk.report(outage(kind="spare_part"), AT)
    usual = desk.report(outage(kind="complaint", said="电费多收了"), AT)
    assert card.owner == "T1"
    assert desk.deadlines(card.ticket_no)[0].due_at < desk.deadlines(usual.ticket_no)[0].due_at


def test_a_site_may_set_rules_for_an_added_kind(flows: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, service={"around_the_clock": ["outage", "spare_part"]})
    assert "spare_part" in rules_of(settings).around_the_clock


@on_sqlite
def test_a_kind_that_no_file_names_is_none(county: Database, flows: Path) -> None:
    with pytest.raises(ValueError, match="no ticket kind"):
        outage(kind="spare_parts")
    with pytest.raises(Failure, match="spare_part"):
        known_kind("spare_parts")


@pytest.mark.parametrize(
    "wrong",
    [
        "kind: hazard\nwritten: 危险\nspoken: 有危险\n",
        "kind: Spare\nwritten: 备件\nspoken: 要个备件\n",
        "kind: spare\nwritten: 备件\n",
        "kind: spare\nwritten: 备件\nspoken: 要个备件\nowner: supervisor\n",
        SPARE,
    ],
)
def test_a_file_that_names_a_kind_badly_is_named(flows: Path, wrong: str) -> None:
    (flows / "wrong.yml").write_text(wrong, "utf-8")
    kinds.further.cache_clear()
    with pytest.raises(WordsBroken, match="wrong.yml"):
        kinds.further()
