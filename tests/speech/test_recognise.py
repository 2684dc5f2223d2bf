"""Hearing: sentences spoken by espeak-ng come back as text from the real Vosk and the demo model."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.speech.in_order import in_order
from bot.speech.models import DEMO, missing_files
from bot.speech.recognise import VoskRecogniser, combine, readings
from bot.speech.speak import GegeVoice

SENTENCES = ("我家停电了", "沿河路二百零六号", "转人工")


@pytest.fixture(scope="module")
def recogniser() -> VoskRecogniser:
    if missing := missing_files(DEMO):
        warnings.warn(f"NOT TESTED: real recognition, because models/demo lacks {missing}", stacklevel=1)
        pytest.skip("models/demo is not built")
    return VoskRecogniser(DEMO)


@pytest.fixture
async def voice(tmp_path: Path) -> AsyncIterator[GegeVoice]:
    voice = GegeVoice(tmp_path)
    yield voice
    await voice.close()


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
async def test_a_sentence_is_heard_at_any_rate_while_it_is_spoken(
    recogniser: VoskRecogniser, voice: GegeVoice, rate: int
) -> None:
    right = 0
    for sentence in SENTENCES:
        pcm = await voice.say(sentence, rate)
        session = recogniser.begin(rate)
        partials = [await session.feed(pcm[at : at + 481]) for at in range(0, len(pcm), 481)]
        heard = await session.finish()
        assert any(partials), "nothing was understood before the end"
        assert heard.seconds == pytest.approx(len(pcm) / 2 / rate, abs=0.01)
        assert " " not in heard.text and "[unk]" not in heard.text
        right += heard.text == sentence
    assert right >= 2


def test_words_are_joined_and_unknown_ones_are_counted() -> None:
    assert in_order("我 家 [unk] 停电 wifi gege 了") == "我家停电wifi gege了"
    parts = [[("我 [unk]", 9.0), ("我 家", 7.5)], [("", 5.0)], [("停电", 3.0), ("停 店", 1.0)]]
    heard = combine(parts, 3, 2.0)
    assert heard.text == "我停电" and heard.unknown_share == pytest.approx(2 / 5), (
        "an unknown word is about two characters"
    )
    other = combine([[("今天 股票 涨 了", 9.0)]], 3, 2.0, frozenset({"股票", "涨"}))
    assert other.text == "今天股票涨了" and other.unknown_share == pytest.approx(3 / 6), (
        "who speaks of other things is known by it"
    )
    assert heard.alternatives == ("我家停电", "我停店")
    assert readings('{"text": "好 的"}') == [("好 的", 0.0)]
