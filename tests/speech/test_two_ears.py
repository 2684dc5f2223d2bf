"""Two ears on one turn: the better one's words where it has them in time, the first's in every other case, and no waiting."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from bot.foundation.backoff import Backoff
from bot.speech import ear_metrics
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, RecogniserFailed
from bot.speech.resting import IN_A_ROW
from bot.speech.two_ears import Second, TwoEars, together

RATE = 8000
SOUND = b"\1\0" * RATE
#: far longer than any test: nobody may wait for it
NEVER = 3600.0


@dataclass
class Scripted:
    """Hears the same every time, after `takes_s`; an exception in place of words breaks it."""

    words: HeardSpeech | Exception
    takes_s: float = 0.0
    feed_s: float = 0.0
    breaks_at_feed: bool = False
    fed: list[bytes] = field(default_factory=list)
    likely: list[Likely] = field(default_factory=list)
    closed: bool = False

    def begin(self, rate: int, likely: Likely = NOTHING_LIKELY) -> ScriptedTurn:
        self.fed.append(b"")
        self.likely.append(likely)
        return ScriptedTurn(self, len(self.fed) - 1)

    async def close(self) -> None:
        self.closed = True


@dataclass
class ScriptedTurn:
    owner: Scripted
    number: int

    async def feed(self, pcm: bytes) -> str:
        await asyncio.sleep(self.owner.feed_s)
        if self.owner.breaks_at_feed:
            raise RecogniserFailed("broken")
        self.owner.fed[self.number] += pcm
        return f"{self.owner.words.text[:1] if isinstance(self.owner.words, HeardSpeech) else ''}"

    async def finish(self) -> HeardSpeech:
        await asyncio.sleep(self.owner.takes_s)
        if isinstance(self.owner.words, Exception):
            raise self.owner.words
        return self.owner.words


def ears(
    first: Scripted, second: Scripted, patience_s: float = 5.0, compared: bool = True, again: Backoff | None = None
) -> TwoEars:
    return TwoEars(first, Second(second, "second", patience_s, compared), again or Backoff(NEVER, NEVER))


async def turn(both: TwoEars) -> HeardSpeech:
    session = both.begin(RATE, Likely("confirmed"))
    for at in range(0, len(SOUND), 3200):
        await session.feed(SOUND[at : at + 3200])
    return await session.finish()


def said(text: str, *others: str, ear: str = "", **more: float) -> HeardSpeech:
    return HeardSpeech(text, others, seconds=1.0, ear=ear, **more)


async def test_the_better_ears_words_come_first_and_all_readings_stay() -> None:
    first, second = Scripted(said("我家的店", "我家听电", ear="a")), Scripted(said("我家停电了", "我家停电", ear="b"))
    heard = await turn(ears(first, second))
    assert heard.text == "我家停电了" and heard.ear == "b"
    assert heard.alternatives == ("我家的店", "我家停电", "我家听电"), "danger is looked for in all of them"
    assert first.fed == second.fed == [SOUND] and second.likely == [Likely("confirmed")]


async def test_of_an_ear_elsewhere_that_heard_the_words_stand_alone() -> None:
    heard = await turn(
        ears(Scripted(said("电线断了", unknown_share=0.9)), Scripted(said("我家停电了")), compared=False)
    )
    assert heard == said("我家停电了")


@pytest.mark.parametrize("compared", [True, False])
async def test_whatever_the_second_does_the_firsts_words_stand(compared: bool) -> None:
    mine = said("停电了", "停店了", unknown_share=0.2, confidence=0.6)
    for second in (
        Scripted(RecogniserFailed("away")),
        Scripted(ValueError("a fault of its library")),
        Scripted(said("晚了"), takes_s=NEVER),
        Scripted(said("晚了"), feed_s=NEVER),
        Scripted(said(""), breaks_at_feed=True),
    ):
        assert await turn(ears(Scripted(mine), second, 0.1, compared)) == mine


async def test_a_first_ear_that_breaks_leaves_the_turn_to_the_second() -> None:
    for first in (Scripted(RecogniserFailed("broken")), Scripted(said(""), breaks_at_feed=True)):
        for compared in (True, False):
            assert (await turn(ears(first, Scripted(said("停电了")), compared=compared))).text == "停电了"
    with pytest.raises(RecogniserFailed):
        await turn(ears(Scripted(RecogniserFailed("broken")), Scripted(RecogniserFailed("away"))))


async def test_a_first_ear_that_lags_is_not_waited_for_beyond_the_seconds_time() -> None:
    both = ears(Scripted(said("晚了"), takes_s=NEVER), Scripted(said("停电了")), 0.1)
    assert (await asyncio.wait_for(turn(both), 5.0)).text == "停电了"


async def test_the_second_holds_up_no_sound_and_its_partial_text_is_told_where_it_has_one() -> None:
    first, second = Scripted(said("甲")), Scripted(said("乙"))
    session = ears(first, second).begin(RATE)
    assert await session.feed(SOUND) == "甲"
    await asyncio.sleep(0.02)
    assert await session.feed(SOUND) == "乙"
    stuck = ears(first, Scripted(said("乙"), feed_s=NEVER)).begin(RATE)
    assert await asyncio.wait_for(stuck.feed(SOUND), 1.0) == "甲"


async def test_who_can_wait_no_longer_gets_what_the_first_heard() -> None:
    both = ears(Scripted(said("停电了")), Scripted(said("晚了"), takes_s=NEVER), NEVER)
    session = both.begin(RATE)
    await session.feed(SOUND)
    assert session.in_hand() is None
    finishing = asyncio.create_task(session.finish())
    await asyncio.sleep(0.02)
    finishing.cancel()
    await asyncio.wait({finishing})
    assert finishing.cancelled() and session.in_hand() == said("停电了")
    await asyncio.sleep(0)
    assert not both.at_work, "nothing is left behind"


async def test_after_failures_in_a_row_it_rests_and_comes_back_when_a_trial_goes_well() -> None:
    first, second = Scripted(said("停电了")), Scripted(RecogniserFailed("away"))
    both = ears(first, second, again=Backoff(0.02, 0.02))
    for _ in range(IN_A_ROW):
        assert both.resting.awake
        await turn(both)
    assert not both.resting.awake
    asked = len(second.fed)
    before = _count("resting")
    assert (await turn(both)).text == "停电了" and len(second.fed) == asked, "no caller waits for an ear that rests"
    assert _count("resting") == before + 1
    await asyncio.sleep(0.1)
    assert not both.resting.awake and len(second.fed) > asked, "tried in the background, still away"
    second.words = said("我家停电了")
    while not both.resting.awake:
        await asyncio.sleep(0.01)
    second.words = RecogniserFailed("away again")
    await turn(both)
    assert not both.resting.awake, "a trial is no turn: one more failure and it rests again"
    second.words = said("我家停电了")
    while not both.resting.awake:
        await asyncio.sleep(0.01)
    assert (await turn(both)).text == "我家停电了"
    second.words = RecogniserFailed("once")
    await turn(both)
    assert both.resting.awake, "a turn that it heard makes it trusted again"
    await both.close()
    assert first.closed and second.closed


async def test_turns_are_counted_by_what_became_of_them() -> None:
    for second, fate in (
        (Scripted(said("停电了")), "heard"),
        (Scripted(RecogniserFailed("x")), "broke"),
        (Scripted(said("x"), takes_s=NEVER), "late"),
    ):
        before = _count(fate)
        await turn(ears(Scripted(said("停电了")), second, 0.1))
        assert _count(fate) == before + 1


def _count(fate: str) -> float:
    return ear_metrics.REGISTRY.get_sample_value("gege_second_ear_turns_total", {"ear": "second", "fate": fate}) or 0.0


def test_agreement_is_certainty_and_disagreement_is_doubt() -> None:
    first, better = said("停店了", confidence=0.6), said("停电了", confidence=0.5)
    assert together(first, better).confidence == pytest.approx(0.8), "two that sound the same are surer than each alone"
    assert together(said("我家的电费", confidence=0.6), said("我家停电了", confidence=0.5)).confidence < 0.5
    assert together(said("今天天气"), said("电线断了")).confidence < 0.3


def test_where_the_better_one_heard_nothing_the_first_stands_with_doubt() -> None:
    found = together(said("停电了", "停店了", ear="a", unknown_share=0.4), said("", ear="b"))
    assert (found.text, found.alternatives, found.ear, found.unknown_share, found.confidence) == (
        "停电了", ("停店了",), "a", 0.4, 0.0,
    )  # fmt: skip
    assert together(said("", unknown_share=1.0), said("")).text == ""


def test_what_only_the_first_knows_to_be_no_words_counts_as_far_as_the_two_differ() -> None:
    bark = together(said("", unknown_share=1.0), said("谢谢观看"))
    assert bark.text == "谢谢观看" and bark.unknown_share == 1.0
    half = together(said("我家停电了", unknown_share=0.5), said("我家停电了"))
    assert half.unknown_share == 0.0
    assert together(said("停电了"), said("停电了", unknown_share=0.3)).unknown_share == 0.3


def test_of_many_readings_the_best_of_both_stay() -> None:
    found = together(said("甲", "乙", "丙", "丁"), said("戊", "己", "庚", "甲"))
    assert found.text == "戊" and found.alternatives == ("甲", "己", "乙", "庚")
