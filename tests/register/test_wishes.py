"""A wish: from an old man's call to his "好了"; one takes it on, and it is done when he says so."""

from __future__ import annotations

import threading

import pytest

from bot.database import Database
from bot.register.book import Book, NotAllowed
from bot.register.kind_files import Kinds
from bot.register.wishes import Taken, Wishes, take_tickets
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.models import State
from tests.register.town import MANAGER, OTHERS, TEAM, TODAY, ZONE, new


@pytest.fixture
def desk(town: Database) -> TicketDesk:
    return TicketDesk(town)


@pytest.fixture
def wishes(town: Database, kinds: Kinds, desk: TicketDesk) -> Wishes:
    return Wishes(town, kinds, desk)


def call(desk: TicketDesk, **more: str) -> str:
    report = Report(
        "care", "我一个人在屋里，灯坏了换不了", "s1", Caller.by("telegram", "77"), place="石桥路5号", household_no="4211005",
        grid_no="24", utterance_id=None, **more,
    )  # fmt: skip
    return desk.report(report).ticket_no


def test_from_the_old_mans_call_to_his_word(
    town: Database, kinds: Kinds, book: Book, desk: TicketDesk, wishes: Wishes
) -> None:
    number = call(desk)
    assert take_tickets(town, kinds, ZONE) == 1 and take_tickets(town, kinds, ZONE) == 0
    [wish] = book.listed(TEAM, kind="wish")
    assert (wish.ticket_no, wish.state, wish.by, wish.household_no) == (number, "open", "resident", "4211005")
    assert wish.values["wish"] == "我一个人在屋里，灯坏了换不了"

    assert wishes.claim(wish.id, TEAM).fresh
    card = desk.ticket(number)
    assert card is not None and (card.state, card.owner) == (State.acknowledged, "T1")
    assert wishes.fulfil(wish.id, TEAM, "换了一盏").fresh
    assert book.listed(TEAM, kind="wish")[0].state == "fulfilled", "nobody's word but his makes it done"
    asked = [one for one in desk.notifications(number) if one.template == "ask_rating"]
    assert len(asked) == 1, "he is asked where he wrote"
    desk.answers.answer(number, "good", comment="好了，亮堂")
    done = book.listed(TEAM, kind="wish")[0]
    assert done.state == "done" and [one.state for one in book.listed(TEAM, state="done")] == ["done"]


def test_what_he_says_is_not_well_is_the_same_persons_again(
    town: Database, kinds: Kinds, book: Book, desk: TicketDesk, wishes: Wishes
) -> None:
    number = call(desk)
    take_tickets(town, kinds, ZONE)
    [wish] = book.listed(TEAM)
    wishes.claim(wish.id, TEAM)
    wishes.fulfil(wish.id, TEAM)
    desk.answers.answer(number, "not_fixed", comment="还是不亮")
    again = book.listed(TEAM)[0]
    assert (again.state, again.claimed_by) == ("claimed", "T1")
    card = desk.ticket(number)
    assert card is not None and card.state == State.reported
    desk.acknowledge(number, "T1")
    assert wishes.fulfil(wish.id, TEAM).fresh and wishes.said(wish.id, TEAM, "这下好了").fresh
    card = desk.ticket(number)
    assert card is not None and card.state == State.closed and book.listed(TEAM)[0].word == "这下好了"


def test_silence_is_no_word(town: Database, kinds: Kinds, book: Book, desk: TicketDesk, wishes: Wishes) -> None:
    number = call(desk)
    take_tickets(town, kinds, ZONE)
    [wish] = book.listed(TEAM)
    wishes.claim(wish.id, TEAM)
    wishes.fulfil(wish.id, TEAM)
    desk.close(number, "D1", "没回话")
    assert book.listed(TEAM)[0].state == "fulfilled"
    assert not wishes.said(wish.id, TEAM, "  ").fresh and wishes.said(wish.id, MANAGER, "蛮好").fresh
    assert book.listed(TEAM)[0].state == "done"


def test_two_who_claim_one_wish_at_once_are_one_and_one_who_is_told(book: Book, wishes: Wishes) -> None:
    wish = book.enter(new("wish", "4211005", wish="台灯"), MANAGER, TODAY)
    found: list[Taken] = []
    both = [threading.Thread(target=lambda who=who: found.append(wishes.claim(wish.id, who))) for who in (TEAM, OTHERS)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(one.fresh for one in found) == [False, True]
    card = book.entry(wish.id, TEAM)
    assert card is not None
    [late] = [one for one in found if not one.fresh]
    assert late.who == card.claimed_name and card.claimed_by in ("T1", "T2")


def test_a_ticket_that_the_manager_has_goes_with_the_claim(
    town: Database, kinds: Kinds, book: Book, desk: TicketDesk, wishes: Wishes
) -> None:
    number = call(desk)
    desk.acknowledge(number, "M24")
    take_tickets(town, kinds, ZONE)
    [wish] = book.listed(TEAM)
    assert wish.state == "open" and wishes.claim(wish.id, TEAM).fresh
    card = desk.ticket(number)
    assert card is not None and card.owner == "T1"


def test_only_whose_it_is_gives_back_or_fulfils_and_a_reason_ends_it(book: Book, wishes: Wishes) -> None:
    wish = book.enter(new("wish", "4211005", wish="台灯"), MANAGER, TODAY)
    assert not wishes.fulfil(wish.id, TEAM).fresh, "nobody has it yet"
    wishes.claim(wish.id, TEAM)
    assert not wishes.fulfil(wish.id, MANAGER).fresh and not wishes.give_back(wish.id, MANAGER).fresh
    assert wishes.give_back(wish.id, TEAM).fresh and wishes.claim(wish.id, OTHERS).fresh
    assert wishes.drop(wish.id, OTHERS, "").state == "word" and wishes.drop(wish.id, OTHERS, "他搬走了").fresh
    assert not wishes.claim(wish.id, TEAM).fresh


def test_what_is_no_wish_is_not_claimed(book: Book, wishes: Wishes) -> None:
    visit = book.enter(new("visit", "4211001"), MANAGER, TODAY)
    for number in (visit.id, 10**9):
        with pytest.raises(NotAllowed):
            wishes.claim(number, TEAM)
