"""Nobody handles a complaint about themselves."""

from __future__ import annotations

import pytest

from bot.database import Database
from bot.grid.leave import write_leave
from bot.grid.models import Household, Staff
from bot.tickets.desk import TicketCard, TicketDesk, TicketRefused
from bot.tickets.due import timers
from tests.tickets.county import AT, minutes, on_sqlite, outage
from tests.tickets.test_broken_off import rest

ABOUT = "你们网格员态度恶劣要给个说法"


def complain(desk: TicketDesk, said: str = ABOUT, **values: object) -> TicketCard:
    return desk.report(outage(kind="complaint", said=said, **values), AT)


def test_a_complaint_about_the_manager_is_the_duty_desks_and_the_supervisor_knows(county: Database) -> None:
    desk = TicketDesk(county)
    card = complain(desk)
    assert card.owner == "D1"
    told = [(n.staff_no, n.template) for n in desk.notifications(card.ticket_no)]
    assert told == [("D1", "reported"), ("S1", "supervise")]


def test_the_manager_never_hears_of_it(county: Database) -> None:
    desk = TicketDesk(county)
    number = complain(desk).ticket_no
    for minute in range(0, 10_000, 5):
        timers.fire_due(county, AT + minutes(minute))
    assert "M1" not in {n.staff_no for n in desk.notifications(number)}
    with pytest.raises(TicketRefused, match="about M1"):
        desk.acknowledge(number, "M1", AT)
    with pytest.raises(TicketRefused, match="about M1"):
        desk.pass_on(number, "M1", "D1", at=AT)
    assert desk.acknowledge(number, "D1", AT).owner == "D1"


@on_sqlite
@pytest.mark.parametrize(
    "said",
    [
        "程远这个人不行",
        "老程讲话冲得很",
        "找程师傅的领导",
        "打了五回电话都冇人理",
        "报了三天了冇人来",
        "抄表的骂我姆妈",
        "我打了三四个电话了,没一个人来",
        "报了两回都没人管",
        "找你们上级来跟我讲",
        "上门那个喝得醉醺醺的",
        "能不能给我们换个人",
        "他喊都喊不动,就是不愿意过来",
        "来抢修的人拿了我两百块",
        "他们修电收了我五十块钱,有没有这个规矩",
        "程远他不管事",
    ],
)
def test_it_is_told_from_the_words(county: Database, said: str) -> None:
    assert complain(TicketDesk(county), said).owner == "D1"


@on_sqlite
@pytest.mark.parametrize(
    "said",
    [
        "电费多收了我五十几块,我要退",
        "停电都不提前通知,冰箱一箱鱼坏了",
        "这个电价收我六毛钱一度,太贵",
        "一停就是半天,一直不来电",
        "天天出毛病,收钱倒是快",
    ],
)
def test_a_complaint_about_something_else_is_the_managers(county: Database, said: str) -> None:
    assert complain(TicketDesk(county), said).owner == "M1"


@on_sqlite
def test_the_grid_may_become_known_later(county: Database) -> None:
    desk = TicketDesk(county)
    number = complain(desk, grid_no=None).ticket_no
    card = desk.add(number, place="沿河路", grid_no="24", at=AT + minutes(1))
    assert card.owner == "D1"
    assert "M1" not in {n.staff_no for n in desk.notifications(number)}


@on_sqlite
def test_who_stands_in_for_the_manager_does_not_get_it_either(county: Database) -> None:
    write_leave(county, "M1", "M2", AT - minutes(1), AT + minutes(600))
    desk = TicketDesk(county)
    card = complain(desk)
    assert card.owner == "D1" and set(card.facts["complained_of"]) == {"M1", "M2"}


@on_sqlite
def test_a_complaint_about_the_supervisor_is_not_the_supervisors(county: Database) -> None:
    desk = TicketDesk(county)
    for said in ("我要投诉李主,他监督员不管事", "你们那个监督员从来不露面", "我要投诉李监督员"):
        card = complain(desk, said)
        assert card.owner == "D1" and card.facts["complained_of"] == ["S1"]
        assert "S1" not in {n.staff_no for n in desk.notifications(card.ticket_no)}


