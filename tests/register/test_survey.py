"""A random survey: nobody twice, drawn again by anybody, asked by people of no grid, counted with the n."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.database import Database
from bot.register.book import Book
from bot.register.day import Days
from bot.register.kind_files import Kinds
from bot.register.models import Draw, Task
from bot.register.survey import DrawRefused, Survey
from bot.tickets.desk import TicketDesk
from bot.tickets.dismissing import dismiss
from tests.register.town import NOON, TEAM, TODAY, bring, new, rows


@pytest.fixture
def survey(town: Database, kinds: Kinds) -> Survey:
    return Survey(town, kinds)


def drawn(town: Database, number: int) -> dict[str, list[str]]:
    with town.reading() as session:
        return {name: kept["drawn"] for name, kept in session.get_one(Draw, number).drawn.items()}


def test_the_same_seed_draws_the_same_households_and_that_can_be_shown(town: Database, survey: Survey) -> None:
    one = survey.draw("survey", 3, "签7", "D1", ["T1"], TODAY, "form-000000000001")
    assert survey.drawn_again(one) is True
    with town.session() as session:
        kept = session.get_one(Draw, one)
        other = {**kept.drawn, "东门社区": {**kept.drawn["东门社区"], "drawn": ["4211001", "4211002", "4211003"]}}
        kept.drawn = other
    assert survey.drawn_again(one) is False, "a household that was put in by hand is seen"


def test_no_household_is_drawn_twice_also_not_by_the_next_draw(town: Database, survey: Survey) -> None:
    numbers: list[str] = []
    for turn in range(5):
        number = survey.draw("survey", 3, f"签{turn}", "D1", ["T1"], TODAY, f"form-00000000000{turn}")
        numbers += [household for found in drawn(town, number).values() for household in found]
        assert survey.drawn_again(number) is True
    assert len(numbers) == len(set(numbers)) == 15, "12 and 3 households, and then nobody is left"


def test_a_list_that_has_changed_since_is_told_apart_from_a_wrong_draw(
    town: Database, survey: Survey, tmp_path: Path
) -> None:
    number = survey.draw("survey", 2, "签", "D1", ["T1"], TODAY, "form-000000000001")
    bring(town, tmp_path, rows(14))
    assert survey.drawn_again(number) is None


def test_a_double_tap_draws_once_and_the_households_are_shared_out(
    town: Database, kinds: Kinds, survey: Survey
) -> None:
    one = survey.draw("survey", 2, "签", "D1", ["T1", "T2"], TODAY, "form-000000000001")
    assert survey.draw("survey", 2, "签", "D1", ["T1", "T2"], TODAY, "form-000000000001") == one
    assert len(survey.to_ask(one)) == 4 and len(survey.to_ask(one, "T1")) == len(survey.to_ask(one, "T2")) == 2
    assert Days(town, kinds).drawn("T1", NOON) == 2
    assert Days(town, kinds).of("T1", TODAY, NOON) == [], "a survey is one line of the day, not a hundred"


def test_what_somebody_had_to_ask_who_has_left_is_the_desks_and_never_the_managers(
    town: Database, kinds: Kinds, survey: Survey
) -> None:
    survey.draw("survey", 2, "签", "D1", ["T1"], TODAY, "form-000000000001")
    dismiss(town, TicketDesk(town), "T1", "T2", "D1")
    asks = {who: Days(town, kinds).drawn(who, NOON) for who in ("T1", "T2", "D1", "M24")}
    assert asks == {"T1": 0, "T2": 4, "D1": 4, "M24": 0}


@pytest.mark.parametrize(
    ("each", "to", "reason"),
    [
        (0, ["T1"], "each"),
        (201, ["T1"], "each"),
        (2, [], "nobody"),
        (2, ["M24"], "nobody"),
        (2, ["T1", "S24"], "nobody"),
    ],
)
def test_no_manager_asks_about_himself(survey: Survey, each: int, to: list[str], reason: str) -> None:
    with pytest.raises(DrawRefused) as refused:
        survey.draw("survey", each, "签", "D1", to, TODAY, "form-000000000001")
    assert refused.value.reason == reason and not survey.draws()


def test_it_is_counted_by_community_on_those_who_answered(town: Database, book: Book, survey: Survey) -> None:
    one = survey.draw("survey", 3, "签", "D1", ["T1"], TODAY, "form-000000000001")
    said = iter(["good", "nobody", "bad", "fair"])
    with town.reading() as session:
        east = session.execute(
            select(Task.id, Task.household_no).where(Task.community == "东门社区").order_by(Task.id)
        ).all()
    for (task, household), content in zip(east, said, strict=False):
        book.enter(new("survey", household, task=task, content=content), TEAM, TODAY)
    counted = {row.community: row for row in survey.counted(one)}
    assert (counted["东门社区"].drawn, counted["东门社区"].asked) == (3, 3)
    assert (counted["东门社区"].content.hits, counted["东门社区"].content.of) == (1, 2)
    assert counted["西门社区"].content.value is None, "no share of nothing"
    [card] = survey.draws()
    assert (card.asked, card.drawn) == (3, 6)
