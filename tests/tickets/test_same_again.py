"""What is reported twice is one ticket: the same report, the same danger; it climbs, and nobody is flooded."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import Database
from bot.notify.console import Console
from bot.notify.registered_names import RegisteredNames
from bot.notify.routes import Site, parcel
from bot.tickets.desk import TicketCard, TicketDesk
from bot.tickets.due import timers
from bot.tickets.intake.caller import Caller
from bot.tickets.models import Notification, Ticket
from bot.tickets.reporter import Reporter
from tests.tickets.county import AT, by, hazard, minutes, on_sqlite, outage
from tests.tickets.test_waiting import MONDAY, NIGHT

HOUSE = "4200000001"
#: the one who reports in `outage()`, and somebody else, in another call
SHE, HE = Reporter(Caller.by("phone", "13800138000"), "s2"), Reporter(Caller.by("phone", "13711110000"), "s3")


def told(desk: TicketDesk, number: str) -> list[tuple[str, str]]:
    return [(one.staff_no, one.template) for one in desk.notifications(number)]


def again(desk: TicketDesk, reporter: Reporter, kind: str = "outage", place: str = "", house: str | None = None) -> str:
    found = desk.same_report(reporter, kind, house, place)
    return found.ticket_no if found else ""


def test_the_same_household_and_the_same_caller_repeat_a_report(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(household_no=HOUSE, place="沿河路206号"), AT).ticket_no
    assert again(desk, HE, house=HOUSE, place="沿河路二百零六号") == number, "another person of the house"
    assert again(desk, SHE, house=HOUSE) == number
    assert again(desk, SHE, place="沿河路") == again(desk, SHE) == number, "she says less than the first time"
    assert again(desk, HE, place="沿河路206号") == "", "a stranger at the door may mean another house"
    assert again(desk, SHE, place="沿河路207号") == again(desk, SHE, place="古井街206号") == ""
    assert again(desk, SHE, kind="arrears", house=HOUSE) == ""
    desk.acknowledge(number, "M1", AT)
    assert again(desk, SHE) == number
    desk.resolve(number, "M1", at=AT)
    assert again(desk, SHE) == "", "what is settled and comes again is something new"


@on_sqlite
def test_a_call_back_is_owed_to_a_person_and_not_to_a_house(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="callback", household_no=HOUSE), AT).ticket_no
    assert again(desk, SHE, kind="callback", house=HOUSE) == number
    assert again(desk, HE, kind="callback", house=HOUSE) == ""


@on_sqlite
def test_who_is_known_by_the_conversation_alone_repeats_what_was_said_in_it(county: Database) -> None:
    desk = TicketDesk(county)
    typed = Caller.by("web", "13800138000")
    number = desk.report(outage(caller=typed, session="w1"), AT).ticket_no
    assert again(desk, Reporter(typed, "w1")) == number
    assert again(desk, Reporter(typed, "w2")) == ""


def test_who_calls_again_makes_it_climb_to_the_next_and_to_nobody_else(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    with county.session() as session:
        session.execute(timers_sent(number))
    card = desk.called_again(number, "还没来,冰箱里的药要坏了", caller=HE.caller, at=AT + minutes(2))
    assert card.facts["called_again"] == 1
    assert told(desk, number) == [("M1", "reported"), ("M1", "added")]
    assert timers.fire_due(county, AT + minutes(2)) == 1
    assert told(desk, number)[2:] == [("M1", "unacknowledged"), ("A1", "unacknowledged")]
    assert desk.called_again(number, at=AT + minutes(3)).facts["called_again"] == 2
    timers.fire_due(county, AT + minutes(3))
    assert "D1" in {who for who, _ in told(desk, number)}
    rows = [(one.note, one.detail) for one in desk.activities(number) if one.kind == "called_again"]
    assert rows == [("还没来,冰箱里的药要坏了", {"times": 1, "caller": "13711110000"}), ("", {"times": 2})]
    assert len(desk.tickets()) == 1


@on_sqlite
def test_a_message_that_has_not_left_says_what_was_said_since(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.add(number, note="屋里有个吃奶的毛毛", facts={"child": "yes"}, at=AT + minutes(1))
    desk.called_again(number, "快点", at=AT + minutes(2))
    assert told(desk, number) == [("M1", "reported")]
    with county.reading() as session:
        [message] = messages(session, RegisteredNames(county))
    assert "后来讲：「屋里有个吃奶的毛毛、快点」" in message and "注意：有小孩、又打来1次" in message


def messages(session: Session, names: RegisteredNames) -> list[str]:
    """What waits in the outbox, as it would be read now."""
    rows = session.scalars(select(Notification).where(Notification.state == "pending")).all()
    site = Site(names, ZoneInfo("Asia/Shanghai"))
    return [one.text for row in rows for one in parcel(session, [row], [Console()], site, AT).messages.values()]


def timers_sent(number: str) -> object:
    """The first message has left."""
    of = select(Ticket.id).where(Ticket.ticket_no == number).scalar_subquery()
    return update(Notification).where(Notification.ticket_id == of).values(state="sent", attempts=1)


@on_sqlite
def test_what_is_taken_climbs_no_more_but_its_owner_hears_of_the_call(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    with county.session() as session:
        session.execute(timers_sent(number))
    desk.called_again(number, "快点", at=AT + minutes(20))
    assert timers.fire_due(county, AT + minutes(20)) == 0
    assert told(desk, number)[-1] == ("M1", "added")


@on_sqlite
def test_an_everyday_matter_that_is_called_about_at_night_lets_people_sleep(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="new_account"), NIGHT).ticket_no
    for minute in range(4):
        desk.called_again(number, at=NIGHT + minutes(minute))
    assert timers.fire_due(county, MONDAY - minutes(1)) == 0
    assert {one.due_at for one in desk.notifications(number)} == {MONDAY}


@on_sqlite
def test_calls_about_danger_do_not_ring_everybody_each_time(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(), AT).ticket_no
    timers.fire_due(county, AT + minutes(3))
    before = len(told(desk, number))
    desk.called_again(number, at=AT + minutes(3.5))
    assert timers.fire_due(county, AT + minutes(4)) == 0, "everybody is told when it is time, and no sooner"
    timers.fire_due(county, AT + minutes(6))
    before = len(told(desk, number))
    for second in range(5):
        desk.called_again(number, at=AT + minutes(6.5) + dt.timedelta(seconds=second))
    timers.fire_due(county, AT + minutes(7))
    assert [one for one in told(desk, number)[before:] if one != ("M1", "added")] == []


def danger(desk: TicketDesk, reporter: Reporter, place: str, grid_no: str | None = "24", after: float = 5) -> str:
    found: TicketCard | None = desk.same_danger(reporter, place, None, grid_no, AT + minutes(after))
    return found.ticket_no if found else ""


def test_four_calls_about_one_fallen_line_are_one_danger(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(place="白泉街"), AT).ticket_no
    assert danger(desk, SHE, "") == number, "the line still lies there"
    assert danger(desk, HE, "白泉街61号门口") == number
    desk.correct_place(number, place="白泉街60号门口", at=AT)
    assert danger(desk, HE, "白泉街四十八号") == number
    assert danger(desk, HE, "白泉街300号") == "", "too far along the street"
    assert danger(desk, HE, "泉水巷60号") == danger(desk, HE, "") == ""
    assert danger(desk, HE, "白泉街61号", grid_no="7") == "", "a street of that name in another grid"
    assert danger(desk, HE, "白泉街61号", after=7 * 60) == "", "half a day later it is another one"
    desk.acknowledge(number, "M1", AT)
    card = desk.also_reported(number, "线还在地上", caller=HE.caller, at=AT + minutes(6))
    assert card.facts["also_reported"] == 1 and card.state == "acknowledged"
    assert told(desk, number)[-1] == ("M1", "added")
    assert [one.urgent for one in desk.notifications(number)][-1]


@on_sqlite
def test_another_danger_of_the_same_caller_is_another_ticket(county: Database) -> None:
    desk = TicketDesk(county)
    desk.report(hazard(place="白泉街60号"), AT)
    assert danger(desk, SHE, "沿河路206号") == ""


@on_sqlite
def test_danger_that_is_over_is_not_the_one_that_is_seen_now(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(place="白泉街60号"), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    desk.resolve(number, "M1", at=AT)
    assert danger(desk, SHE, "白泉街60号") == ""


@on_sqlite
@pytest.mark.parametrize("kind", ["hazard", "outage"])
def test_neither_question_takes_the_others_ticket(county: Database, kind: str) -> None:
    desk = TicketDesk(county)
    desk.report(outage(kind=kind, place="白泉街60号", household_no=HOUSE), AT)
    assert (desk.same_danger(by("x", "phone"), "白泉街60号", HOUSE, "24", AT) is not None) == (kind == "hazard")
    assert (desk.same_report(SHE, kind, HOUSE, "") is not None) == (kind == "outage")
