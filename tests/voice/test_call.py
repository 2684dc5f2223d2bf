"""A telephone call on real sockets, from the recording notice to its end, with scripted parts behind it."""

from __future__ import annotations

import asyncio
import io
import time
import uuid as uuids
import wave
from pathlib import Path

import numpy as np
import pytest

from bot.dialogue.port import Reply
from bot.lines.client import Key
from bot.lines.line import CallFacts
from bot.recordings.room import look_into, open_recording
from bot.settings import Settings
from bot.speech.audio import write_wav
from bot.speech.port import HeardSpeech
from bot.voice.call import PhoneCall
from bot.voice.events import CallEvent, Looking, TurnTold, Understood, WordsHeard
from bot.voice.known_outages import Known
from bot.voice.loopback import run_call
from bot.voice.prompts import prompts
from bot.voice.record import CallStory
from bot.voice.seats import Seats
from tests.voice.doubles import (
    Never,
    NotingDesk,
    NotingIntake,
    ScriptedDialogue,
    ScriptedRecogniser,
    ToneVoice,
    reply,
    silence,
    speech,
)
from tests.waiting import until

# people speak here in real time
pytestmark = pytest.mark.slow

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
        self.settings = Settings(home=home)
        self.events: list[CallEvent] = []
        #: further parts of the call
        self.more: dict = {}
        self.calls: list[PhoneCall] = []

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
            self.settings,
            self.events.append,
            intake=self.intake,
            pace=self.pace,
            calls=self.calls,
            parts=self.more,
            **more,
        )


