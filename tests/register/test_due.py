"""Due rules become tasks: once each, in walking order, for whoever serves the grid; and end when their reason ends."""

from __future__ import annotations

import datetime as dt
import random
import threading
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from bot.database import Database
from bot.grid.models import GridStaff, Household, HouseholdContact, Staff
from bot.register.book import Book
from bot.register.day import Days
from bot.register.due import Diary, make_tasks
from bot.register.kind_files import Kinds
from bot.register.models import Task, TaskState
from bot.register.walk import walking
from bot.tickets.desk import TicketDesk
from bot.tickets.dismissing import dismiss
from tests.register.town import MANAGER, NOON, TEAM, TODAY, ZONE, bring, new, rows

MONTH = dt.timedelta(days=31)


def tasks(database: Database, kind: str, state: str = TaskState.open) -> list[Task]:
    with database.reading() as session:
        return list(session.scalars(select(Task).where(Task.kind == kind, Task.state == state).order_by(Task.id)))


def days(town: Database, kinds: Kinds) -> Days:
    return Days(town, kinds)


def test_one_task_a_household_kind_and_period_however_often_one_looks(town: Database, kinds: Kinds) -> None:
    first = make_tasks(town, kinds, TODAY)
    assert first > 0
    assert [make_tasks(town, kinds, TODAY) for _ in range(3)] == [0, 0, 0]
    assert len(tasks(town, "dunning")) == 1 and tasks(town, "dunning")[0].place == "石桥路3号"


