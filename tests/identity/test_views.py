"""What staff read has no way onto a resident's page: every serialisation is walked, with a canary in every field."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.app.parts import open_site
from bot.grid.importer import import_csv
from bot.grid.registry import Registry
from bot.grid.sample import make_sample
from bot.notify.texts import StaffText
from bot.settings import Settings, SiteSettings
from bot.tickets.cards import NotificationCard, TicketCard
from bot.tickets.own_case import OwnCase, OwnTurn
from bot.tickets.reporter import Reporter
from bot.web.demo import StaffCase
from bot.web.view import ForResidents, ResidentCase, ResidentReply, ResidentReports, ResidentTalk, shown
from tests.identity.town import TOWN, Town, write_town

AT = dt.datetime(2026, 11, 28, 2, 0, tzinfo=dt.UTC)


def filled(kind: type) -> Any:
    """An instance whose texts are all canaries."""
    values: dict[str, Any] = {}
    for one in dataclasses.fields(kind):
        canary = f"鸟{one.name}"
        values[one.name] = (
            AT if "datetime" in str(one.type) else {"vulnerable": canary} if "Mapping" in str(one.type)
            else 7 if one.type == "int" else True if one.type == "bool" else canary
        )  # fmt: skip
    return kind(**values)


def test_no_resident_is_shown_what_was_made_for_staff() -> None:
    staff = StaffCase(filled(TicketCard), (filled(NotificationCard),), ZoneInfo("Asia/Shanghai"))
    for one in (staff, filled(TicketCard), filled(NotificationCard), StaffText("鸟"), "鸟", {"鸟": 1}):
        with pytest.raises(TypeError):
            shown(one)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        f"{StaffText('鸟')}"


def every_view() -> Iterator[ForResidents]:
    case = OwnCase(
        "鸟号", "hazard", "on_site", ("我讲的",), "程远", "13700000001", AT, AT, AT, "rating", "good", True, True
    )
    turn = OwnTurn("鸟", "我讲的", ("好。",), AT, {"understanding": "鸟", "ticket_no": "鸟", "detail": "鸟"})
    made = {
        ResidentReply: [ResidentReply(("好。",)), ResidentReply((), True, True, "/api/speech/x.wav", "对不住", 8)],
        ResidentCase: [ResidentCase(None, SiteSettings()), ResidentCase(case, SiteSettings())],
        ResidentReports: [
            ResidentReports((), SiteSettings(), "web-1"),
            ResidentReports((case,), SiteSettings(), "web-1"),
        ],
        ResidentTalk: [ResidentTalk((turn,), SiteSettings(), lambda _: None)],
    }
    assert set(made) == set(ForResidents.__subclasses__()), "a new view is walked here as well"
    for views in made.values():
        yield from views


def test_every_field_of_a_residents_view_is_known() -> None:
    """A new field is a decision: it stands here, or it is not told."""
    told = {
        "reply",
        "sentences",
        "hand_over",
        "ended",
        "speech",
        "error",
        "case",
        "reports",
        "talk",
        "waiting",
        "again_s",
    }
    report = {"key", "over", "estimate", "asked", "answers", "rated", "may_call_off", "is_danger", "no_number"}
    case = {"what", "state", "state_name", "steps", "said", "who", "phone", "opened_at", "changed_at"}
    for view in every_view():
        found = shown(view)
        assert set(found) <= told and set(found.get("case") or case) == case and "鸟" not in str(found)
        assert all(set(one) == case | report for one in found.get("reports", ()))
        assert all(set(one) == {"said", "reply", "at", "speech", "waits"} for one in found.get("talk", ()))
    assert {one.name for one in dataclasses.fields(OwnCase)} == {
        "ticket_no", "kind", "state", "said", "manager", "phone", "opened_at", "changed_at", "estimated_at", "asked",
        "rated", "may_call_off", "no_number", "told",
    }  # fmt: skip


def test_a_case_holds_no_canary_of_ticket_or_household(town: Town) -> None:
    who, session = TOWN[5], "walk-session"
    town.talk("web", "停电了", who.said, f"户主叫{who.holder}", "对", "对", session=session, number=who.phone)
    (ticket,) = [one for one in town.desk.tickets() if one.session.endswith(session)]
    town.desk.comment(ticket.ticket_no, ticket.owner or "D1", "员工写的话")
    case = town.desk.own_case(Reporter(ticket.caller, ticket.session))
    assert case is not None
    told = str(shown(ResidentCase(case, SiteSettings())))
    said = "".join(case.said)
    secrets = {*who.secrets(), ticket.ticket_no, "员工写的话", who.community, who.compound, "台变", "重点照顾"} - {""}
    assert not [one for one in secrets if one in told and one not in said]


def test_only_an_empty_county_becomes_the_sample_and_any_other_file_ends_it(tmp_path: Path) -> None:
    database = open_site(Settings(home=tmp_path))
    try:
        make_sample(database, tmp_path / "sample", households=320)
        registry = Registry.load(database)
        assert registry.is_sample()
        make_sample(database, tmp_path / "sample", households=320)
        assert registry.is_sample(), "the same once more"
    finally:
        database.dispose()
    write_town(tmp_path)  # imports real files over it
    database = open_site(Settings(home=tmp_path))
    try:
        registry = Registry.load(database)
        assert not registry.is_sample()
        make_sample(database, tmp_path / "sample", households=320)
        assert not registry.is_sample(), "a real county never becomes one"
        import_csv(database, tmp_path / "staff.csv")
        assert not registry.is_sample()
    finally:
        database.dispose()
