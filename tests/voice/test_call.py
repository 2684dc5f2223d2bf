"""A telephone call on real sockets, from the recording notice to its end, with scripted parts behind it."""

from __future__ import annotations

import asyncio
import io
import uuid as uuids
import wave
from pathlib import Path

import numpy as np
import pytest

from bot.recordings.room import open_recording
from bot.settings import Settings
from bot.speech.audio import write_wav
from bot.voice.account import CallStory
from bot.voice.client import Key
from bot.voice.story import run_call
from tests.voice.doubles import (
    NotingDesk,
    NotingIntake,
    ScriptedDialogue,
    ScriptedRecogniser,
    ToneVoice,
    reply,
    silence,
    speech,
)

PACE = 16.0


class Room:
    """Everything a call needs, and what became of it."""

    def __init__(self, home: Path, texts: list, answers: list, tone_s: float = 0.4) -> None:
        self.home = home
        self.pace = PACE
        self.recogniser = ScriptedRecogniser(texts)
        self.dialogue = ScriptedDialogue(answers)
        self.voice = ToneVoice(tone_s)
        self.desk, self.intake = NotingDesk(), NotingIntake()
        self.events: list[tuple[str, dict]] = []

    def wav(self, name: str, pcm: bytes) -> Path:
        path = self.home / name
        write_wav(path, np.frombuffer(pcm, "<i2").astype(np.int16), 8000)
        return path

    async def call(self, *files: Path | Key, **more) -> CallStory:
        return await run_call(
            files,
            "13971800123",
            self.dialogue,
            self.recogniser,
            self.voice,
            self.desk,
            Settings(home=self.home),
            lambda name, detail: self.events.append((name, detail)),
            intake=self.intake,
            pace=self.pace,
            **more,
        )


async def test_what_is_spoken_is_understood_answered_and_logged(tmp_path: Path) -> None:
    room = Room(tmp_path, ["我家停电了", "对"], [reply("您家在哪里?"), reply("记下了。", ticket_no="GD1", ended=True)])
    one, two = room.wav("1.wav", speech(1.5)), room.wav("2.wav", speech(0.8))
    story = await room.call(one, two, dialled="grid_24")
    assert [turn.heard for turn in story.turns] == ["我家停电了", "对"]
    assert story.ticket_no == "GD1" and story.outcome == "goodbye"
    heard = room.dialogue.heard[0]
    assert (heard.caller, heard.channel, heard.dialled, heard.alternatives) == (
        "13971800123",
        "phone",
        "grid_24",
        ("别的",),
    )
    assert heard.id != room.dialogue.heard[1].id and heard.session == heard.call_id
    assert room.desk.notes[0][:3] == ("begin", story.call_id, "13971800123")
    assert room.desk.notes[-1] == ("end", story.call_id, "goodbye")
    assert story.turns[0].seconds["first_audio"] < 1.0
    assert room.voice.said[0].startswith("您好") and "录音" in room.voice.said[0]


async def test_the_call_is_a_row_before_a_word_is_spoken(tmp_path: Path) -> None:
    room = Room(tmp_path, [], [reply("好。")])
    spoken_before: list[int] = []
    begin = room.desk.begin_call
    room.desk.begin_call = lambda *args: (spoken_before.append(len(room.voice.said)), begin(*args))[1]  # type: ignore[method-assign,assignment]
    await room.call()
    assert spoken_before == [0]


async def test_both_directions_are_recorded_but_nothing_before_the_notice(tmp_path: Path) -> None:
    room = Room(tmp_path, ["停电"], [reply("记下了。", ended=True)])
    story = await room.call(room.wav("1.wav", speech(2.0)))
    site = Settings(home=tmp_path)
    with wave.open(io.BytesIO(open_recording(site, story.recording))) as file:
        assert file.getnchannels() == 2
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    caller, gege = np.abs(both[:, 0].astype(int)), np.abs(both[:, 1].astype(int))
    assert (caller > 1000).sum() > 8000, "the caller's two seconds are there"
    # Notice and greeting are 0.4 s each; only the greeting and the answer may be stored.
    assert 0.6 * 8000 * 0.5 < (gege > 200).sum() < 1.0 * 8000
    with wave.open(io.BytesIO(open_recording(site, story.turns[0].recording))) as file:
        assert 2.0 < file.getnframes() / 8000 < 4.0
    assert room.dialogue.heard[0].recording == story.turns[0].recording


async def test_zero_means_a_person_at_any_time(tmp_path: Path) -> None:
    room = Room(
        tmp_path,
        [],
        [reply("我给您的网格员打电话。", intent="request_human", hand_over=True, hand_over_to="139")],
    )
    story = await room.call(Key("0"))
    assert room.dialogue.heard[0].text == "转人工"
    assert (story.outcome, story.hand_over_to, story.turns[0].key) == ("handed_over", "139", "0")


@pytest.mark.parametrize(
    ("digit", "text"), [("*", "再讲一遍"), ("1", "停电"), ("2", "开关坏了"), ("3", "电费"), ("9", "危险")]
)
async def test_keys_stand_for_words(tmp_path: Path, digit: str, text: str) -> None:
    room = Room(tmp_path, [], [reply("好。", ended=True)])
    await room.call(Key(digit))
    assert [heard.text for heard in room.dialogue.heard] == [text]