def test_two_who_look_at_the_same_moment_make_it_once(town: Database, kinds: Kinds) -> None:
    faults: list[BaseException] = []

    def look() -> None:
        try:
            make_tasks(town, kinds, TODAY)
        except BaseException as problem:
            faults.append(problem)

    both = [threading.Thread(target=look) for _ in range(4)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert not faults and len(tasks(town, "dunning")) == 1


def test_the_first_round_goes_on_house_by_house_six_a_day(town: Database, kinds: Kinds, book: Book) -> None:
    make_tasks(town, kinds, TODAY)
    mine = [one for one in days(town, kinds).of("M24", TODAY, NOON) if one.kind == "visit"]
    assert [one.place for one in mine] == [f"石桥路{number}号" for number in (1, 3, 5, 7, 9, 11)]
    for one in mine:
        book.enter(new("visit", one.household_no), MANAGER, TODAY)
    make_tasks(town, kinds, TODAY)
    assert not tasks(town, "visit")[3:], "the day's ration is done (three more are 望舒's)"
    make_tasks(town, kinds, TODAY + dt.timedelta(days=1))
    mine = [one for one in days(town, kinds).of("M24", TODAY + dt.timedelta(days=1), NOON) if one.kind == "visit"]
    assert [one.place for one in mine] == [f"石桥路{number}号" for number in (12, 10, 8, 6, 4, 2)], (
        "back on the even side"
    )


def test_the_second_round_finds_large_users_and_debtors_a_month_later(town: Database, kinds: Kinds, book: Book) -> None:
    for number in (1, 3, 8):
        book.enter(new("visit", f"42110{number:02}"), MANAGER, TODAY)
    make_tasks(town, kinds, TODAY + dt.timedelta(days=29))
    assert tasks(town, "second_visit") == []
    make_tasks(town, kinds, TODAY + MONTH)
    assert {one.place for one in tasks(town, "second_visit")} == {"石桥路3号", "石桥路8号"}
    book.enter(new("second_visit", "4211003", TODAY + MONTH), MANAGER, TODAY + MONTH)
    make_tasks(town, kinds, TODAY + 2 * MONTH)
    assert {one.place for one in tasks(town, "second_visit")} == {"石桥路8号"}, "done is done"


def test_a_promise_is_asked_about_on_the_day_after_and_not_when_it_was_kept(
    town: Database, kinds: Kinds, book: Book, tmp_path: Path
) -> None:
    book.enter(new("dunning", "4211003", how="door", promised="2026-12-05"), MANAGER, TODAY)
    promise = dt.date(2026, 12, 5)
    make_tasks(town, kinds, promise)
    assert tasks(town, "dunning") == []
    make_tasks(town, kinds, promise + dt.timedelta(days=1))
    [asked] = tasks(town, "dunning")
    assert (asked.rule, asked.hurry, asked.due_on) == ("promise", True, dt.date(2026, 12, 6))
    with town.session() as session:
        session.execute(update(Household).where(Household.household_no == "4211003").values(balance=0, months_owed=0))
    make_tasks(town, kinds, promise + dt.timedelta(days=2))
    assert tasks(town, "dunning") == [] and len(tasks(town, "dunning", TaskState.over)) == 1


def test_who_is_paired_is_looked_after_every_month_whoever_looks(town: Database, kinds: Kinds, book: Book) -> None:
    book.enter(new("pair", "4211007", partner="服务队"), MANAGER, TODAY)
    make_tasks(town, kinds, TODAY)
    looked = {one.place: one.rule for one in tasks(town, "care_visit")}
    assert looked == {"石桥路7号": "paired", "石桥路5号": "monthly"}
    book.enter(new("care_visit", "4211007"), TEAM, TODAY)
    make_tasks(town, kinds, TODAY + dt.timedelta(days=3))
    assert [one.place for one in tasks(town, "care_visit")] == ["石桥路5号"]
    make_tasks(town, kinds, TODAY + 2 * MONTH)
    assert "石桥路7号" in {one.place for one in tasks(town, "care_visit")}


def test_a_place_that_is_no_household_and_a_community_come_again(town: Database, kinds: Kinds, book: Book) -> None:
    book.enter(new("home_check", place="夕阳红养老院", found="well"), MANAGER, TODAY)
    book.enter(new("talk", community="东门社区", what="talk"), MANAGER, TODAY)
    make_tasks(town, kinds, TODAY + MONTH)
    [again] = tasks(town, "home_check")
    assert (again.place, again.grid_no) == ("夕阳红养老院", "24")
    assert {one.community for one in tasks(town, "talk")} == {"西门社区"}, "东门 had its talk this quarter"
    book.enter(new("home_check", place="夕阳红养老院", day=TODAY + MONTH, found="well"), MANAGER, TODAY + MONTH)
    assert tasks(town, "home_check") == []


def test_a_task_is_its_grids_and_goes_to_who_follows(town: Database, kinds: Kinds) -> None:
    make_tasks(town, kinds, TODAY)
    before = [one.id for one in days(town, kinds).of("M24", TODAY, NOON)]
    assert before and not {one.grid_no for one in days(town, kinds).of("M25", TODAY, NOON)} & {"24"}
    with town.session() as session:
        session.execute(delete(GridStaff).where(GridStaff.staff_no == "M24"))
        session.add(Staff(staff_no="M9", name="后来", role="manager", phone=""))
        session.flush()
        session.add(GridStaff(grid_no="24", staff_no="M9"))
    assert [one.id for one in days(town, kinds).of("M9", TODAY, NOON)] == before
    assert days(town, kinds).of("M24", TODAY, NOON) == []
    with town.session() as session:
        session.execute(delete(GridStaff).where(GridStaff.staff_no == "M9"))
    assert set(before) <= {one.id for one in days(town, kinds).of("D1", TODAY, NOON)}, "nobody's is the desk's"


def test_the_tasks_of_somebody_who_is_dismissed_are_the_heirs(town: Database, kinds: Kinds) -> None:
    make_tasks(town, kinds, TODAY)
    before = {one.id for one in days(town, kinds).of("M24", TODAY, NOON)}
    dismiss(town, TicketDesk(town), "M24", "M25", "D1")
    assert before and before <= {one.id for one in days(town, kinds).of("M25", TODAY, NOON)}
    assert days(town, kinds).of("M24", TODAY, NOON) == []


def test_a_household_that_has_gone_is_not_walked_to(town: Database, kinds: Kinds, book: Book) -> None:
    entered = book.enter(new("dunning", "4211003", promised="2026-12-02"), MANAGER, TODAY)
    make_tasks(town, kinds, TODAY)
    with town.session() as session:
        session.execute(delete(HouseholdContact))
        session.execute(delete(Household).where(Household.household_no == "4211003"))
    make_tasks(town, kinds, TODAY + dt.timedelta(days=5))
    assert "石桥路3号" not in {one.place for one in days(town, kinds).of("M24", TODAY, NOON)}
    kept = book.entry(entered.id, MANAGER)
    assert kept is not None and kept.place == "石桥路3号", "what was done stays written"


def test_later_and_not_at_all_are_only_ones_own(town: Database, kinds: Kinds) -> None:
    make_tasks(town, kinds, TODAY)
    it, tomorrow = days(town, kinds), TODAY + dt.timedelta(days=1)
    one, two, *_ = it.of("M24", TODAY, NOON)
    assert not it.later(one.id, "M25", tomorrow, NOON) and it.later(one.id, "M24", tomorrow, NOON)
    assert not it.drop(two.id, "M25", "懒", TODAY, NOON) and not it.drop(two.id, "M24", "  ", TODAY, NOON)
    assert it.drop(two.id, "M24", "房子拆了", TODAY, NOON)
    left = [each.id for each in it.of("M24", TODAY, NOON)]
    assert one.id not in left and two.id not in left
    make_tasks(town, kinds, TODAY)
    assert one.id in [each.id for each in it.of("M24", tomorrow, NOON)]
    assert two.id not in [each.id for each in it.of("M24", tomorrow, NOON)], "dropped for this period"


def test_the_street_is_walked_up_one_side_and_down_the_other() -> None:
    street = [f"沿河路{number}号" for number in (1, 3, 9, 105, 104, 20, 10, 2)]
    shuffled = street[:]
    random.Random(7).shuffle(shuffled)
    assert sorted(shuffled, key=lambda one: walking("东门", "", one)) == street
    flats = ["1栋1单元101室", "1栋1单元201室", "1栋2单元101室", "2栋1单元101室", "10栋1单元101室"]
    assert sorted(reversed(flats), key=lambda one: walking("东门", "凤凰城", one)) == flats


def test_the_diary_looks_when_the_day_or_the_register_has_changed(
    town: Database, kinds: Kinds, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dt.date] = []
    monkeypatch.setattr("bot.register.due.make_tasks", lambda _d, _k, today: made.append(today))
    at = [NOON]
    diary = Diary(town, kinds, ZONE, lambda: at[0])
    diary.look()
    diary.look()
    assert made == [TODAY]
    Book(town, kinds).enter(new("note", words="改天"), MANAGER, TODAY)
    diary.look()
    at[0] += dt.timedelta(hours=13)
    diary.look()
    assert made == [TODAY, TODAY, TODAY + dt.timedelta(days=1)]


def test_an_import_changes_who_owes(town: Database, kinds: Kinds, tmp_path: Path) -> None:
    make_tasks(town, kinds, TODAY)
    assert [one.place for one in tasks(town, "dunning")] == ["石桥路3号"]
    bring(
        town,
        tmp_path,
        rows()
        .replace("-86.2,3", "5,0")
        .replace("石桥路9号,东门1台区,东门线,24,,10,0", "石桥路9号,东门1台区,东门线,24,,-9,1"),
    )
    make_tasks(town, kinds, TODAY)
    assert [one.place for one in tasks(town, "dunning")] == ["石桥路9号"]