@on_sqlite
def test_who_is_named_is_found_without_the_grid(county: Database) -> None:
    desk = TicketDesk(county)
    assert desk.complained_of("我要投诉何东", None) == ["M2"]
    assert desk.complained_of("何东那个网格员不行", "24") == ["M2"], "the neighbour's manager"
    assert desk.complained_of("态度太差", "24") == ["M1"] and desk.complained_of("态度太差", None) == []
    assert desk.complained_of("你们王小讲话难听", "24") == ["A1"]
    assert desk.complained_of("我要投诉何师傅", None) == ["M2"], "there is one of that surname"
    assert desk.complained_of("我要投诉何师傅", "24") == ["M1"], "whom she calls so here is her own"


@on_sqlite
def test_what_the_call_found_out_and_the_words_of_the_complaint_count_both(county: Database) -> None:
    card = complain(TicketDesk(county), "你们网格员态度差", facts={"complained_of": ["A1"]})
    assert card.facts["complained_of"] == ["A1", "M1"] and card.owner == "D1"


@pytest.mark.parametrize("kind", ["callback", "unclear", "outage", "care"])
def test_whatever_the_ticket_is_who_is_complained_of_has_nothing_of_it(county: Database, kind: str) -> None:
    desk = TicketDesk(county)
    card = desk.report(outage(kind=kind, said="快点", facts={"complained_of": ["M1"]}), AT)
    assert card.owner == ("D1" if kind in ("callback", "unclear") else "T1")
    for minute in range(0, 10_000, 5):
        timers.fire_due(county, AT + minutes(minute))
    assert "M1" not in {n.staff_no for n in desk.notifications(card.ticket_no)}
    assert desk.access.seen_by("M1", [card.ticket_no]) == frozenset()
    with pytest.raises(TicketRefused, match="about M1"):
        desk.pass_on(card.ticket_no, "M1", "D1", at=AT)
    reached = desk.whom_to_reach(card.ticket_no, AT)
    assert reached and reached.staff_no == card.owner


@on_sqlite
@pytest.mark.parametrize("kind", ["callback", "unclear"])
def test_a_complaint_that_became_a_call_back_is_still_one(county: Database, kind: str) -> None:
    desk = TicketDesk(county)
    assert desk.report(outage(kind=kind, said="我要投诉程师傅 转人工"), AT).owner == "D1"
    assert desk.report(outage(kind=kind, said="喊程师傅给我回个电话", session="s2"), AT).owner == "M1"


def test_a_ticket_that_was_logged_before_the_complaint_is_taken_from_them(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="breaker_fault"), AT).ticket_no
    card = desk.complaint_about(number, desk.complained_of("你们网格员喝了酒", "24"), at=AT + minutes(1))
    assert card.owner == "T1" and card.facts["complained_of"] == ["M1"]
    states = {(n.staff_no, n.template): n.state for n in desk.notifications(number)}
    assert states == {("M1", "reported"): "skipped", ("T1", "passed_on"): "pending"}
    timers.fire_due(county, AT + minutes(6))
    timers.fire_due(county, AT + minutes(20))
    assert [n.staff_no for n in desk.notifications(number)].count("M1") == 1
    desk.add(number, note="还有烟", urgent=True, at=AT + minutes(21))
    desk.called_again(number, "快点", at=AT + minutes(22))
    assert [n.staff_no for n in desk.notifications(number)].count("M1") == 1
    reached = desk.whom_to_reach(number, AT)
    assert reached and reached.staff_no == "T1"
    again = desk.complaint_about(number, ["M1"], at=AT + minutes(23))
    assert again.owner == "T1" and len([a for a in desk.activities(number) if a.kind == "kept_from"]) == 1


@on_sqlite
def test_what_the_manager_has_taken_already_goes_to_somebody_else(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="breaker_fault"), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    assert desk.complaint_about(number, ["M1"], at=AT + minutes(1)).owner == "T1"
    with pytest.raises(TicketRefused, match="about M1"):
        desk.on_site(number, "M1", at=AT + minutes(2))


