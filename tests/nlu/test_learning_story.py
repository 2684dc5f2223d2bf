"""A week in Chongyang: a word that nobody knew on Monday is understood on Tuesday. Trains and compares for real."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.app.parts import open_site
from bot.dialogue.embedded import EmbeddedDialogue
from bot.dialogue.port import Understanding
from bot.dialogue.training import trained_model
from bot.grid.models import Household
from bot.grid.registry import Registry
from bot.learning import files
from bot.learning.book import CorrectionBook
from bot.learning.learn import Learning
from bot.learning.lexicon_words import waiting
from bot.learning.runs import RunCard
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.spool import Spool
from bot.tickets.intake.unclear import ForAPerson

pytestmark = pytest.mark.slow

#: what the recogniser wrote for a word of the old people's, and what they said
HEARD = {
    "屋里凼了": "屋里停电了",
    "我这里凼了半天": "我这里停电了半天",
    "从早上凼到而今": "从早上停电到而今",
    "一栋楼都凼了": "一栋楼都停电了",
    "凼了,你们晓得吧": "停电了,你们晓得吧",
    "今朝门口也凼了": "今朝门口也停电了",
    "屋里又凼了": "屋里又停电了",
    "隔壁昨日凼了": "隔壁昨日停电了",
    "夜里起就凼了": "夜里起就停电了",
}
#: never corrected by anybody
NEW = "凼了快一天"


@dataclass
class Week:
    settings: Settings
    monday: Understanding
    tuesday: Understanding
    wednesday: Understanding
    run: RunCard
    secrets: tuple[str, ...]
    learned: str
    in_use: list[Path | None]


@pytest.fixture(scope="module")
def week(county: Path, dialogue_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """One week, told once: the training takes most of the time."""
    home = tmp_path_factory.mktemp("week")
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, home)
    before, os.environ["GEGE_HOME"] = os.environ["GEGE_HOME"], str(home)
    settings = Settings(home=home)
    database = open_site(settings)
    try:
        desk, registry = TicketDesk(database), Registry.load(database)
        book = CorrectionBook(database)
        with database.reading() as session:
            house = session.query(Household).order_by(Household.household_no).first()
            assert house is not None
        manager = registry.manager_no(house.grid_no)
        assert manager
        secrets = (house.householder, house.household_no, "13907150024", house.address)
        for number, (heard, words) in enumerate(HEARD.items()):
            personal = (
                f",我叫{house.householder},户号{house.household_no},电话13907150024,住{house.address}"
                if not number
                else ""
            )
            ticket = desk.report(
                Report(
                    "unclear",
                    heard + personal,
                    f"s{number}",
                    Caller.by("phone"),
                    grid_no=house.grid_no,
                    householder=house.householder,
                    household_no=house.household_no,
                    place=house.address,
                )
            )
            book.write(ticket.ticket_no, manager, words=words + personal, kind="outage")
        in_use = [trained_model(settings.dialogue_models)]
        assert in_use[0] is not None
        dialogue = EmbeddedDialogue(in_use[0], database, desk, Spool(settings.home, ForAPerson(desk)), ())
        learning = Learning(settings, database, print)

        async def days() -> tuple[Understanding, Understanding, Understanding, RunCard, str]:
            await dialogue.start()
            try:
                monday = await dialogue.parse(NEW)
                run = await asyncio.to_thread(learning.learn)
                in_use.append(trained_model(settings.dialogue_models))
                learned = files.read_text(files.examples_file())
                # The service that was running goes on with it.
                await dialogue.take_up(in_use[1])
                tuesday = await dialogue.parse(NEW)
                await asyncio.to_thread(learning.back)
                in_use.append(trained_model(settings.dialogue_models))
                await dialogue.take_up(in_use[2])
                return monday, tuesday, await dialogue.parse(NEW), run, learned
            finally:
                await dialogue.close()

        monday, tuesday, wednesday, run, learned = asyncio.run(days())
        yield Week(settings, monday, tuesday, wednesday, run, secrets, learned, in_use)
    finally:
        database.dispose()
        os.environ["GEGE_HOME"] = before


def test_a_word_that_nobody_knew_on_monday_is_understood_on_tuesday(week: Week) -> None:
    assert week.run.decision == "in_service", week.run.reason
    assert week.monday.fallback or week.monday.intent != "report_outage"
    assert week.tuesday.intent == "report_outage" and not week.tuesday.fallback


def test_the_comparison_was_made_on_all_three_sets(week: Week) -> None:
    assert week.run.before["clean"]["sentences"] > 400 and week.run.after["clean"]["sentences"] > 400
    assert week.run.before["held out"]["sentences"] == week.run.after["held out"]["sentences"] == 2
    for name in ("clean", "simulated 0.6"):
        assert week.run.after[name]["hazard_recall"] >= week.run.before[name]["hazard_recall"]


def test_the_word_waits_for_a_person(week: Week) -> None:
    assert any("凼" in word.say and "停电" in word.means for word in waiting()) and not files.site_file().exists()


def test_no_personal_data_reaches_the_examples(week: Week) -> None:
    assert "屋里凼了" in week.learned
    for text in (week.learned, files.words_file().read_text("utf-8")):
        assert not [secret for secret in week.secrets if secret in text]


def test_going_back_forgets_it_without_a_training(week: Week) -> None:
    assert week.in_use[0] == week.in_use[2] != week.in_use[1]
    assert (week.wednesday.intent, week.wednesday.confidence) == (week.monday.intent, week.monday.confidence)
