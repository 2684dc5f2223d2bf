"""One id goes through the log from a call's first word to the last message about it."""

from __future__ import annotations

import io
import logging
import uuid
from collections.abc import Iterator

import pytest

from bot.database import Database
from bot.dialogue.turns import about_turn
from bot.foundation import logs
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from tests.notify.doubles import Recording
from tests.notify.test_relay import deliver, relay
from tests.tickets.county import AT, county, hazard, on_sqlite

__all__ = ["county"]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """The log as a service at `[log] level = "info"` writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Lines())
    ours = logging.getLogger("bot")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    yield stream
    ours.removeHandler(handler)
    ours.setLevel(logging.NOTSET)


@on_sqlite
def test_a_message_is_logged_with_the_call_that_it_comes_of(county: Database, written: io.StringIO) -> None:
    call = str(uuid.uuid4())
    heard = Heard(f"{call}-1", call, "电线断了", caller=Caller.by("phone", "13800138000"), call_id=call)
    with about_turn(heard):
        logging.getLogger("bot.dialogue.turns").info("answered")
        number = TicketDesk(county).report(hazard(session=call, said=heard.text), AT).ticket_no
    deliver(relay(county, Recording()), AT)
    lines = written.getvalue().splitlines()
    taken = [line for line in lines if "taken by fake" in line]
    assert len(taken) == 2 and all(f"session={call}" in line and f"ticket={number}" in line for line in taken)
    assert sum(call in line for line in lines) >= 3
    assert not [line for line in lines if "13800138000" in line or "电线" in line or "程远" in line]