def test_an_outage_that_the_manager_has_gives_them_no_ticket_of_a_resident_who_complains(county: Database) -> None:
    desk = TicketDesk(county)
    house = {"household_no": "4200000001", "facts": {"complained_of": ["M1"], "owed": {"months": 0}}}
    with county.session() as session:
        session.get_one(Household, "4200000001").months_owed = 0
    before = desk.report(outage(**house), AT).ticket_no
    out = desk.outages.open("M1", transformer="沿河一台区", at=AT + minutes(1))
    after = desk.report(outage(**house, session="s2", reporter="13700001111"), AT + minutes(2)).ticket_no
    found = desk.outages.get(out.outage_no)
    assert found and found.reports == 2
    assert [(card.owner, card.state) for number in (before, after) if (card := desk.ticket(number))] == [
        ("T1", "reported"),
        ("T1", "reported"),
    ]
    assert [n.staff_no for n in desk.notifications(after)] == ["T1"]
    assert {n.staff_no for n in desk.notifications(before) if n.template == "reported"} == {"T1"}


@on_sqlite
def test_a_grid_that_becomes_known_later_gives_it_to_nobody_complained_of(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="callback", grid_no=None, facts={"complained_of": ["M1"]}), AT).ticket_no
    assert desk.add(number, grid_no="24", at=AT + minutes(1)).owner == "D1"
    assert desk.correct_place(number, place="古井街", grid_no="7", at=AT + minutes(2)).owner == "D1"
    assert "M1" not in {n.staff_no for n in desk.notifications(number)}


@on_sqlite
def test_nobody_is_rung_who_has_no_telephone_or_no_ticket(county: Database) -> None:
    desk = TicketDesk(county)
    assert desk.whom_to_reach("GD0", AT) is None
    number = desk.report(outage(kind="breaker_fault"), AT).ticket_no
    reached = desk.whom_to_reach(number, AT)
    assert reached and (reached.name, reached.phone) == ("程远", "13900000001")
    with county.session() as session:
        session.get_one(Staff, "M1").phone = ""
    reached = desk.whom_to_reach(number, AT)
    assert reached and reached.staff_no == "D1"


def test_a_complaint_that_breaks_off_takes_the_call_s_other_tickets_with_it(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="breaker_fault", session="chat1"), AT).ticket_no
    complaint = {"kind": "complaint", "said": "你们网格员喝了酒来的", "grid_no": "24"}
    moving = {"kind": "meter_relocation", "said": "表箱要移", "grid_no": "24"}
    rest(county, "chat1", {"matters": [complaint, moving]})
    found = desk.rest("chat1", AT + minutes(1))
    assert [(card.kind, card.owner) for card in found] == [("complaint", "D1"), ("meter_relocation", "T1")]
    first = desk.ticket(number)
    assert first and first.owner == "T1" and first.complained_of == {"M1"}
    pending = {
        n.staff_no for card in desk.tickets() for n in desk.notifications(card.ticket_no) if n.state == "pending"
    }
    assert "M1" not in pending


@on_sqlite
def test_what_follows_in_the_same_conversation_is_not_theirs_either(county: Database) -> None:
    desk = TicketDesk(county)
    complain(desk, session="chat1")
    same = desk.report(outage(kind="callback", session="chat1", said="找个人"), AT + minutes(30))
    assert same.owner == "D1" and same.complained_of == {"M1"}
    rest(county, "chat1", {"matters": [{"kind": "indoor_repair", "said": "灯不亮", "grid_no": "24"}]}, minute=40)
    assert [card.owner for card in desk.rest("chat1", AT + minutes(41))] == ["T1"]
    assert desk.report(outage(kind="callback", session="chat2"), AT + minutes(30)).owner == "M1"
    tomorrow = AT + minutes(24 * 60)
    assert desk.report(outage(kind="callback", session="chat1"), tomorrow).owner == "M1", "another case"
