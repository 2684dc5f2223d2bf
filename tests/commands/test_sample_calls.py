"""`gege sample --calls` leaves real calls behind: heard, recorded, logged, handled and corrected; once."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
import soundfile

from bot.app.parts import open_site
from bot.commands.line import Failure
from bot.commands.sample_calls import WORDS, Stories, make_calls
from bot.foundation.words import load
from bot.learning.book import CorrectionBook
from bot.recordings.room import open_recording
from bot.settings import Settings
from bot.tickets.desk import TicketDesk


@pytest.mark.slow
@pytest.mark.usefixtures("dialogue_model")
async def test_a_demo_county_gets_calls_with_their_recordings(home: Path) -> None:
    stories = load(Stories, WORDS)
    first = dataclasses.replace(stories, calls=stories.calls[:1])
    settings, said = Settings(home=home), list[str]()
    await make_calls(settings, said.append, first)
    database = open_site(settings)
    try:
        (case,) = TicketDesk(database).tickets()
        assert (case.kind, case.state, case.channel) == ("outage", "resolved", "phone")
        heard = soundfile.info(io.BytesIO(open_recording(settings, f"recordings/{case.session}/call.sealed")))
        assert heard.channels == 2 and heard.duration > 5
        (correction,) = CorrectionBook(database).corrections()
        assert correction.ticket_no == case.ticket_no
        assert said == [f"1/1 我屋里停电了 → {case.ticket_no}"]
        with pytest.raises(Failure, match="already there"):
            await make_calls(settings, said.append, first)
    finally:
        database.dispose()


@pytest.mark.slow
@pytest.mark.usefixtures("dialogue_model")
async def test_in_another_county_nobody_calls(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    open_site(settings).dispose()
    with pytest.raises(Failure, match="is it the sample county"):
        await make_calls(settings, print)
