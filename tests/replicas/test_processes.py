"""Turns on several cores: what a process that fell had in hand is answered by another, and no session notices."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.app.parts import Parts, running
from bot.dialogue import metrics
from bot.dialogue.processes import SharedOutDialogue
from bot.settings import DialogueSettings, Settings
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard

pytestmark = pytest.mark.slow

FATES = "gege_dialogue_failures_total"


def heard(session: str, number: int, text: str) -> Heard:
    return Heard(f"{session}-{number}", session, text, (), Caller.by(Channel.web))


async def talk(service: Parts, session: str, *texts: str, begin: int = 0) -> list[str]:
    return [(await service.dialogue.turn(heard(session, begin + n, text))).text for n, text in enumerate(texts)]


async def test_a_session_goes_on_when_its_process_is_killed(home: Path, dialogue_model: Path) -> None:
    settings = Settings(home=home, dialogue=DialogueSettings(processes=2))
    async with running(settings, relay=False) as service:
        dialogue = service.dialogue
        assert isinstance(dialogue, SharedOutDialogue) and len(dialogue.pids) == 2
        assert (await dialogue.parse("我家停电了")).intent == "report_outage"
        # Several at once, so that both processes work: each opens its own question.
        sessions = [f"s{number}" for number in range(6)]
        first = await asyncio.gather(*(talk(service, one, "我家停电了") for one in sessions))
        assert len({answer[0] for answer in first}) == 1
        killed = dialogue.pids[0]
        os.kill(killed, signal.SIGKILL)
        texts = ("不晓得是哪里", "转人工")
        after = await asyncio.gather(*(talk(service, one, *texts, begin=1) for one in sessions))
        assert len({tuple(answers) for answers in after}) == 1, "whoever changed its process hears what the others hear"
        tickets = await asyncio.to_thread(service.desk.tickets)
        assert sorted(ticket.session for ticket in tickets) == sessions, "one ticket each"
        # The same id is the same turn, whichever process answered it.
        again = await service.dialogue.turn(heard("s0", 2, "转人工"))
        assert again.text == after[0][1] and len(await asyncio.to_thread(service.desk.tickets)) == len(sessions)
        async with asyncio.timeout(120):
            while len(dialogue.pids) < 2 or killed in dialogue.pids:
                await asyncio.sleep(0.2)


async def test_without_any_process_what_was_said_goes_to_a_person(home: Path, dialogue_model: Path) -> None:
    settings = Settings(home=home, dialogue=DialogueSettings(processes=2))
    async with running(settings, relay=False) as service:
        assert isinstance(service.dialogue, SharedOutDialogue)
        for pid in service.dialogue.pids:
            os.kill(pid, signal.SIGKILL)
        reply = await service.dialogue.turn(heard("s1", 0, "电线掉下来了,冒火花"))
        assert reply.hand_over and reply.ticket_no, "a person has it"
        assert "119" in reply.text, "and the words of safety need no process"


async def test_a_turn_that_fails_in_a_process_is_counted_where_somebody_looks(home: Path, dialogue_model: Path) -> None:
    settings = Settings(home=home, dialogue=DialogueSettings(processes=2))
    async with running(settings, relay=False) as service:
        with service.database.session() as session:
            session.execute(text("ALTER TABLE utterance RENAME TO away"))
        before = fates()
        assert (await service.dialogue.turn(heard("s1", 0, "我家停电了"))).hand_over, "it says so"
        with service.database.session() as session:
            session.execute(text("ALTER TABLE away RENAME TO utterance"))
        async with asyncio.timeout(10):
            while fates() == before:
                await asyncio.sleep(0.05)


def fates() -> float:
    """Turns that failed, as /metrics tells them."""
    return sum(one.value for family in metrics.REGISTRY.collect() for one in family.samples if one.name == FATES)
