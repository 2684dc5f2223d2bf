"""A correction is taken, held for a second person, or refused with its reason; never half of any."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.learning.book import CorrectionBook, CorrectionCard, why
from bot.learning.rules import CorrectionRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from tests.tickets.county import AT, hazard, outage


def ticket(desk: TicketDesk, said: str = "屋里梭子断了", **values: str) -> str:
    return desk.report(outage(said=said, session=f"s-{said}", **values)).ticket_no


def test_a_correction_of_a_manager_is_new_and_keeps_what_was_heard(desk: TicketDesk, book: CorrectionBook) -> None:
    desk.keep(Heard("u1", "s-屋里梭子断了", "屋里梭子断了", caller=Caller.by("phone")))
    card = book.write(ticket(desk), "M1", words="屋里闸刀断了", kind="breaker_fault")
    assert (card.state, card.heard, card.intent) == ("new", "屋里梭子断了", "report_breaker_fault")
    assert [one.state for one in book.judge_again()] == ["accepted"]


def test_a_second_press_changes_nothing(desk: TicketDesk, book: CorrectionBook) -> None:
    number = ticket(desk)
    first = book.write(number, "M1", words="屋里闸刀断了")
    again = book.write(number, "M1", words="屋里闸刀断了")
    assert again.id == first.id and first.fresh and not again.fresh
    assert len(book.corrections()) == 1


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "empty"),
        ({"words": "  "}, "empty"),
        ({"words": "屋里,梭子断了。"}, "empty"),
        ({"words": "电" * 5000}, "too_long"),
        ({"words": "the light is out"}, "script"),
        ({"words": "света нет"}, "script"),
        ({"words": "12345"}, "script"),
        ({"household_no": "nowhere"}, "household"),
        ({"kind": "earthquake"}, "intent"),
        ({"intent": "restart"}, "intent"),
        ({"intent": "x" * 500}, "intent"),
    ],
)
def test_an_absurd_one_is_refused_and_kept_with_its_reason(
    desk: TicketDesk, book: CorrectionBook, values: dict[str, str], reason: str
) -> None:
    with pytest.raises(CorrectionRefused, match=why(reason)):
        book.write(ticket(desk), "M1", **values)
    [kept] = book.corrections()
    assert (kept.state, kept.reason) == ("refused", reason) and len(kept.words) <= 300


@pytest.mark.parametrize("by", ["M2", "S1", "nobody"])
def test_who_may_not_act_on_the_ticket_corrects_nothing(desk: TicketDesk, book: CorrectionBook, by: str) -> None:
    with pytest.raises(CorrectionRefused):
        book.write(ticket(desk), by, kind="care")
    assert book.corrections() == []


def waiting(desk: TicketDesk, book: CorrectionBook) -> CorrectionCard:
    return book.write(desk.report(hazard()).ticket_no, "M1", kind="care")


def test_what_makes_something_else_of_a_danger_waits_for_a_second_person(
    desk: TicketDesk, book: CorrectionBook
) -> None:
    card = waiting(desk, book)
    assert (card.state, card.reason) == ("waiting", "hazard")
    assert book.judge_again() == []
    for by in ("M1", "A1", "S1", "nobody"):
        with pytest.raises(CorrectionRefused):
            book.decide(card.id, by, confirm=True)
    assert book.decide(card.id, "D1", confirm=True).state == "accepted"


def test_the_second_decision_changes_nothing_and_is_told(desk: TicketDesk, book: CorrectionBook) -> None:
    card = waiting(desk, book)
    assert book.decide(card.id, "D1", confirm=False).state == "refused"
    again = book.decide(card.id, "T1", confirm=True)
    assert (again.state, again.second, again.fresh) == ("refused", "D1", False)


def test_nobody_confirms_their_own(desk: TicketDesk, book: CorrectionBook) -> None:
    card = book.write(desk.report(hazard()).ticket_no, "D1", kind="care")
    with pytest.raises(CorrectionRefused, match="second person"):
        book.decide(card.id, "D1", confirm=True)
    assert book.decide(card.id, "T1", confirm=True).state == "accepted"


def test_two_that_contradict_each_other_both_wait_and_one_confirmed_refuses_the_other(
    desk: TicketDesk, book: CorrectionBook
) -> None:
    number = ticket(desk)
    first = book.write(number, "M1", kind="breaker_fault")
    second = book.write(number, "A1", kind="indoor_repair")
    assert [one.state for one in book.corrections()] == ["waiting", "waiting"]
    book.decide(second.id, "D1", confirm=True)
    assert {one.id: one.state for one in book.corrections()} == {first.id: "refused", second.id: "accepted"}


def test_other_words_for_the_same_sentence_contradict_even_on_another_ticket(
    desk: TicketDesk, book: CorrectionBook
) -> None:
    book.write(ticket(desk), "M1", words="屋里闸刀断了")
    other = desk.report(outage(said="屋里,梭子断了!", session="other")).ticket_no
    assert book.write(other, "M1", words="屋里绳子断了").reason == "contradiction"


def test_many_relabels_by_one_account_are_all_held_before_anything_is_learned(
    desk: TicketDesk, book: CorrectionBook
) -> None:
    said = ["一号灯灭了", "二号灯灭了", "三号灯灭了", "四号灯灭了"]
    states = [book.write(ticket(desk, one), "M1", kind="care", at=AT).state for one in said]
    assert states == ["new", "new", "new", "waiting"]
    assert {one.reason for one in book.judge_again()} == {"many"}


def test_relabels_over_many_days_are_ordinary(desk: TicketDesk, book: CorrectionBook) -> None:
    for day, one in enumerate(["一号灯灭了", "二号灯灭了", "三号灯灭了", "四号灯灭了"]):
        book.write(ticket(desk, one), "M1", kind="care", at=AT + dt.timedelta(days=day))
    assert {one.state for one in book.judge_again()} == {"accepted"}


def test_the_kind_may_be_added_to_words_by_whoever_wrote_them(desk: TicketDesk, book: CorrectionBook) -> None:
    card = book.write(ticket(desk), "M1", words="屋里闸刀断了")
    with pytest.raises(CorrectionRefused):
        book.complete(card.id, "A1", kind="breaker_fault")
    assert book.complete(card.id, "M1", kind="breaker_fault").intent == "report_breaker_fault"


def test_a_kind_that_is_added_later_is_judged_too(desk: TicketDesk, book: CorrectionBook) -> None:
    card = book.write(desk.report(hazard()).ticket_no, "M1", words="电线短了,掉在路上")
    assert card.state == "new"
    assert book.complete(card.id, "M1", kind="care").reason == "hazard"