async def test_what_is_spoken_is_understood_answered_and_logged(tmp_path: Path) -> None:
    room = Room(tmp_path, ["我家停电了", "对"], [reply("您家在哪里?"), reply("记下了。", ticket_no="GD1", ended=True)])
    one, two = room.wav("1.wav", speech(1.5)), room.wav("2.wav", speech(0.8))
    story = await room.call(one, two, dialled="grid_24")
    assert [turn.heard for turn in story.turns] == ["我家停电了", "对"]
    assert story.ticket_no == "GD1" and story.outcome == "goodbye"
    heard = room.dialogue.heard[0]
    assert (heard.caller.address, heard.channel, heard.dialled, heard.alternatives) == (
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


async def test_speech_that_the_ear_hardly_understood_reaches_the_dialogue_as_such(tmp_path: Path) -> None:
    texts = [HeardSpeech("起火", ("起货",), unknown_share=0.6), HeardSpeech("我家停电了", unknown_share=0.2)]
    room = Room(tmp_path, texts, [reply("没听清。"), reply("记下了。", ticket_no="GD1", ended=True)])
    story = await room.call(room.wav("1.wav", speech(1.5)), room.wav("2.wav", speech(0.8)))
    assert [one.unclear for one in room.dialogue.heard] == [True, False]
    assert [turn.unknown_share for turn in story.turns] == [0.6, 0.2] and story.turns[0].recording


async def test_the_call_is_a_row_before_a_word_is_spoken(tmp_path: Path) -> None:
    room = Room(tmp_path, [], [reply("好。")])
    spoken_before: list[int] = []
    begin = room.desk.begin_call
    room.desk.begin_call = lambda *args: (spoken_before.append(len(room.voice.said)), begin(*args))[1]  # type: ignore[method-assign,assignment]
    await room.call()
    assert spoken_before == [0]


async def test_both_directions_are_recorded(tmp_path: Path) -> None:
    room = Room(tmp_path, ["停电"], [reply("记下了。", ended=True)])
    story = await room.call(room.wav("1.wav", speech(2.0)))
    site = Settings(home=tmp_path)
    with wave.open(io.BytesIO(open_recording(site, story.recording))) as file:
        assert file.getnchannels() == 2
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    caller, gege = np.abs(both[:, 0].astype(int)), np.abs(both[:, 1].astype(int))
    assert (caller > 1000).sum() > 8000, "the caller's two seconds are there"
    assert (gege > 200).sum() > 0.3 * 8000, "greeting and answer are there"
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
    assert (story.outcome, story.hand_over_to, story.turns[0].key) == ("hand_over", "139", "0")


async def test_a_key_answers_the_question_that_was_asked(tmp_path: Path) -> None:
    asked = {"detail": {"asks": "smell"}}
    room = Room(
        tmp_path, [], [reply("有没有糊味?", **asked), reply("几栋?", detail={"asks": "building"}), reply("好。")]
    )
    story = await room.call(Key("*"), Key("2"), Key("1"))
    heard = [(heard.text, heard.alternatives) for heard in room.dialogue.heard]
    assert heard[:2] == [("再讲一遍", ()), ("不对", ())]
    assert heard[2] == ("1", ()), "no yes where a number was asked for"
    assert [turn.key for turn in story.turns] == ["*", "2", "1"]


async def test_who_has_gone_to_look_is_waited_for_and_told_so(tmp_path: Path) -> None:
    waits = reply("好,您去看,我等您。", detail={"wait": True, "asks": "reset_done"})
    room = Room(tmp_path, ["等一下,我去看下", "推上去了"], [waits, reply("推上了就好。", ended=True)])
    room.pace = 32.0
    back = room.wav("2.wav", silence(50.0) + speech(1.0))
    story = await room.call(room.wav("1.wav", speech(1.5)), back)
    asked = room.voice.said[room.voice.said.index("好,您去看,我等您。") + 1 :]
    assert asked == [prompts().still_here, prompts().still_here, "推上了就好。"], "nobody asks him whether he is there"
    assert room.recogniser.questions == ["", "reset_done"] and story.outcome == "goodbye"


async def test_who_does_not_come_back_is_asked_and_goes_to_a_person(tmp_path: Path) -> None:
    room = Room(tmp_path, ["等一下"], [reply("好,我等您。", detail={"wait": True})])
    room.pace = 40.0
    story = await room.call(room.wav("1.wav", speech(1.5)), room.wav("2.wav", silence(170.0)))
    after = room.voice.said[room.voice.said.index("好,我等您。") + 1 :]
    assert after == [prompts().still_here] * 5 + list(prompts().silence)
    assert story.outcome == "hand_over" and [reason for _, reason in room.intake.notes] == ["silent"]


async def test_who_hangs_up_while_he_is_waited_for_is_called_back(tmp_path: Path) -> None:
    room = Room(tmp_path, ["等一下"], [reply("好,我等您。", detail={"wait": True})])
    story = await room.call(room.wav("1.wav", speech(1.5)))
    assert (story.outcome, story.ticket_no) == ("hung_up", "GD-BACK")


async def test_a_broken_recogniser_asks_for_everything_after_the_tone(tmp_path: Path) -> None:
    room = Room(tmp_path, [RuntimeError("broken")], [reply("好。")])
    story = await room.call(
        room.wav("1.wav", speech(1.5)), room.wav("2.wav", silence(3.0) + speech(2.0) + silence(6.0))
    )
    (failed, reason), (message, again) = room.intake.notes
    assert (reason, again) == ("recogniser_failed", "recogniser_failed")
    site = Settings(home=tmp_path)
    assert look_into(site, failed.recording).pcm and failed.recording != message.recording
    spoken = np.frombuffer(look_into(site, message.recording).pcm, "<i2")
    assert (np.abs(spoken.astype(int)) > 1000).sum() > 8000, "the two seconds after the tone are there"
    assert (story.outcome, story.ticket_no) == ("message", "GD-UNCLEAR")
    assert "嘀声" in story.turns[0].said[0] and "录下来了" in story.turns[1].said[0]
    assert room.dialogue.heard == []


async def test_a_broken_dialogue_gives_the_words_to_a_person_at_once(tmp_path: Path) -> None:
    room = Room(tmp_path, ["我家停电了"], [RuntimeError("broken")])
    story = await room.call(room.wav("1.wav", speech(1.5)))
    assert (room.intake.notes[0][0].text, room.intake.notes[0][1]) == ("我家停电了", "dialogue_failed")
    assert (story.outcome, story.ticket_no) == ("message", "GD-UNCLEAR"), "who hangs up then is not lost"


async def test_zero_leads_to_a_person_also_when_the_machine_is_broken(tmp_path: Path) -> None:
    room = Room(tmp_path, [RuntimeError("broken")], [reply("好。")])

    steps = iter((lambda: room.intake.notes, lambda: len(room.desk.notes) > 1))

    async def broken_and_then_over() -> None:
        await until(next(steps))
        await asyncio.sleep(5.0 / PACE)

    story = await room.call(room.wav("1.wav", speech(1.5)), Key("0"), wait=broken_and_then_over)
    assert story.outcome == "hand_over" and story.ticket_no == "GD-UNCLEAR"


async def test_the_hash_key_ends_a_turn_and_a_message(tmp_path: Path) -> None:
    room = Room(tmp_path, ["停电", RuntimeError("broken")], [reply("您家在哪里?")])
    hashed = [room.wav("1.wav", silence(4.0) + speech(1.0)), Key("#"), room.wav("2.wav", silence(4.0) + speech(1.0))]

    async def at_once() -> None:
        pass

    story = await room.call(*hashed, Key("#"), room.wav("3.wav", silence(4.0) + speech(1.0)), Key("#"), wait=at_once)
    assert story.turns[0].heard == "停电", "no 0.9 s of silence was needed"
    assert room.intake.notes[0][1] == "recogniser_failed"


async def test_a_slow_recogniser_does_not_keep_the_caller_waiting(tmp_path: Path) -> None:
    room = Room(tmp_path, [Never()], [reply("好。")])
    room.settings.capacity.recognise_s = 0.2
    story = await room.call(room.wav("1.wav", speech(1.5)))
    assert [reason for _, reason in room.intake.notes] == ["recogniser_failed"] and story.outcome == "message"


async def test_a_slow_dialogue_is_a_broken_one(tmp_path: Path) -> None:
    room = Room(tmp_path, ["停电"], [reply("好。")])
    room.settings.capacity.dialogue_s = 0.1
    room.dialogue.delay = 30.0
    story = await room.call(room.wav("1.wav", speech(1.5)))
    assert [reason for _, reason in room.intake.notes] == ["dialogue_failed"] and story.outcome == "message"


async def test_when_nothing_can_be_kept_a_person_is_wanted_and_where_nobody_can_be_rung_he_is_called_back(
    tmp_path: Path,
) -> None:
    room = Room(tmp_path, ["停电"], [RuntimeError("broken")])
    room.intake.fails = True
    story = await room.call(
        room.wav("1.wav", speech(1.5)), room.wav("2.wav", silence(3.0) + speech(2.0) + silence(6.0))
    )
    assert story.outcome == "hand_over" and story.ticket_no == "GD-BACK"
    assert room.desk.notes[-1] == ("call_back", story.call_id, "not_reached")


async def test_in_a_storm_the_outage_is_told_first_and_a_message_taken(tmp_path: Path) -> None:
    room = Room(tmp_path, ["停电"], [reply("好。")])
    seats = Seats(1)
    assert seats.take()

    async def known(facts: CallFacts) -> Known:
        return Known(("您那一片八点十分停的电。",), own=True) if facts.dialled == "grid_24" else Known()

    room.more = {"seats": seats, "known_outage": known}
    story = await room.call(room.wav("1.wav", speech(2.0) + silence(6.0)), dialled="grid_24")
    assert room.voice.said[1:3] == ["您那一片八点十分停的电。", prompts().storm]
    assert [reason for _, reason in room.intake.notes] == ["storm"] and story.outcome == "message"
    assert room.recogniser.fed == [] and seats.taken == 1, "it neither decodes nor takes another's seat"


@pytest.mark.parametrize(("own", "outcome"), [(True, "told"), (False, "hung_up")])
async def test_while_seats_are_scarce_a_known_outage_is_told_before_one_is_taken(
    tmp_path: Path, own: bool, outcome: str
) -> None:
    room = Room(tmp_path, [], [])
    seats = Seats(2)
    assert seats.take()

    async def known(facts: CallFacts) -> Known:
        return Known(("您那一片八点十分停的电。",), own=own)

    async def hears_it() -> None:
        while len(room.voice.said) < 2:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)

    room.more = {"seats": seats, "known_outage": known}
    story = await room.call(wait=hears_it)
    assert room.voice.said[1] == "您那一片八点十分停的电。" and prompts().greeting not in room.voice.said
    assert story.outcome == outcome and seats.taken == 1
    owed = [note for note in room.desk.notes if note[0] == "call_back"]
    assert bool(owed) is not own, "who heard of his own house is owed nothing; of another's, a call back"


