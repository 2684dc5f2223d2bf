"""Which recordings a ticket shows: its own conversation's, and not all that a chat ever said."""

from __future__ import annotations

import datetime as dt

from bot.database import Database
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from tests.tickets.county import AT, minutes, outage


def story(county: Database, channel: str) -> list[list[str]]:
    """Two reports of one session, a day apart, three recordings around each."""
    desk, numbers = TicketDesk(county), []
    for day in range(2):
        at = AT + dt.timedelta(days=day)
        for part, moment in (("a", at - minutes(1)), ("b", at), ("c", at + minutes(1))):
            name = f"recordings/{channel}/{day}{part}.sealed"
            desk.keep(Heard(f"{day}{part}", "s", "", recording=name, caller=Caller.by(channel)), at=moment)
            if part == "b":
                numbers.append(desk.report(outage(session="s", channel=channel), at).ticket_no)
    return [[name.split("/")[-1][:2] for name in desk.recordings(number)] for number in numbers]


def test_a_chat_that_goes_on_for_years_shows_what_belongs_to_the_report(county: Database) -> None:
    first, second = story(county, "telegram")
    assert first[:3] == ["0a", "0b", "0c"] and "1c" not in first
    assert second[-3:] == ["1a", "1b", "1c"] and not {"0a", "0b"} & set(second)


def test_a_call_shows_all_of_its_recordings_for_each_report(county: Database) -> None:
    first, second = story(county, "phone")
    assert first == second == ["0a", "0b", "0c", "1a", "1b", "1c"]
