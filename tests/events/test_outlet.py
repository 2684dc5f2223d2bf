"""Events go out behind the turns: whatever the broker does, no turn waits, memory is bounded, and what is lost is counted."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import socket
import sqlite3
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

from bot.dialogue.events.outlet import TicketFacts
from bot.foundation.errors import Unavailable
from tests.events.brokers import MORNING, counted, emptied, eventually, outlet, turn, written

FILE = "  type: file\n  path: events.jsonl\n"
#: a place where the file broker can write nothing until somebody makes it
LATER = "  type: file\n  path: later/events.jsonl\n"
DAY_S = 86_400.0


def test_a_turn_becomes_events_in_rasas_own_form(tmp_path: Path) -> None:
    ticket = TicketFacts("outage", "XZ03", True, dt.datetime.fromtimestamp(MORNING, dt.UTC))
    out = outlet(tmp_path, FILE, ticket)
    out.start()
    out.put(turn("chat 5551234", begins=True, question="place", ticket_no="GD2611290001"))
    emptied(out)
    found = written(tmp_path / "events.jsonl")
    assert [one["event"] for one in found] == ["session_started", "user", "action", "bot", "turn", "ticket"]
    assert len({one["id"] for one in found}) == 6 and len({one["sender_id"] for one in found}) == 1
    assert all(one["timestamp"] == MORNING for one in found)
    fields = [
        {key: value for key, value in one.items() if key not in ("id", "sender_id", "timestamp")} for one in found
    ]
    assert fields[1:] == [
        {
            "event": "user", "input_channel": "phone",
            "parse_data": {"intent": {"name": "report_outage", "confidence": 0.99}, "act": {"name": "report_outage/low_voltage"},
            "fallback": False},
        },
        {"event": "action", "name": "action_converse"},
        {"event": "bot", "metadata": {"utter_action": "utter_ask_place_place"}},
        {"event": "turn", "question": "place", "hand_over": False, "ended": False},
        {"event": "ticket", "kind": "outage", "grid_no": "XZ03", "urgent": True, "opened": True},
    ]  # fmt: skip


def test_nobody_is_followed_from_one_day_to_the_next(tmp_path: Path) -> None:
    out = outlet(tmp_path, FILE)
    out.start()
    before_midnight = MORNING + 13.99 * 3600
    for at in (MORNING, before_midnight, before_midnight + 60, MORNING + DAY_S):
        out.put(turn("chat 5551234", at))
    out.put(turn("another", MORNING))
    emptied(out)
    named = {one["timestamp"]: one["sender_id"] for one in written(tmp_path / "events.jsonl") if one["event"] == "user"}
    of_another = [one["sender_id"] for one in written(tmp_path / "events.jsonl") if one["timestamp"] == MORNING][-1]
    today, evening, tomorrow, later = [named[at] for at in sorted(named)]
    assert evening != of_another and tomorrow == later and len({evening, tomorrow, of_another}) == 3
    assert today in (evening, of_another) and re.fullmatch("[0-9a-f]{24}", today)


def test_what_is_not_allowed_stays_here_and_the_rest_of_the_turn_leaves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out, before = outlet(tmp_path, FILE), counted("refused")
    out.start()
    out.put(turn(responses=("桃花源村三组", "utter_greet")))
    emptied(out)
    assert [one["event"] for one in written(tmp_path / "events.jsonl")] == ["user", "action", "bot", "turn"]
    assert counted("refused") == before + 1
    assert "桃花源" not in caplog.text + (tmp_path / "events.jsonl").read_text("utf-8")


def test_a_broker_that_comes_back_gets_all_that_waited_and_the_log_tells_it_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = outlet(tmp_path, LATER)
    sent, dropped = counted("sent"), counted("dropped")
    out.start()
    for number in range(300):
        out.put(turn(f"session {number}"))
    time.sleep(0.5)  # several tries
    (tmp_path / "later").mkdir()
    eventually(lambda: len(written(tmp_path / "later" / "events.jsonl")) == 1200)
    out.close()
    found = written(tmp_path / "later" / "events.jsonl")
    assert len({one["id"] for one in found}) == 1200, "each once"
    order = [one["sender_id"] for one in found if one["event"] == "user"]
    assert len(set(order)) == 300
    assert counted("sent") - sent == 1200 and counted("dropped") == dropped
    told = [one.getMessage() for one in caplog.records if one.name == "bot.dialogue.events.outlet"]
    assert len(told) == 2 and "wait" in told[0] and "leave again; 0 were dropped" in told[1], told


def test_more_than_may_wait_is_dropped_counted_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    out, before = outlet(tmp_path, LATER, waiting=100), counted("dropped")
    out.start()
    for _ in range(1000):
        out.put(turn())
    # What the thread holds beside the queue while it tries is a batch (50 turns of 4 events) at most.
    lost = counted("dropped") - before
    assert 850 * 4 <= lost <= 900 * 4
    full = [one for one in caplog.records if "more are dropped" in one.getMessage()]
    assert len(full) == 1
    (tmp_path / "later").mkdir()
    eventually(lambda: len(written(tmp_path / "later" / "events.jsonl")) == 4000 - lost)
    out.close()
    assert f"leave again; {lost:.0f} were dropped" in caplog.text


def test_what_cannot_be_sent_at_the_end_is_dropped_and_nobody_waits_for_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out, before = outlet(tmp_path, LATER), counted("dropped")
    out.start()
    out.put(turn())
    eventually(lambda: "wait" in caplog.text)
    began = time.monotonic()
    out.close()
    assert time.monotonic() - began < 3.0 and counted("dropped") == before + 4
    assert "4 are dropped at the end" in caplog.text


def test_no_turn_waits_for_a_broker_that_takes_connections_and_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        out = outlet(tmp_path, f"  type: pika\n  url: 127.0.0.1\n  port: {port}\n  username: u\n  password: p\n")
        out.start()
        out.put(turn())
        connection, _ = silent.accept()
        began = time.monotonic()
        for _ in range(1000):
            out.put(turn())
        took = time.monotonic() - began
        out.close()
        closed = time.monotonic() - began - took
        connection.close()
    assert took < 2.0, "a thousand turns; one try of the broker's lasts fifteen seconds"
    assert closed < 4.0


def test_a_file_that_cannot_be_written_any_more_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    out = outlet(tmp_path, "  type: file\n  path: /dev/full\n")
    out.start()
    out.put(turn())
    time.sleep(0.2)
    (tmp_path / "endpoints.yml").write_text(f"event_broker:\n{FILE}", "utf-8")
    eventually(lambda: len(written(file)) == 4)
    out.close()


def test_events_in_a_database_stand_in_rasas_own_table(tmp_path: Path) -> None:
    out = outlet(tmp_path, "  type: SQL\n  dialect: sqlite\n  db: events.db\n")
    out.start()
    out.put(turn())
    emptied(out)
    with sqlite3.connect(tmp_path / "events.db") as database:
        rows = database.execute("SELECT sender_id, data FROM events ORDER BY id").fetchall()
    assert [json.loads(data)["event"] for _, data in rows] == ["user", "action", "bot", "turn"]
    assert {sender for sender, _ in rows} == {json.loads(data)["sender_id"] for _, data in rows}


def test_a_ticket_that_cannot_be_looked_up_costs_its_own_event_and_no_other(tmp_path: Path) -> None:
    def away(_: str) -> TicketFacts | None:
        raise Unavailable("the database is away")

    out, before = outlet(tmp_path, FILE), counted("dropped")
    out._ticket_of = away
    out.start()
    out.put(turn(ticket_no="GD2611290001"))
    emptied(out)
    assert Counter(one["event"] for one in written(tmp_path / "events.jsonl")) == Counter(
        ["user", "action", "bot", "turn"]
    )
    assert counted("dropped") == before + 1


def test_what_waits_is_small(tmp_path: Path) -> None:
    out = outlet(tmp_path, LATER, waiting=5_000)
    logging.getLogger("bot.dialogue.events.outlet").setLevel(logging.CRITICAL)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(20_000):
            out.put(turn(f"telegram:{number:012}", responses=(f"utter_{number}", "utter_logged_station")))
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
        logging.getLogger("bot.dialogue.events.outlet").setLevel(logging.NOTSET)
    assert grown < 8 * 2**20, f"{grown / 2**20:.1f} MiB"
