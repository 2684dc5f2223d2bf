"""Played calls: each ends in exactly one way and the right one, and the bench says so when one does not."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bot.bench.calls.judge import COMPLETE, NOTHING, OWED, REACHED, Kept, Played, figures, judge
from bot.bench.calls.report import rows, table
from bot.bench.calls.run import Run, Wanted, play
from bot.bench.calls.stories import ASTERISK, STORIES, TRUNK, WAYS, drawn
from bot.bench.exchange.coded import BREAKS, Codebook, CodedEar, Reader
from bot.bench.exchange.people import FRAME, Gap, Person
from bot.lines.sip import g711
from bot.settings import load_settings
from bot.speech.port import RecogniserFailed
from bot.voice.line_sound import LineSound


def row(outcome: str, ended: bool = True) -> Any:
    return SimpleNamespace(outcome=outcome, ended_at=None if not ended else np.datetime64("now").item())


def ticket(kind: str = "outage", **facts: str) -> Any:
    return SimpleNamespace(kind=kind, facts=facts)


def verdict(kept: Kept, **played: Any) -> tuple[str, tuple[str, ...]]:
    found = judge(Played(drawn(1, 1), **played), kept)
    return found.outcome, found.violations


TALKED = {"talked_s": 4.0, "rung": ("answers",)}


@pytest.mark.parametrize(
    ("played", "kept", "outcome", "violations"),
    [
        (TALKED, Kept([row("handed_over")]), REACHED, ()),
        ({"logged": True}, Kept([row("goodbye")], [ticket()]), COMPLETE, ()),
        ({}, Kept([row("dropped")], [ticket("callback", call_back="dropped")]), OWED, ()),
        ({"confirmed": True}, Kept([row("dropped")], [ticket(call_back="dropped")]), OWED, ()),
        ({"confirmed": True}, Kept([row("hung_up")], [ticket()]), COMPLETE, ()),
        ({}, Kept([row("handed_over")]), REACHED, ("handed over without a talk",)),
        ({}, Kept([row("hung_up")]), NOTHING, ("lost",)),
        ({}, Kept(), NOTHING, ("no row", "lost")),
        ({}, Kept([row("", ended=False)], [ticket("unclear")]), OWED, ("left open",)),
        ({"logged": True, "rung": ("busy",)}, Kept([row("x")], [ticket()]), COMPLETE, ("ticket complete, not call-back owed",)),
        (TALKED, Kept([row("x")], [ticket("callback")]), OWED, ("call-back owed, not person reached",)),
        ({"logged": True}, Kept([row("x")], [ticket(), ticket()]), COMPLETE, ("two tickets",)),
        ({}, Kept([row("x"), row("x")], [ticket("callback")], 2), OWED, ("two rows", "noted twice")),
        (TALKED | {"gaps": (Gap(2.0, "ringing"),)}, Kept([row("handed_over")]), REACHED, ("silence (ringing)",)),
        (TALKED | {"whispers": (0.3,)}, Kept([row("handed_over")]), REACHED, ("silence at the whisper",)),
    ],
)  # fmt: skip
def test_what_a_database_says_is_held_against_what_was_played(
    played: dict[str, Any], kept: Kept, outcome: str, violations: tuple[str, ...]
) -> None:
    assert verdict(kept, **played) == (outcome, violations)


def test_a_call_of_a_seed_is_the_same_call_again_and_every_story_comes() -> None:
    calls = [drawn(number, 7) for number in range(1000)]
    assert calls == [drawn(number, 7) for number in range(1000)] and calls != [
        drawn(number, 8) for number in range(1000)
    ]
    assert {each.story.name for each in calls} == {each.name for each in STORIES}
    assert {each.way for each in calls} == set(WAYS) and len({each.caller for each in calls}) == 1000
    assert all(each.way in each.story.ways for each in calls)


@pytest.mark.parametrize("rate", [8000, 16000])
async def test_coded_sentences_are_read_back_off_a_line_that_loses_a_fifth(rate: int) -> None:
    book, dice = Codebook(), random.Random(1)
    for number in range(3000):
        book.number(f"第{number}句")
    for number in dice.sample(range(3000), 12):
        sound = book.speak(f"第{number}句", 1.2, rate)
        frame = int(rate * 0.02) * 2
        line = LineSound(rate)
        heard = [line.hear(sound[at : at + frame]) for at in range(0, len(sound), frame)]
        assert np.mean([each.speech for each in heard]) > 0.6 and not any(each.voice is False for each in heard)
        if rate == 8000:
            sound = g711.decode(g711.encode(sound, g711.PCMA), g711.PCMA)
        reader, found = Reader(book, rate), Counter[str | None]()
        # Not cut where it was joined, as an exchange does.
        for at in range(74, len(sound) - frame, frame):
            if dice.random() > 0.2:
                found[reader.read(sound[at : at + frame])[1]] += 1
        assert found.most_common(1)[0][0] == f"第{number}句"
        hearing = CodedEar(book).begin(rate)
        await hearing.feed(sound)
        assert (await hearing.finish()).text == f"第{number}句"


async def test_the_ear_of_the_bench_breaks_where_it_is_told_to() -> None:
    book = Codebook()
    hearing = CodedEar(book).begin(8000)
    await hearing.feed(book.speak(BREAKS, 1.0))
    with pytest.raises(RecogniserFailed):
        await hearing.finish()


def test_silence_counts_where_sound_is_owed_and_between_two_rings_it_does_not() -> None:
    now = [0.0]
    book = Codebook()
    person = Person(book, clock=lambda: now[0])
    word = book.speak("您好", 0.4)

    def hears(sound: bytes, seconds: float) -> None:
        now[0] += seconds
        person.hear(sound)

    hears(word[:FRAME], 5.0)  # nothing was owed yet
    hears(word[:FRAME], 1.6)
    assert [round(gap.seconds, 1) for gap in person.gaps] == [1.6]
    ring = (np.sin(np.arange(160) * 2 * np.pi * 450 / 8000) * 4000).astype("<i2").tobytes()
    hears(ring, 0.02)
    hears(ring, 4.0)
    assert len(person.gaps) == 1
    hears(word[:FRAME], 6.1)
    assert round(person.gaps[-1].seconds, 1) == 2.0


@pytest.mark.slow
async def test_thirty_calls_end_in_one_way_each_and_the_right_one(dialogue_model: object) -> None:
    """The short form of `gege bench calls`; its silences are the business of a machine that has nothing else to do."""
    run = await play(Wanted(calls=30, at_once=12, pace=6.0, ways=(ASTERISK,)), load_settings(), lambda line: None)
    wrong = [each for each in run.verdicts if any(not one.startswith("silence") for one in each.violations)]
    assert not wrong, table(Run(run.wanted, wrong, run.logged))
    told = figures(run.verdicts)
    assert told["calls"] == len(rows(run.verdicts)) == 30 and {OWED, REACHED, COMPLETE} == set(told["outcomes"])


@pytest.mark.slow
async def test_calls_by_sip_end_so_as_well(dialogue_model: object) -> None:
    run = await play(Wanted(calls=8, at_once=8, ways=(TRUNK,)), load_settings(), lambda line: None)
    wrong = [each for each in run.verdicts if any(not one.startswith("silence") for one in each.violations)]
    assert not wrong, table(Run(run.wanted, wrong, run.logged))
