"""What was entered is put right or marked as a mistake: nothing is overwritten silently, and what it had done is undone."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.database import Database
from bot.register.book import Book, NotAllowed, Reader
from bot.register.changing import ChangedMeanwhile, Changing
from bot.register.day import Days
from bot.register.due import make_tasks
from bot.register.figures import of_month
from tests.register.town import MANAGER, NOON, TEAM, TODAY, new

NEIGHBOUR = Reader("M25", "manager", {"25"}, {"25"})
ASSISTANT = Reader("A24", "assistant", {"24"}, {"24"})
MONTH = (TODAY.replace(day=1), TODAY.replace(day=28))


@pytest.fixture
def changing(town: Database, book: Book) -> Changing:
    return Changing(town, book.kinds)


def test_what_it_said_before_stays_with_who_and_when(book: Book, changing: Changing) -> None:
    card = book.enter(new("note", words="杆歪了"), MANAGER, TODAY)
    earlier = TODAY - dt.timedelta(days=1)
    assert changing.change(card, MANAGER, 0, earlier, {"words": "杆断了"}, "", TODAY, NOON)
    after = book.entry(card.id, MANAGER)
    assert after is not None and (after.day, after.values) == (earlier, {"words": "杆断了"})
    [was] = changing.history(card.id)
    assert (was.by_name, was.at, was.day, was.values) == ("归程", NOON, TODAY, {"words": "杆歪了"})
    assert not changing.change(after, MANAGER, 1, earlier, {"words": "杆断了"}, "", TODAY), (
        "the same again is no change"
    )
    assert len(changing.history(card.id)) == 1


def test_of_two_who_change_at_once_the_second_is_told_who_was_first(book: Book, changing: Changing) -> None:
    card = book.enter(new("note", words="一"), MANAGER, TODAY)
    changing.change(card, TEAM, 0, TODAY, {"words": "二"}, "", TODAY)
    with pytest.raises(ChangedMeanwhile) as told:
        changing.change(card, MANAGER, 0, TODAY, {"words": "三"}, "", TODAY)
    assert told.value.who == "服务队一"
    with pytest.raises(ChangedMeanwhile):
        changing.remove(card, MANAGER, 0, "")
    now = book.entry(card.id, MANAGER)
    assert now is not None and now.values == {"words": "二"}


def test_who_entered_it_may_and_who_serves_the_county_and_nobody_else(book: Book, changing: Changing) -> None:
    card = book.enter(new("visit", "4211001", met="met"), MANAGER, TODAY)
    assert changing.may(card, MANAGER) and changing.may(card, TEAM)
    for other in (NEIGHBOUR, ASSISTANT):
        assert not changing.may(card, other)
        with pytest.raises(NotAllowed):
            changing.remove(card, other, 0, "")


def test_a_mistake_counts_nowhere_can_still_be_read_and_its_task_is_due_again(
    town: Database, book: Book, changing: Changing
) -> None:
    make_tasks(town, book.kinds, TODAY)
    days = Days(town, book.kinds)

    def due() -> list[str]:
        return [one.household_no for one in days.of("M24", TODAY, NOON) if one.kind == "visit"]

    assert "4211001" in due()
    card = book.enter(new("visit", "4211001", met="met"), MANAGER, TODAY)
    assert "4211001" not in due()
    changing.remove(card, MANAGER, 0, "记到别家了", NOON)
    assert "4211001" in due(), "nobody was there"
    assert not book.listed(MANAGER) and not book.of_household("4211001", MANAGER) and not book.count(MANAGER)
    assert not of_month(town, book.kinds, *MONTH)
    still = book.entry(card.id, MANAGER)
    assert still is not None and still.state == "removed" and book.listed(MANAGER, state="removed") == [still]
    assert not changing.may(still, MANAGER), "once"
    make_tasks(town, book.kinds, TODAY + dt.timedelta(days=40))
    assert "4211001" in due(), "it was no first visit that a second one follows"


def test_nobody_met_after_all_makes_the_visit_due_again(town: Database, book: Book, changing: Changing) -> None:
    make_tasks(town, book.kinds, TODAY)
    card = book.enter(new("visit", "4211001", met="met"), MANAGER, TODAY)
    changing.change(card, MANAGER, 0, TODAY, {"met": "nobody"}, "", TODAY)
    now = book.entry(card.id, MANAGER)
    assert now is not None and now.state == "missed"
    later = TODAY + dt.timedelta(days=3)
    assert "4211001" in [one.household_no for one in Days(town, book.kinds).of("M24", later, NOON)]


def test_a_word_put_right_does_not_do_what_is_due_since(town: Database, book: Book, changing: Changing) -> None:
    card = book.enter(new("care_visit", "4211005", well="well", done="好"), MANAGER, TODAY)
    later = TODAY + dt.timedelta(days=40)
    make_tasks(town, book.kinds, later)

    def due() -> list[str]:
        return [one.household_no for one in Days(town, book.kinds).of("M24", later, NOON) if one.kind == "care_visit"]

    assert "4211005" in due(), "the next visit"
    changing.change(card, MANAGER, 0, TODAY, {**card.values, "done": "换了灯泡"}, "", later)
    assert "4211005" in due()


def test_another_place_is_another_subject(book: Book, changing: Changing) -> None:
    card = book.enter(new("line_check", place="老街口"), MANAGER, TODAY)
    changing.change(card, MANAGER, 0, TODAY, {**card.values, "place": "新街口"}, "", TODAY)
    now = book.entry(card.id, MANAGER)
    assert now is not None and now.place == "新街口"
