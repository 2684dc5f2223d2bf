"""Whole turns of a call while the ear elsewhere is at its worst: the ear on this machine has heard the same sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.foundation.backoff import Backoff
from bot.lines.line import LineEvent
from bot.speech.models import DEMO
from bot.speech.port import Recogniser
from bot.speech.recognise import VoskRecogniser
from bot.speech.remote.recogniser import RemoteRecogniser
from bot.speech.two_ears import Second, TwoEars
from bot.voice.ear import Gone, Said
from tests.speech.remote.fakes import FORMS, Fake, serving
from tests.voice.doubles import ScriptedRecogniser, silence, speech
from tests.voice.test_ear import Wire, ear, noticed
from tools.demo_model.speaker import speak_demo

WORST = ("late", "html", "json", "status", "gone", "foreign", "too_much", "characters", "size", "redirect")


def elsewhere(fake: Fake, local: Recogniser, timeout_s: float = 5.0, compared: bool = False) -> TwoEars:
    remote = RemoteRecogniser(fake.settings(timeout_s=timeout_s))
    return TwoEars(local, Second(remote, remote.name, timeout_s, compared), Backoff(3600.0, 3600.0))


def loud(seconds: float, level: int) -> bytes:
    """A voice for the detector, and a level for the fake's words."""
    wave = np.frombuffer(speech(seconds), "<i2").astype(np.float32)
    return np.where(wave >= 0, level, -level).astype("<i2").tobytes()


class Paced(Wire):
    """A line that gives a server the time to speak out of turn, as any real one does."""

    async def events(self) -> AsyncIterator[LineEvent]:
        async for event in super().events():
            yield event
            await asyncio.sleep(0.001)


async def said(one: TwoEars, home: Path, *parts: bytes, recognise_s: float = 4.0) -> list[Said]:
    found = await noticed(ear(home, Paced(*parts), one, recognise_s=recognise_s))
    await one.close()
    assert isinstance(found[-1], Gone)
    return [each for each in found if isinstance(each, Said)]


@pytest.mark.parametrize("form", FORMS)
async def test_a_call_is_heard_elsewhere(form: str, tmp_path: Path) -> None:
    async with serving(form) as fake:
        local = ScriptedRecogniser(["听店", "断线"])
        parts = (loud(1.5, 4000), silence(2.0), loud(1.5, 9000), silence(2.0))
        # what the fake hears of a turn has its silence too: the middle of its loudness is the voice's
        turns = await said(elsewhere(fake, local), tmp_path, *parts)
        assert len(turns) == 2 and not any(turn.failed for turn in turns)
        assert [turn.speech.ear for turn in turns] == ["remote:" + form] * 2
        assert len(local.fed) == 2 and all(local.fed), "the ear on this machine hears the same sound all the while"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", WORST)
async def test_whatever_it_answers_the_turn_has_the_words_that_were_heard_here(
    form: str, way: str, tmp_path: Path
) -> None:
    if form == "wyoming" and way in ("status", "redirect"):
        return  # it has no such thing
    async with serving(form, way) as fake:
        one = elsewhere(fake, ScriptedRecogniser(["我家停电了"]), timeout_s=0.3 if way == "late" else 5.0)
        turns = await said(one, tmp_path, loud(1.5, 4000), silence(2.0))
        assert [(turn.speech.text, turn.failed) for turn in turns] == [("我家停电了", False)]
        assert turns[0].recording, "and nothing is lost"


async def test_who_hangs_up_while_it_is_late_is_not_lost(tmp_path: Path) -> None:
    async with serving("openai", "late") as fake:
        one = elsewhere(fake, ScriptedRecogniser(["我家停电了"]), timeout_s=60.0)
        turns = await said(one, tmp_path, loud(1.5, 4000), recognise_s=0.3)
        assert [(turn.speech.text, turn.failed) for turn in turns] == [("我家停电了", False)]


@pytest.mark.slow
async def test_the_real_ear_of_this_machine_stands_in(tmp_path: Path) -> None:
    sentence = speak_demo("我家停电了").astype("<i2").tobytes()
    async with serving("funasr", "gone") as fake:
        turns = await said(elsewhere(fake, VoskRecogniser(DEMO, 1)), tmp_path, sentence, silence(2.0))
        assert [turn.speech.text for turn in turns] == ["我家停电了"] and turns[0].speech.ear == DEMO.name


async def test_danger_that_only_one_of_two_ears_heard_is_among_the_readings(tmp_path: Path) -> None:
    for local, loudness in (("电线断了", 1000), ("我家停电了", 4000)):
        async with serving("openai") as fake:
            one = elsewhere(fake, ScriptedRecogniser([local]), compared=True)
            turn = (await said(one, tmp_path / str(loudness), loud(2.0, loudness), silence(1.2)))[0]
            assert any("电线断了" in reading for reading in (turn.speech.text, *turn.speech.alternatives)), turn.speech