async def test_a_broken_recogniser_gives_the_recording_to_a_person(tmp_path: Path) -> None:
    room = Room(tmp_path, [RuntimeError("broken")], [reply("好。")])
    story = await room.call(room.wav("1.wav", speech(1.5)))
    ((heard, reason),) = room.intake.notes
    assert reason == "recogniser_failed" and (tmp_path / heard.recording).exists()
    assert (story.outcome, story.ticket_no) == ("handed_over", "GD-UNCLEAR")
    assert "毛病" in story.turns[0].said[0] and room.dialogue.heard == []


async def test_a_broken_dialogue_gives_the_words_to_a_person(tmp_path: Path) -> None:
    room = Room(tmp_path, ["我家停电了"], [RuntimeError("broken")])
    story = await room.call(room.wav("1.wav", speech(1.5)))
    assert [(heard.text, reason) for heard, reason in room.intake.notes] == [("我家停电了", "dialogue_failed")]
    assert (story.outcome, story.ticket_no) == ("handed_over", "GD-UNCLEAR")


async def test_a_silent_caller_is_asked_twice_then_handed_over(tmp_path: Path) -> None:
    room = Room(tmp_path, [], [reply("好。")])
    story = await room.call(room.wav("1.wav", silence(30.0)))
    asked = [sentence for sentence in room.voice.said if "您" in sentence][1:]
    assert len(room.voice.said) == 5 and "您还在吗" in asked[0]
    assert [reason for _, reason in room.intake.notes] == ["silent"]
    assert story.outcome == "handed_over"


async def test_no_frames_at_all_count_as_silence(tmp_path: Path) -> None:
    """A telephone with silence suppression sends nothing: the end of speech must come all the same."""
    from bot.voice.audiosocket import AudioSocketServer
    from bot.voice.call import answering
    from bot.voice.client import place_call

    room = Room(tmp_path, ["停电"], [reply("记下了。", ended=True)])
    server = AudioSocketServer(
        "127.0.0.1",
        0,
        answering(
            dialogue=room.dialogue,
            recogniser=room.recogniser,
            voice=room.voice,
            desk=room.desk,
            intake=room.intake,
            settings=Settings(home=tmp_path),
        ),
        pace=4.0,
    )
    await server.start()
    try:
        uuid = str(uuids.uuid4())
        server.announce(uuid, "139")
        placed = await place_call(
            "127.0.0.1", server.port, uuid, [room.wav("1.wav", speech(1.2))], pace=4.0, sends_silence=False
        )
    finally:
        await server.close()
    assert placed.hung_up_by_gege and [heard.text for heard in room.dialogue.heard] == ["停电"]


async def test_a_dropped_call_becomes_a_call_back(tmp_path: Path) -> None:
    room = Room(tmp_path, ["我家停电了"], [reply("您家在哪里?")])
    story = await room.call(room.wav("1.wav", speech(1.5)))
    assert room.desk.notes[-1] == ("call_back", story.call_id, "dropped")
    assert (story.outcome, story.ticket_no) == ("hung_up", "GD-BACK")


async def test_a_caller_who_hangs_up_in_mid_sentence_is_still_heard(tmp_path: Path) -> None:
    room = Room(tmp_path, ["变压器冒烟"], [reply("莫靠近。", ticket_no="GD9", intent="report_hazard")])

    async def never() -> None:
        pass

    from bot.voice.audiosocket import AudioSocketServer
    from bot.voice.call import answering
    from bot.voice.client import place_call

    server = AudioSocketServer(
        "127.0.0.1",
        0,
        answering(
            dialogue=room.dialogue,
            recogniser=room.recogniser,
            voice=room.voice,
            desk=room.desk,
            intake=room.intake,
            settings=Settings(home=tmp_path),
        ),
        pace=PACE,
    )
    await server.start()
    try:
        uuid = str(uuids.uuid4())
        server.announce(uuid, "139")
        await place_call("127.0.0.1", server.port, uuid, [room.wav("1.wav", speech(3.0))], pace=PACE, my_turn=never)
        for _ in range(100):
            if room.desk.notes[-1][0] != "begin":
                break
            await asyncio.sleep(0.02)
    finally:
        await server.close()
    assert [heard.text for heard in room.dialogue.heard] == ["变压器冒烟"]
    assert room.desk.notes[-1][0] == "end" and room.desk.notes[-1][2] == "hung_up"


async def test_gege_stops_when_the_caller_insists_and_goes_on_after_a_cough(tmp_path: Path) -> None:
    room = Room(tmp_path, ["", "停电"], [reply("记下了。", ended=True)], tone_s=3.0)
    spoken = asyncio.get_running_loop().time()
    # The cough (0.6 s) falls into the greeting: it is said again from its beginning.
    story = await room.call(room.wav("1.wav", silence(0.5) + speech(0.6) + silence(6.0) + speech(1.2)))
    assert story.turns[-1].heard == "停电", (story, spoken)


async def test_a_turn_of_more_than_a_minute_is_closed_and_no_sound_is_lost(tmp_path: Path) -> None:
    room = Room(tmp_path, ["前半", "后半"], [reply("我听着。"), reply("记下了。", ended=True)])
    room.pace = 30.0
    story = await room.call(room.wav("1.wav", speech(75.0)))
    assert [turn.heard for turn in story.turns] == ["前半", "后半"]
    fed = sum(len(each) for each in room.recogniser.fed) / 16000
    assert 75.0 <= fed < 78.0
