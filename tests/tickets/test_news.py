"""Who reported by messenger hears what becomes of it, in their own words and at a decent hour."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.database import Database
from bot.notify.texts import Case, render
from bot.settings import load_settings
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.channels import Channel
from bot.tickets.models import Notification
from bot.tickets.rules import rules_of
from tests.tickets.county import AT, minutes, on_sqlite, outage

#: ten at night, and seven in the morning after it
NIGHT = dt.datetime(2026, 11, 23, 14, 0, tzinfo=dt.UTC)
SEVEN = dt.datetime(2026, 11, 23, 23, 0, tzinfo=dt.UTC)


def news(database: Database) -> list[Notification]:
    with database.reading() as session:
        rows = select(Notification).where(Notification.staff_no.is_(None)).order_by(Notification.id)
        return list(session.scalars(rows))


def test_each_step_is_news_for_who_reported_it(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(channel="telegram", reporter="77001"), AT).ticket_no
    desk.acknowledge(number, "M1", AT + minutes(1))
    desk.estimate(number, "M1", AT + minutes(90), at=AT + minutes(2))
    desk.pass_on(number, "T1", "M1", "要吊车", AT + minutes(3))
    desk.on_site(number, "T1", at=AT + minutes(30))
    desk.on_site(number, "M1", at=AT + minutes(31))
    desk.resolve(number, "T1", at=AT + minutes(60))
    found = news(county)
    assert [row.template for row in found] == [
        "news_acknowledged",
        "news_estimate",
        "news_passed_on",
        "news_on_site",
        "ask_rating",
    ]
    assert {(row.channel, row.address, row.urgent) for row in found} == {("telegram", "77001", False)}
    assert found[1].detail["restore_at"] == "2026-11-23T03:30+00:00"
    shown = [n for n in desk.notifications(number) if n.role == "resident"]
    assert len(shown) == 5 and {(n.staff_no, n.channel) for n in shown} == {("", "telegram")}


@on_sqlite
@pytest.mark.parametrize("channel", ["phone", "page", "terminal", ""])
def test_what_cannot_be_written_to_gets_no_row(county: Database, channel: str) -> None:
    desk = TicketDesk(county)
    desk.acknowledge(desk.report(outage(channel=channel), AT).ticket_no, "M1", AT)
    assert news(county) == []


@on_sqlite
@pytest.mark.parametrize("channel", [one for one in Channel if one.writable])
def test_an_anonymous_chat_gets_no_row(county: Database, channel: str) -> None:
    desk = TicketDesk(county)
    desk.acknowledge(desk.report(outage(channel=channel, reporter=""), AT).ticket_no, "M1", AT)
    assert news(county) == []


@on_sqlite
@pytest.mark.parametrize(
    ("reporter", "address"),
    [("13800138000", "13800138000"), ("+8613800138000", "13800138000"), ("07153391024", None), ("", None)],
)
def test_who_telephoned_from_a_mobile_may_have_an_sms(
    county: Database, tmp_path: Path, reporter: str, address: str | None
) -> None:
    (tmp_path / "gege.toml").write_text("[service]\nsms_news = true", "utf-8")
    desk = TicketDesk(county, rules=rules_of(load_settings(tmp_path)))
    desk.acknowledge(desk.report(outage(reporter=reporter), AT).ticket_no, "M1", AT)
    assert [(row.channel, row.address) for row in news(county)] == ([("sms", address)] if address else [])


def test_news_of_a_night_is_one_message_in_the_morning(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="care", channel="wecom"), NIGHT).ticket_no
    desk.acknowledge(number, "M1", NIGHT)
    desk.on_site(number, "M1", at=NIGHT + minutes(30))
    desk.resolve(number, "M1", at=NIGHT + minutes(60))
    assert [(row.template, row.due_at) for row in news(county)] == [("ask_rating", SEVEN)]


@on_sqlite
def test_who_sits_in_the_dark_is_awake(county: Database) -> None:
    desk = TicketDesk(county)
    desk.acknowledge(desk.report(outage(channel="telegram"), NIGHT).ticket_no, "M1", NIGHT)
    assert [row.due_at for row in news(county)] == [NIGHT]


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("news_acknowledged", "程师傅接了"),
        ("news_on_site", "程师傅到现场了"),
        ("news_estimate", "估计11月23日12点30分能弄好，也可能变"),
        ("ask_rating", "满不满意"),
        ("news_passed_on", "由程师傅管"),
    ],
)
def test_news_is_plain_and_warm(template: str, says: str) -> None:
    detail = {"restore_at": "2026-11-23T04:30+00:00", "station_phone": "0715-3390000"}
    case = Case(ticket_no="GD2611230001", kind="outage", owner="程远", detail=detail)
    text = render(template, case, "resident")
    assert says in text and "0715-3390000" in text
    assert not [word for word in ("工单", "程远", "马上到", "已解决", "{", "停电") if word in text]


def test_a_desk_without_a_surname_is_still_somebody() -> None:
    case = Case(ticket_no="GD2611230001", owner="服务队", detail={"station_phone": "0715-3390000"})
    assert render("news_acknowledged", case, "resident").startswith("您报的事，值班师傅接了")
    two = Case(ticket_no="GD2611230001", owner="欧阳小云")
    assert "欧阳师傅" in render("news_acknowledged", two, "resident")
