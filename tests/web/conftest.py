"""A site with one grid and its manager, real tickets in SQLite, and a scripted dialogue that logs them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from bot.database import Database
from bot.dialogue.port import Reply, Understanding
from bot.grid.location import PersonCard
from bot.grid.models import Grid, GridStaff, Staff
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.answered import AnsweredAlready
from bot.tickets.intake.heard import Heard
from bot.web.app import make_app
from tests.postgres import site_database
from tests.voice.doubles import ScriptedDialogue, ScriptedRecogniser, ToneVoice


class Grids:
    """The registry, as far as the page needs it."""

    def grid_of_number(self, number: str) -> str | None:
        return "24" if number in ("grid_24", "0715-3390024") else None


@dataclass
class Site:
    """Everything behind one application."""

    app: web.Application
    database: Database
    desk: TicketDesk
    dialogue: ScriptedDialogue
    recogniser: ScriptedRecogniser
    home: Path
    answers: dict[str, Callable[[Heard], Reply]] = field(default_factory=dict)
    #: everybody here is invented, so that /demo may be looked at
    sample: bool = False


@dataclass
class KeptDialogue(ScriptedDialogue):
    """What was answered stands beside what was said, as the real one writes it."""

    desk: TicketDesk | None = None

    async def turn(self, heard: Heard) -> Reply:
        answered = await super().turn(heard)
        assert self.desk is not None
        self.desk.keep(heard)
        with contextlib.suppress(AnsweredAlready):
            self.desk.answer(heard.id, answered.as_json())
        return answered


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    database = site_database(tmp_path)
    with database.session() as session:
        session.add_all([Grid(grid_no="24"), Staff(staff_no="M24", name="归程", role="manager", phone="13907150024")])
        session.flush()
        session.add(GridStaff(grid_no="24", staff_no="M24"))
    desk = TicketDesk(database)

    def outage(heard: Heard) -> Reply:
        desk.keep(heard)
        report = Report(
            "outage",
            heard.text,
            heard.session,
            heard.caller,
            utterance_id=heard.id,
            place="沿河路二百零六号",
            grid_no=heard.dialled.removeprefix("grid_") or "24",
        )
        meaning = Understanding(heard.text, "report_outage", 0.934, False)
        number = desk.report(report).ticket_no
        return Reply(("记下了，归程师傅管。", "他的电话是13907150024。您慢走。"), meaning, ticket_no=number)

    dialogue = KeptDialogue([outage], desk=desk)
    recogniser = ScriptedRecogniser(["我屋里停电了"] * 9)
    settings = Settings(home=tmp_path)
    app = make_app(
        dialogue,
        recogniser,
        ToneVoice(),
        desk,
        Grids(),
        settings,
        sample=lambda: site.sample,
        managers=lambda grid: [PersonCard("M24", "归程", "manager", "13907150024")],
    )
    site = Site(app, database, desk, dialogue, recogniser, tmp_path)
    yield site
    database.dispose()