async def test_who_stays_after_the_known_outage_gets_the_last_seat(tmp_path: Path) -> None:
    room = Room(tmp_path, ["我屋里的电线冒火花"], [reply("好。", ended=True)])
    seats = Seats(2)
    assert seats.take()

    async def known(facts: CallFacts) -> Known:
        return Known(("您那一片八点十分停的电。",), own=True)

    room.more = {"seats": seats, "known_outage": known}
    story = await room.call(room.wav("1.wav", speech(1.5)))
    assert [heard.text for heard in room.dialogue.heard] == ["我屋里的电线冒火花"] and story.outcome == "goodbye"


async def test_without_a_model_a_message_is_taken(tmp_path: Path) -> None:
    room = Room(tmp_path, [], [reply("好。")])
    room.recogniser = None  # type: ignore[assignment]
    story = await room.call(room.wav("1.wav", speech(2.0) + silence(6.0)))
    assert [reason for _, reason in room.intake.notes] == ["no_recogniser"] and story.outcome == "message"


async def test_a_stopping_service_apologises_and_owes_a_call_back(tmp_path: Path) -> None:
    room = Room(tmp_path, ["停电"], [reply("您家在哪里?")])

    async def stop_then_wait() -> None:
        if room.events and isinstance(room.events[-1], TurnTold):
            for call in room.calls:
                call.apologise()
        await asyncio.sleep(0.15)

    story = await room.call(room.wav("1.wav", speech(1.5)), wait=None, before_hanging_up=stop_then_wait)
    assert story.outcome == "stopped" and "停一下" in room.voice.said[-1]
    assert room.desk.notes[-1] == ("call_back", story.call_id, "stopped")


