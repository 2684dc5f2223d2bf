"""Entries: written once however often one taps, read by whose grid it is, counted."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from bot.database import Database
from bot.register.book import Book, NotAllowed, Reader
from bot.register.figures import of_month
from bot.register.kind_files import Kinds
from bot.register.values import EntryWrong
from tests.register.town import MANAGER, TEAM, TODAY, new

NEIGHBOUR = Reader("M25", "manager", {"25"}, {"25"})
SUPERVISOR = Reader("S24", "supervisor", frozenset(), {"24"})


def test_a_double_tap_is_one_entry_also_at_the_same_moment(book: Book) -> None:
    one = new("visit", "4211001", met="met")
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(book.enter(one, MANAGER, TODAY).id)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 4 and len(set(found)) == 1 and book.count(MANAGER) == {"visit": 1}


def test_somebody_elses_form_is_no_key_to_their_entry(book: Book) -> None:
    one = new("note", words="密")
    book.enter(one, MANAGER, TODAY)
    with pytest.raises(NotAllowed):
        book.enter(one, NEIGHBOUR, TODAY)


def test_an_entry_is_read_on_its_own_grid_and_by_the_desk(book: Book) -> None:
    one = book.enter(new("visit", "4211001"), MANAGER, TODAY)
    assert book.entry(one.id, TEAM) is not None and book.entry(10**9, MANAGER) is None
    for stranger in (NEIGHBOUR, SUPERVISOR):
        with pytest.raises(NotAllowed):
            book.entry(one.id, stranger)
        assert book.listed(stranger) == [] and book.count(stranger) == {}


def test_who_may_not_enter_it_or_not_there_is_refused(book: Book) -> None:
    with pytest.raises(NotAllowed):
        book.enter(new("survey", "4211001", content="good"), MANAGER, TODAY)
    with pytest.raises(NotAllowed):
        book.enter(new("nonsense"), MANAGER, TODAY)
    for number, fault in (("4212001", "unknown"), ("nobody", "unknown"), ("", "missing")):
        with pytest.raises(EntryWrong) as wrong:
            book.enter(new("visit", number), MANAGER, TODAY)
        assert wrong.value.fields == {"household": fault}
    with pytest.raises(EntryWrong):
        book.enter(new("talk", community="无中生有社区"), MANAGER, TODAY)


def test_a_community_director_enters_a_wish_and_reads_only_that(book: Book) -> None:
    one = book.enter(new("wish", wish="一把雨伞"), SUPERVISOR, TODAY)
    assert (one.grid_no, one.state) == ("24", "open")
    assert [each.id for each in book.listed(SUPERVISOR)] == [one.id]
    assert [each.id for each in book.listed(MANAGER)] == [one.id], "the manager of the grid sees it"


def test_months_kinds_and_grids_filter(book: Book) -> None:
    book.enter(new("visit", "4211001", TODAY - dt.timedelta(days=3)), MANAGER, TODAY)
    book.enter(new("note", words="甲"), MANAGER, TODAY)
    book.enter(new("visit", "4212001"), NEIGHBOUR, TODAY)
    assert book.count(TEAM, month=(2026, 12)) == {"note": 1, "visit": 1}
    assert book.count(TEAM, month=(2026, 11)) == {"visit": 1}
    assert [one.grid_no for one in book.listed(TEAM, kind="visit", grid="25")] == ["25"]


def test_the_months_figures_say_how_many_wishes_came_true_and_how_content_people_are(
    town: Database, kinds: Kinds, book: Book
) -> None:
    for said in ("good", "good", "fair", "bad", "nobody"):
        book.enter(new("survey", "4211001", content=said), TEAM, TODAY)
    book.enter(new("wish", wish="台灯"), MANAGER, TODAY)
    book.enter(new("visit", "4211001"), MANAGER, TODAY)
    found = {one.name: one for one in of_month(town, kinds, TODAY, TODAY + dt.timedelta(days=31))}
    assert found["走访"].count == 1 and found["走访"].share is None
    survey, wish = found["满意度问卷"].share, found["微心愿"].share
    assert survey is not None and (survey.hits, survey.of) == (3, 4), "who was not found says nothing"
    assert wish is not None and (wish.hits, wish.of) == (0, 1)
    assert not of_month(town, kinds, TODAY + dt.timedelta(days=40), TODAY + dt.timedelta(days=60))
