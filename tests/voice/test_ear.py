"""The ear on a line that is faster than time: nothing is lost, and a slow recogniser holds up no sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.lines.line import LineEvent, Pressed, Sounded
from bot.settings import Settings
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely
from bot.voice.ear import Ear, Gone, Left, Said
from bot.voice.keypad import Keyed
from bot.voice.recording import CallRecording
from bot.voice.turn import TurnRules
from tests.voice.doubles import ScriptedRecogniser, silence, speech


class Wire:
    """A line that carries what it was given, in packets of 30 ms."""

    rate = 8000
    backlog = 0
    on_sent = None

    def __init__(self, *parts: bytes | Pressed) -> None:
        self._parts = parts

    async def events(self) -> AsyncIterator[LineEvent]:
        for part in self._parts:
            if isinstance(part, Pressed):
                yield part
                continue
            for at in range(0, len(part), 480):
                yield Sounded(part[at : at + 480])
                if at % 4_800 == 0:
                    await asyncio.sleep(0)


def voiced(seconds: float, seed: int) -> bytes:
    """Speech in which no two seconds are alike."""
    noise = np.random.default_rng(seed).integers(-40, 40, int(seconds * 8000))
    return (np.frombuffer(speech(seconds), "<i2") + noise).astype("<i2").tobytes()


def ear(home: Path, wire: Wire, recogniser: object, **more: object) -> Ear:
    recording = CallRecording(Settings(home=home), "c1", 8000)
    recording.begin()
    return Ear(wire, recogniser, recording, TurnRules(), lambda: None, **more)  # type: ignore[arg-type]


async def noticed(one: Ear) -> list[object]:
    await one.listen()
    one._recording.close()
    return [one.inbox.get_nowait() for _ in range(one.inbox.qsize())]


@pytest.mark.slow
async def test_of_a_half_hour_talker_no_sample_is_lost(tmp_path: Path) -> None:
    sound = voiced(1800.0, 1)
    recogniser = ScriptedRecogniser([f"第{number}段" for number in range(40)])
    found = await noticed(ear(tmp_path, Wire(sound + silence(2.0)), recogniser))
    said = [one for one in found if isinstance(one, Said)]
    assert len(said) == 31 and [one.speech.text for one in said] == [f"第{number}段" for number in range(31)]
    assert all(one.unfinished for one in said[:-1]) and isinstance(found[-1], Gone)
    fed = b"".join(recogniser.fed)
    assert fed[: len(sound)] == sound, "from the first sample to the last, in order, none twice"


class Slow:
    """Takes much longer than the sound lasts."""

    def begin(self, rate: int, likely: Likely = NOTHING_LIKELY) -> Slow:
        return self

    async def feed(self, pcm: bytes) -> str:
        await asyncio.sleep(3600)
        return ""

    async def finish(self) -> HeardSpeech:
        return HeardSpeech("")


async def test_a_hanging_recogniser_fails_its_turn_and_not_the_call(tmp_path: Path) -> None:
    wire = Wire(voiced(1.0, 2), silence(2.0), voiced(1.0, 3), silence(2.0))
    found = await asyncio.wait_for(noticed(ear(tmp_path, wire, Slow(), recognise_s=0.1)), 10.0)
    assert [type(one).__name__ for one in found] == ["Said", "Said", "Gone"]
    assert all(one.failed and one.recording for one in found[:2])  # type: ignore[attr-defined]


async def test_turns_come_in_the_order_in_which_they_were_spoken(tmp_path: Path) -> None:
    wire = Wire(voiced(1.0, 2), silence(1.5), Pressed("1"), voiced(1.0, 3), Pressed("#"), silence(1.0))
    found = await noticed(ear(tmp_path, wire, ScriptedRecogniser(["一", "二"])))
    texts = [one.speech.text if isinstance(one, Said) else one for one in found]
    assert [each for each in texts if isinstance(each, str)] == ["一", "二"], "done is no input of its own"
    assert [each.digits for each in texts if isinstance(each, Keyed)] == ["1"]


async def test_keys_are_a_number_after_a_pause_and_whoever_hangs_up_has_keyed_it_all(tmp_path: Path) -> None:
    keyed = [Pressed("2"), silence(1.5), Pressed("0"), silence(1.0), Pressed("6")]
    for name, end in (("paused", silence(2.5)), ("gone", silence(0.1))):
        one = ear(tmp_path / name, Wire(*keyed, end), ScriptedRecogniser([]))
        one.question = "number"
        found = await noticed(one)
        assert found == [Keyed("206", "206"), Gone()]


async def test_a_number_that_is_being_said_is_waited_for_longer(tmp_path: Path) -> None:
    class Partial(ScriptedRecogniser):
        async def feed(self, pcm: bytes) -> str:
            return "一三八"

        def begin(self, rate: int, likely: Likely = NOTHING_LIKELY) -> Partial:  # type: ignore[override]
            return self

        async def finish(self) -> HeardSpeech:
            return HeardSpeech("一三八")

    wire = Wire(voiced(1.0, 2), silence(1.1), voiced(1.0, 3), silence(2.0))
    waits = []

    def extra(question: str, partial: str, paused: float) -> float:
        waits.append(partial)
        return 0.4 if partial else 0.0

    found = await noticed(ear(tmp_path, wire, Partial([]), extra_wait=extra))
    assert [type(one).__name__ for one in found] == ["Said", "Gone"] and "一三八" in waits


async def test_a_message_ends_by_itself_by_the_hash_key_and_by_hanging_up(tmp_path: Path) -> None:
    for name, parts, long in (
        ("a", (silence(0.5), voiced(3.0, 4), silence(5.0)), 7.4),
        ("b", (voiced(3.0, 4), Pressed("#"), voiced(1.0, 5)), 3.0),
        ("c", (voiced(3.0, 4),), 3.0),
        ("d", (silence(9.0),), 8.0),
    ):
        listening = ear(tmp_path / name, Wire(*parts), ScriptedRecogniser([]))
        listening.take_message()
        found = await noticed(listening)
        assert isinstance(found[0], Left), name
        from bot.recordings.room import look_into

        opened = look_into(Settings(home=tmp_path / name), found[0].recording)
        assert abs(len(opened.pcm) / 16000 - long) < 0.06, name
        assert (found[0].voiced > 2.0) is (name != "d")
