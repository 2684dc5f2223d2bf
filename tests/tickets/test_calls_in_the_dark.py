"""Seven hundred calls out of one outage are one list, and no call that said anything is lost in it."""

from __future__ import annotations

from bot.database import Database
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from tests.tickets.street import AT, minutes, street

__all__ = ["street"]


def _dropped(desk: TicketDesk, number: int, minute: float, dialled: str = "0715-3391024") -> str:
    call, caller = f"c{number}", f"1380013{number:04d}"
    desk.begin_call(call, caller, dialled, "", "audiosocket", AT + minutes(minute))
    (card,) = desk.call_back(call, at=AT + minutes(minute))
    return card.ticket_no


def test_bare_calls_out_of_one_outage_are_one_list_with_every_number(street: Database) -> None:
    desk = TicketDesk(street)
    alone = _dropped(desk, 0, 0)
    desk.outages.open("M1", transformer="沿河一台区", started_at=AT, at=AT + minutes(1))
    listed = {_dropped(desk, number, 1 + number / 10) for number in range(1, 40)}
    assert len(listed) == 1 and alone not in listed
    (ticket_no,) = listed
    card = desk.ticket(ticket_no)
    assert (card.kind, card.owner, card.facts["also_reported"]) == ("callback", "M1", 38)
    noted = [each.note for each in desk.activities(ticket_no) if each.kind == "also_reported"]
    assert {card.reporter, *noted} == {f"1380013{number:04d}" for number in range(1, 40)}
    assert desk.open_calls() == []
    told = [each for each in desk.notifications(ticket_no) if each.staff_no == "M1"]
    assert len(told) <= 2, "whoever has the list is not told of each number"


def test_who_said_something_or_called_from_elsewhere_has_his_own_ticket(street: Database) -> None:
    desk = TicketDesk(street)
    desk.outages.open("M1", transformer="沿河一台区", started_at=AT, at=AT + minutes(1))
    listed = _dropped(desk, 1, 2)
    desk.begin_call("said", "13800139999", "0715-3391024", "", "audiosocket", AT + minutes(3))
    desk.keep(
        Heard("u1", "said", "我屋里老人吸氧", call_id="said", caller=Caller.by("phone", "13800139999")), AT + minutes(3)
    )
    (own,) = desk.call_back("said", at=AT + minutes(3))
    elsewhere = _dropped(desk, 2, 4, dialled="0715-3391007")
    assert len({listed, own.ticket_no, elsewhere}) == 3


def test_when_the_list_is_done_the_next_call_begins_another(street: Database) -> None:
    desk = TicketDesk(street)
    desk.outages.open("M1", transformer="沿河一台区", started_at=AT, at=AT + minutes(1))
    first = _dropped(desk, 1, 2)
    desk.acknowledge(first, "M1", at=AT + minutes(3))
    desk.resolve(first, "M1", at=AT + minutes(3))
    desk.close(first, "M1", at=AT + minutes(4))
    second = _dropped(desk, 2, 5)
    assert second != first
