"""What arrives is kept before it is understood; what breaks off becomes a call back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import event, select

from bot.database import Database, open_database
from bot.dialogue.old import forget_dialogues
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.unclear import intake_of
from bot.tickets.models import DialogueState
from tests.tickets.county import AT, minutes, on_sqlite, outage


def rest(database: Database, session_name: str, unfinished: dict[str, Any], minute: float = 0) -> None:
    with database.session() as session:
        session.add(
            DialogueState(
                session=session_name,
                caller="13800138000",
                events="[]",
                unfinished=unfinished,
                changed_at=AT + minutes(minute),
            )
        )


@on_sqlite
def test_a_call_is_a_row_before_a_word_is_spoken(county: Database) -> None:
    desk = TicketDesk(county)
    assert desk.begin_call("c1", "13800138000", "0715-3391024", "", "audiosocket", AT)
    assert not desk.begin_call("c1", "13800138000")
    assert [call.id for call in desk.open_calls()] == ["c1"]
    assert desk.end_call("c1", "done", AT) and not desk.end_call("c1", "again", AT)
    assert desk.open_calls() == []


@on_sqlite
def test_a_dropped_call_becomes_a_call_back(county: Database) -> None:
    desk = TicketDesk(county)
    desk.begin_call("c1", "13800138000", "0715-3391024", "", "audiosocket", AT)
    desk.keep(Heard("u1", "c1", "我屋里", call_id="c1", caller=Caller.by("phone", "13800138000")), at=AT)
    [card] = desk.call_back("c1", at=AT + minutes(1))
    assert (card.kind, card.reporter, card.grid_no, card.owner, card.said) == (
        "callback",
        "13800138000",
        "24",
        "M1",
        "我屋里",
    )
    assert desk.call_back("c1") == []


@on_sqlite
def test_who_falls_silent_in_the_middle_has_one_ticket_that_holds_what_he_told(county: Database) -> None:
    desk = TicketDesk(county)
    caller = Caller.by("phone", "13800138000")
    desk.begin_call("c1", "13800138000", "0715-3391024", "", "audiosocket", AT)
    desk.keep(Heard("u1", "c1", "我屋里停电了", call_id="c1", caller=caller), at=AT)
    told = {"kind": "outage", "said": "我屋里停电了", "place": "沿河路206号", "grid_no": "24"}
    rest(county, "c1", {"matters": [told], "caller": {"channel": "phone"}})
    ticket_no = intake_of(desk).keep(Heard("u2", "c1", "", call_id="c1", caller=caller), "silent")
    desk.rest("c1")
    [card] = desk.tickets()
    assert (card.ticket_no, card.kind, card.place, card.facts["reason"]) == (
        ticket_no,
        "outage",
        "沿河路206号",
        "silent",
    )
    # Who told nothing is somebody to listen to, as ever.
    again = intake_of(desk).keep(Heard("u3", "c3", "", call_id=None, caller=caller, dialled="0715-3391024"), "silent")
    assert again is not None and (card := desk.ticket(again)) is not None and card.kind == "unclear"


def test_calls_found_open_at_start_up_become_call_backs_once(county: Database, database_url: str) -> None:
    desk = TicketDesk(county)
    desk.begin_call("c1", "13800138000", "", "0715-3391007", "sip", AT)
    desk.begin_call("c2", "13800138001", at=AT)
    desk.begin_call("c3", "13800138002", at=AT)
    desk.end_call("c3", "done", AT)
    county.dispose()
    again = open_database(database_url)
    desk = TicketDesk(again)
    found = desk.recover(AT + minutes(3))
    assert [(card.kind, card.reporter, card.owner) for card in found] == [
        ("callback", "13800138000", "M2"),
        ("callback", "13800138001", "T1"),
    ]
    assert desk.open_calls() == [] and desk.recover(AT + minutes(4)) == []
    again.dispose()


@on_sqlite
def test_a_call_without_number_and_words_leaves_nothing_to_call_back(county: Database) -> None:
    desk = TicketDesk(county)
    desk.begin_call("c1", at=AT)
    assert desk.recover(AT) == [] and desk.open_calls() == []


@on_sqlite
def test_words_without_a_number_are_for_a_person_to_hear(county: Database) -> None:
    desk = TicketDesk(county)
    desk.begin_call("c1", at=AT)
    desk.keep(Heard("u1", "c1", "", recording="c1/1.wav", call_id="c1", caller=Caller.by("phone")), at=AT)
    assert [card.kind for card in desk.recover(AT)] == ["unclear"]


def test_a_half_filled_form_of_a_broken_call_is_in_its_call_back(county: Database) -> None:
    desk = TicketDesk(county)
    desk.begin_call("c1", "13800138000", at=AT)
    rest(county, "c1", {"kind": "outage", "said": "停电了", "grid_no": "24", "place": "沿河路"})
    found = desk.recover(AT + minutes(40))
    assert [(card.kind, card.facts["kind"], card.place, card.owner) for card in found] == [
        ("callback", "outage", "沿河路", "M1")
    ]


@on_sqlite
def test_danger_stays_danger_when_the_call_breaks(county: Database) -> None:
    desk = TicketDesk(county)
    desk.begin_call("c1", "13800138000", at=AT)
    rest(county, "c1", {"kind": "hazard", "said": "电线断了"})
    assert [(card.kind, card.urgent) for card in desk.recover(AT)] == [("hazard", True)]


def test_a_form_that_rested_becomes_a_ticket_once(county: Database) -> None:
    desk = TicketDesk(county)
    rest(county, "chat1", {"kind": "outage", "said": "停电了", "grid_no": "24", "channel": "telegram"})
    rest(county, "chat2", {"kind": "outage", "said": "我也是"}, minute=20)
    rest(county, "chat3", {})
    rest(county, "chat4", {"kind": "hazard", "ticket_no": "GD2611230009"})
    found = desk.recover(AT + minutes(31))
    assert [(card.kind, card.session, card.reporter, card.channel) for card in found] == [
        ("outage", "chat1", "13800138000", "telegram")
    ]
    assert found[0].facts["unfinished"] is True
    assert desk.sweep(AT + minutes(31)) == []
    assert [card.session for card in desk.sweep(AT + minutes(51))] == ["chat2"]


OUTAGE = {"kind": "outage", "said": "停电了", "grid_no": "24", "place": "沿河路", "utterance_id": "u1"}
PRICE = {"kind": "pricing", "said": "电价怎么算", "facts": {"shop": True}, "utterance_id": "u1"}
CALLER = {"address": "13800138000", "channel": "telegram", "assurance": "messenger"}


def test_everything_that_is_open_in_a_conversation_becomes_a_ticket_of_its_own(county: Database) -> None:
    desk = TicketDesk(county)
    logged = {**OUTAGE, "kind": "hazard", "ticket_no": "GD2611230009"}
    strange = {"kind": "what_is_this", "said": "那个事", "householder": "程国强"}
    rest(county, "chat1", {"matters": [logged, OUTAGE, PRICE, strange], "caller": CALLER})
    found = desk.rest("chat1", AT + minutes(1))
    assert [(card.kind, card.said) for card in found] == [
        ("outage", "停电了"),
        ("pricing", "电价怎么算"),
        ("unclear", "那个事"),
    ]
    assert {(card.session, card.channel, card.reporter) for card in found} == {("chat1", "telegram", "13800138000")}
    assert found[1].facts == {"shop": True, "unfinished": True, "place_of_another": True}
    assert found[2].householder == "程国强"
    assert desk.rest("chat1", AT + minutes(2)) == [] and desk.sweep(AT + minutes(99)) == []


@on_sqlite
def test_a_matter_without_a_place_is_where_the_only_other_place_of_the_talk_is(county: Database) -> None:
    desk = TicketDesk(county)
    dark, price = ({**one, "utterance_id": None} for one in (OUTAGE, PRICE))
    dialled = {**price, "grid_no": "7"}
    rest(county, "chat1", {"matters": [dark, dialled], "caller": CALLER})
    assert [(card.place, card.owner) for card in desk.rest("chat1", AT)] == [("沿河路", "M1"), ("沿河路", "M1")]
    rest(county, "chat2", {"matters": [dark, dialled, {**price, "place": "古井街"}], "caller": CALLER})
    found = desk.rest("chat2", AT)
    assert [card.place for card in found] == ["沿河路", "", "古井街"], "nobody knows which of the two"
    assert "place_of_another" not in found[1].facts
    rest(county, "chat3", {"matters": [dark, {**price, "outside": "武汉"}], "caller": CALLER})
    assert [card.place for card in desk.rest("chat3", AT)] == ["沿河路", "武汉"]


def test_a_matter_that_its_sentence_has_made_a_ticket_of_is_not_made_again(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(session="chat1", utterance_id="u1"), AT).ticket_no
    rest(county, "chat1", {"matters": [OUTAGE, PRICE], "caller": CALLER})
    assert [card.ticket_no == number for card in desk.rest("chat1", AT + minutes(1))] == [True, False]
    assert len(desk.tickets()) == 2


@on_sqlite
def test_a_site_that_upgrades_loses_no_form_of_the_old_shape(county: Database) -> None:
    rest(county, "chat1", {**OUTAGE, "caller": CALLER})
    [card] = TicketDesk(county).sweep(AT + minutes(31))
    assert (card.kind, card.place, card.channel) == ("outage", "沿河路", "telegram")
    assert card.facts == {"unfinished": True}


def test_a_call_that_breaks_off_is_called_back_once_and_nothing_else_in_it_is_lost(county: Database) -> None:
    desk = TicketDesk(county)
    desk.begin_call("c1", "13800138000", at=AT)
    desk.keep(Heard("u1", "c1", "停电了,还有电价怎么算", call_id="c1", caller=Caller.by("phone", "13800138000")), at=AT)
    rest(county, "c1", {"matters": [{"kind": "", "said": "嗯"}, OUTAGE, PRICE], "caller": CALLER})
    found = desk.call_back("c1", at=AT + minutes(1))
    assert [(card.kind, card.said, card.facts.get("kind")) for card in found] == [
        ("callback", "停电了,还有电价怎么算", "outage"),
        ("pricing", "电价怎么算", None),
    ]
    assert {card.reporter for card in found} == {"13800138000"}
    assert desk.rest("c1", AT + minutes(2)) == [] and desk.call_back("c1") == []


def test_danger_beside_another_matter_stays_danger_when_the_call_breaks(county: Database) -> None:
    desk = TicketDesk(county)
    desk.begin_call("c1", "13800138000", at=AT)
    danger = {"kind": "hazard", "said": "表箱冒火星", "place": "文化路63号", "urgent": True}
    rest(county, "c1", {"matters": [OUTAGE, danger], "caller": CALLER})
    assert [(card.kind, card.urgent, card.place) for card in desk.recover(AT)] == [
        ("hazard", True, "文化路63号"),
        ("outage", False, "沿河路"),
    ]


def test_a_call_that_nobody_wrote_down_loses_no_words(county: Database) -> None:
    assert TicketDesk(county).keep(Heard("u1", "s", "停电", call_id="unknown", caller=Caller.by("phone")), at=AT)


@on_sqlite
def test_the_sweep_reads_only_what_is_half_told_and_old(county: Database) -> None:
    for number in range(300):
        rest(county, f"over{number}", {})
    rest(county, "open", {"kind": "outage", "said": "停电了"})
    asked: list[str] = []
    event.listen(county.engine, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    found = TicketDesk(county).sweep(AT + minutes(31))
    assert [card.session for card in found] == ["open"]
    look = next(one for one in asked if "dialogue_state" in one)
    assert "events" not in look
    with county.engine.connect() as connection:
        values = (1, "2026-11-23 00:00:00") if look.count("?") == 2 else ("2026-11-23 00:00:00",)
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look}", values).fetchall()
    assert any("ix_dialogue_half_told" in str(row) for row in plan), plan


def test_a_dialogue_that_is_over_leaves_the_database_by_its_term(county: Database) -> None:
    rest(county, "old", {})
    rest(county, "young", {}, minute=24 * 60)
    rest(county, "half", {"kind": "outage", "said": "停电了"})
    forget_dialogues(county, 7, AT + dt.timedelta(days=7, minutes=1))
    with county.reading() as session:
        assert set(session.scalars(select(DialogueState.session))) == {"young", "half"}
