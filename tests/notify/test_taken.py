"""What a messenger has taken is not sent again, though the service died before the database heard of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.database import Database
from bot.notify.relay import Relay, release
from bot.notify.taken import Taken, mark_taken
from bot.tickets import site_history
from bot.tickets.desk import TicketDesk
from bot.tickets.models import Notification
from tests.notify.doubles import Recording
from tests.notify.test_relay import deliver, last, relay
from tests.tickets.county import AT, minutes, outage


def died_before_the_mark(*_: object) -> int:
    raise OSError("killed")


def test_a_message_that_was_taken_before_the_death_is_not_sent_again(
    county: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    TicketDesk(county).report(outage(household_no="4200000001"), AT)
    provider, file = Recording(), tmp_path / "run" / "taken"
    with monkeypatch.context() as dying:
        dying.setattr(Relay, "_settle", died_before_the_mark)
        assert deliver(relay(county, provider, taken=Taken(file)), AT) == 0
    assert len(provider.sent) == 1 and last(county).state == "pending"
    assert file.stat().st_mode & 0o777 == 0o600
    assert mark_taken(county, Taken(file).left()) == 1
    release(county, AT + minutes(1))
    deliver(relay(county, provider, taken=Taken(file)), AT + minutes(1))
    assert len(provider.sent) == 1
    done = last(county)
    assert (done.state, done.provider, done.error, done.sent_at) == ("sent", "fake", "", AT + minutes(1))


def test_after_a_restore_nothing_new_is_taken_for_what_was_sent_under_its_number_before(
    county: Database, tmp_path: Path
) -> None:
    TicketDesk(county).report(outage(household_no="4200000001"), AT)
    provider, file = Recording(), tmp_path / "taken"
    deliver(relay(county, provider, taken=Taken(file)), AT)
    with county.session() as session:  # the database is put back to before: the same id is given to another message
        session.execute(update(Notification).values(state="pending", provider="", sent_at=None))
        site_history.go_on(session, AT, AT + minutes(1), dt.UTC)
    assert mark_taken(county, Taken(file).left()) == 0
    deliver(relay(county, provider, taken=Taken(file)), AT + minutes(2))
    assert len(provider.sent) == 2


def test_half_a_line_is_nobodys_name_and_a_file_that_nobody_needs_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "taken"
    file.write_text("message 7 telegram\nmessage 8 tele", "utf-8")
    taken = Taken(file)
    assert taken.left() == {"message 7 telegram"}
    names = [f"message {number} telegram" for number in range(5_000)]
    taken.note(names)
    taken.done(names[1:])
    assert file.stat().st_size > 64 * 1024, "one is not marked yet"
    taken.done(names[:1])
    assert file.stat().st_size == 0
    taken.note(["message 1 telegram"])
    assert Taken(file).left() == {"message 1 telegram"}


def test_a_disk_that_takes_nothing_stops_no_message(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where a folder should be", "utf-8")
    Taken(tmp_path / "run" / "taken").note(["message 1 telegram"])
    Taken().note(["message 1 telegram"])
