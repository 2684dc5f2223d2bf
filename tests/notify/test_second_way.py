"""Danger has a second way to a person: when the first messenger is dead it goes by the site's, and the audit names whom it lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from bot.cli import app
from bot.database import Database
from bot.grid.models import Staff
from bot.notify.relay import Relay
from bot.settings import NotifySettings
from bot.tickets.desk import TicketDesk
from bot.tickets.due.audit import find
from tests.notify.doubles import Recording
from tests.notify.test_relay import SECOND, deliver, fail, refuse
from tests.tickets.county import AT, county, hazard, minutes, on_sqlite, outage

__all__ = ["county"]


def with_telegram(county: Database) -> None:
    with county.session() as session:
        session.execute(update(Staff).values(telegram_id="42"))


def site(county: Database, telegram: Recording, *default: Recording) -> Relay:
    providers = {one.name: one for one in (telegram, *default)}
    return Relay(county, providers, NotifySettings(providers=[one.name for one in default]))


@on_sqlite
@pytest.mark.parametrize("broken", [refuse, fail], ids=["blocked", "away"])
def test_danger_goes_by_the_sites_way_a_second_after_the_first_is_dead(county: Database, broken: object) -> None:
    with_telegram(county)
    number = TicketDesk(county).report(hazard(), AT).ticket_no
    telegram, gateway = Recording(name="telegram", before=broken), Recording(name="webhook")  # type: ignore[arg-type]
    one = site(county, telegram, gateway)
    assert deliver(one, AT) == 0 and not gateway.sent, "first by the person's own"
    deliver(one, AT + SECOND)
    assert {(message.staff_no, message.ticket_no) for message in gateway.sent} == {("M1", number), ("A1", number)}
    # Whoever has it by one way is not written to by that way again, however long the other stays dead.
    deliver(one, AT + minutes(5))
    assert len(gateway.sent) == 2
    assert not [one for one in TicketDesk(county).notifications(number) if one.state == "dead"]


@on_sqlite
def test_an_everyday_message_is_not_sent_twice_over(county: Database) -> None:
    with_telegram(county)
    TicketDesk(county).report(outage(), AT)
    telegram, gateway = Recording(name="telegram", before=fail), Recording(name="webhook")
    one = site(county, telegram, gateway)
    for second in range(4):
        deliver(one, AT + second * SECOND)
    assert not gateway.sent


@on_sqlite
def test_a_console_is_no_second_way_and_dead_danger_is_found_by_the_audit(county: Database) -> None:
    with_telegram(county)
    number = TicketDesk(county).report(hazard(), AT).ticket_no
    telegram, console = Recording(name="telegram", before=refuse), Recording(name="console")
    one = site(county, telegram, console)
    deliver(one, AT)
    assert not console.sent, "nobody reads it at night"
    with county.reading() as session:
        found = find(session, AT + SECOND)
    assert [(each.kind, each.which, each.urgent) for each in found if each.kind == "given_up"] == [
        ("given_up", number, True)
    ]
    TicketDesk(county).acknowledge(number, "M1")
    with county.reading() as session:
        assert not [each for each in find(session, AT + SECOND) if each.kind == "given_up"], "somebody has it"


@on_sqlite
def test_the_audit_names_whom_danger_reaches_by_one_way_only(
    county: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))

    def audited(settings: str) -> tuple[int, dict[str, str]]:
        (tmp_path / "gege.toml").write_text(settings, "utf-8")
        done = CliRunner().invoke(app, ["audit", "--json"])
        return done.exit_code, {one["which"].split()[0]: one["kind"] for one in json.loads(done.stdout)}

    assert audited("") == (0, {}), "a site from which nothing leaves is not in use yet"
    with county.session() as session:
        session.execute(update(Staff).where(Staff.staff_no == "M1").values(telegram_id="42"))
    token = '[notify.telegram]\ntoken = "1:a"\n'
    code, found = audited(token)
    assert code == 1 and found["M1"] == "one_way" and found["A1"] == "no_way" and "T1" not in found
    code, found = audited(
        '[notify]\nproviders = ["webhook"]\n[notify.webhook]\nurl = "https://sms.example.org"\nsecret = "s"\n'
        "[calling]\nenabled = true\n" + token
    )
    assert (code, found) == (0, {})
