"""Asking for a key: a mailbox and an empty line are given up soon, and somebody slow is waited for."""

from __future__ import annotations

import asyncio

import pytest

from bot.calling.key import ask_for_key
from bot.lines.line import Pressed
from tests.calling.phones import Phone
from tests.voice.doubles import ToneVoice, speech

SENTENCE, AGAIN = "有危险。我来管，请按一。", "请按一。"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the time: 2.5 s in all, half a second to press."""
    for name, seconds in {"_WAIT_S": 0.5, "_SILENT_S": 2.5, "_LAST_S": 0.2}.items():
        monkeypatch.setattr(f"bot.calling.key.{name}", seconds)


class Timed(ToneVoice):
    """Tells a listener each time a sentence begins."""

    def __init__(self, listener) -> None:
        super().__init__(0.05)
        self._listener = listener

    async def stream(self, sentence: str, rate: int):
        self._listener(len(self.said))
        async for pcm in super().stream(sentence, rate):
            yield pcm


async def ask(listener=lambda count: None, phone: Phone | None = None) -> tuple[str, list[str]]:
    phone = phone or Phone()
    voice = Timed(listener)
    key = await ask_for_key(phone.line, voice, SENTENCE, "12", again=AGAIN)
    return key, voice.said


async def test_a_silent_line_is_asked_once_more_in_short_and_given_up() -> None:
    began = asyncio.get_running_loop().time()
    assert await ask() == ("", [SENTENCE, AGAIN])
    assert asyncio.get_running_loop().time() - began < 2.5


async def test_a_greeting_that_goes_on_beside_our_sentence_is_a_machine() -> None:
    phone, loop = Phone(), asyncio.get_running_loop()
    phone.speaks(speech(8.0))
    after = lambda count: loop.call_later(0.25, phone.speaks, speech(0.6))  # noqa: E731 - its last words
    assert await ask(after, phone) == ("", [SENTENCE, AGAIN])


async def test_who_says_a_word_is_there_and_asked_three_times() -> None:
    phone, loop = Phone(), asyncio.get_running_loop()

    def says(count: int) -> None:
        loop.call_later(0.25, phone.speaks, speech(0.6))

    assert await ask(says, phone) == ("", [SENTENCE, SENTENCE, SENTENCE])


@pytest.mark.parametrize("after", [0, 1])
async def test_who_is_silent_and_slow_can_still_press(after: int) -> None:
    phone, loop = Phone(), asyncio.get_running_loop()

    def presses(count: int) -> None:
        if count == after:
            loop.call_later(0.35, phone._incoming.offer, Pressed("1"))

    assert (await ask(presses, phone))[0] == "1"


async def test_who_hangs_up_is_not_asked_on() -> None:
    phone, loop = Phone(), asyncio.get_running_loop()
    assert (await ask(lambda count: loop.call_later(0.1, phone.leaves), phone))[1] == [SENTENCE]
