"""Whatever keeps a caller waiting: after a second he hears that Gege is there, softly, and never over his own voice."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.foundation.errors import Broken
from bot.speech.port import HeardSpeech
from bot.voice.call_parts import CallParts
from bot.voice.comfort import Comfort
from bot.voice.events import Looking
from tests.voice.doubles import ScriptedRecogniser, ToneVoice, reply, silence, speech
from tests.voice.test_call import Room

FRAME = bytes(320)


class Second:
    """A line's time, frame after frame."""

    def __init__(self, after_s: float = 0.8) -> None:
        self.now, self.due = 0.0, True
        self.played: list[float] = []
        self.comfort = Comfort(
            8000, after_s, lambda: self.due, lambda pcm: self.played.append(round(self.now, 2)), lambda: self.now
        )

    def run(self, seconds: float, frame: bytes = FRAME) -> list[float]:
        """→ when the sound was heard in that time."""
        before = len(self.played)
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            self.comfort.sent(frame)
        return self.played[before:]


def test_an_answered_call_sounds_within_three_tenths_of_a_second() -> None:
    line = Second()
    assert line.run(1.0) == [pytest.approx(0.28, abs=0.03)]


def test_silence_of_a_second_is_filled_and_again_at_intervals() -> None:
    line = Second()
    line.due = False
    assert line.run(20.0) == [], "the caller's turn: silence is his"
    line.due = True
    heard = [at - 20.0 for at in line.run(8.0)]
    assert heard == pytest.approx([0.82, 3.34, 5.86], abs=0.06)


def test_what_gege_says_is_no_silence_and_a_stop_in_its_middle_is() -> None:
    line = Second()
    line.due = False
    line.run(1.0)
    line.due = True
    assert line.run(5.0, b"\x10\x00" * 160) == []
    assert line.run(0.7) == [] and len(line.run(0.3)) == 1
    line.comfort.stop()
    assert line.run(20.0) == []


class SlowVoice(ToneVoice):
    """Needs its time before each sentence but the notice."""

    async def say(self, text: str, rate: int = 8000) -> bytes:
        import asyncio

        if self.said:
            await asyncio.sleep(0.5)
        return await super().say(text, rate)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["dialogue", "recogniser", "voice", "database"])
async def test_whatever_is_slow_the_caller_hears_that_gege_is_there(tmp_path: Path, what: str) -> None:
    import asyncio
    import time

    room = Room(tmp_path, ["停电"], [reply("记下了。", ended=True)])
    room.settings.turns.look_after = 0.2
    if what == "dialogue":
        room.dialogue.delay = 0.6
    elif what == "voice":
        room.voice = SlowVoice(0.2)
    elif what == "recogniser":

        class Slow(ScriptedRecogniser):
            async def finish(self) -> HeardSpeech:
                await asyncio.sleep(0.6)
                return HeardSpeech("停电")

            async def feed(self, pcm: bytes) -> str:
                return ""

            def begin(self, *_: object) -> Slow:  # type: ignore[override]
                return self

        room.recogniser = Slow([])
    else:
        room.recogniser = ScriptedRecogniser([Broken("gone")])
        keep = room.intake.__call__

        async def slowly(*given: object) -> str | None:
            await asyncio.to_thread(time.sleep, 0.6)
            return await keep(*given)  # type: ignore[arg-type]

        room.intake = slowly  # type: ignore[assignment]
    await room.call(room.wav("1.wav", speech(1.5)))
    assert any(isinstance(event, Looking) for event in room.events)


async def test_it_is_never_over_the_callers_speech(tmp_path: Path) -> None:
    room = Room(tmp_path, ["停电"], [reply("记下了。", ended=True)])
    room.settings.turns.look_after = 0.05
    room.dialogue.delay = 0.4
    over: list[bool] = []
    original = CallParts._look

    def look(self: CallParts, pcm: bytes) -> None:
        over.append(self.ear.taker.hears)
        original(self, pcm)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CallParts, "_look", look)
        await room.call(room.wav("1.wav", speech(1.5) + silence(1.5) + speech(3.0)))
    assert over and not any(over)