async def test_a_locked_database_delays_neither_greeting_nor_answer(tmp_path: Path) -> None:
    room = Room(tmp_path, ["停电"], [reply("记下了。", ended=True)])
    begin = room.desk.begin_call
    room.desk.begin_call = lambda *args: (time.sleep(1.0), begin(*args))[1]  # type: ignore[method-assign,assignment]
    story = await room.call(room.wav("1.wav", speech(1.5)))
    assert story.first_audio < 0.9 and story.outcome == "goodbye"
    assert [note[0] for note in room.desk.notes] == ["begin", "end"], "the row is begun before it is ended"


async def test_what_takes_long_is_heard_to_be_looked_up(tmp_path: Path) -> None:
    room = Room(tmp_path, ["停电"], [reply("记下了。", ended=True)])
    # Long enough for the recogniser's part of a turn on a busy machine; the dialogue thinks until it was heard.
    room.settings.turns.look_after = 1.0
    room.dialogue.until = lambda: any(isinstance(event, Looking) for event in room.events)
    await room.call(room.wav("1.wav", speech(1.5)))
    kinds = [type(event) for event in room.events]
    assert kinds.index(WordsHeard) < kinds.index(Looking) < kinds.index(Understood)


async def test_a_silent_caller_is_asked_twice_then_handed_over(tmp_path: Path) -> None:
    room = Room(tmp_path, [], [reply("好。")])
    story = await room.call(room.wav("1.wav", silence(30.0)))
    asked = [sentence for sentence in room.voice.said if "您" in sentence][1:]
    assert len(room.voice.said) == 5 and "您还在吗" in asked[0]
    assert [reason for _, reason in room.intake.notes] == ["silent"]
    assert story.outcome == "hand_over"


@pytest.mark.parametrize(
    "said", [reply("记下了,师傅就来。", ticket_no="GD1"), reply("到六月,您家不差电费。", intent="ask_arrears")]
)
async def test_who_falls_silent_when_his_business_is_done_is_told_goodbye(tmp_path: Path, said: Reply) -> None:
    room = Room(tmp_path, ["停电"], [said])
    story = await room.call(room.wav("1.wav", speech(1.5)), room.wav("2.wav", silence(45.0)))
    assert room.voice.said[-2:] == [prompts().anything_else, prompts().farewell]
    assert (story.outcome, room.intake.notes) == ("goodbye", []), "nobody is rung, and silence is no second case"
    assert room.desk.notes[-1] == ("end", story.call_id, "goodbye")


async def test_who_falls_silent_while_a_danger_is_open_is_put_through_with_its_ticket(tmp_path: Path) -> None:
    room = Room(tmp_path, ["冒火"], [reply("离远点。在哪里?", ticket_no="GD1", question="danger")])
    story = await room.call(room.wav("1.wav", speech(1.5)), room.wav("2.wav", silence(45.0)))
    assert (story.outcome, story.ticket_no, room.intake.notes) == ("hand_over", "GD1", [])


async def test_no_frames_at_all_count_as_silence(tmp_path: Path) -> None:
    """A telephone with silence suppression sends nothing: the end of speech must come all the same."""
    from bot.lines.audiosocket import AudioSocketServer
    from bot.lines.client import place_call
    from bot.voice.call import answering

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

    from bot.lines.audiosocket import AudioSocketServer
    from bot.lines.client import place_call
    from bot.voice.call import answering

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
    # The cough (0.8 s) falls into the greeting, which goes on where it was stopped.
    story = await room.call(room.wav("1.wav", silence(1.0) + speech(0.8) + silence(3.0) + speech(1.2)))
    assert story.turns[-1].heard == "停电", (story, spoken)
    opened = np.frombuffer(look_into(room.settings, story.recording).pcm, "<i2").reshape(-1, 2)
    loud = (np.abs(opened[:, 1].astype(int)) > 200).sum() / 8000
    # Greeting and answer are 3 s each; said again from its beginning, the greeting would add more than a second.
    assert 4.6 < loud < 6.0, loud


@pytest.mark.slow
async def test_a_turn_of_more_than_a_minute_is_closed_and_no_sound_is_lost(tmp_path: Path) -> None:
    room = Room(tmp_path, ["前半", "后半"], [reply("我听着。"), reply("记下了。", ended=True)])
    room.pace = 30.0
    story = await room.call(room.wav("1.wav", speech(75.0)))
    assert [turn.heard for turn in story.turns] == ["前半", "后半"]
    fed = sum(len(each) for each in room.recogniser.fed) / 16000
    assert 75.0 <= fed < 78.0
