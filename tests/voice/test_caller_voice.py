"""A voice in the room and Gege's own echo answer nothing; a quiet caller is heard, and danger is from anybody."""

from __future__ import annotations

import asyncio
import uuid as uuids
from collections import deque
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.lines.audiosocket import HANG_UP, KINDS, RATES, UUID, AudioSocketServer, Frame, read_frame
from bot.settings import Settings
from bot.speech.models import DEMO
from bot.speech.port import HeardSpeech
from bot.speech.recognise import VoskRecogniser
from bot.voice.call import PhoneCall, answering
from bot.voice.caller_voice import CallerVoice, only_shows_that_he_listens
from bot.voice.ear import Ear, Said
from bot.voice.echo import EchoMeter, is_echo, repeats
from bot.voice.prompts import prompts
from bot.voice.recording import CallRecording
from bot.voice.turn import TurnRules
from tests.voice.doubles import NotingDesk, NotingIntake, ScriptedDialogue, ScriptedRecogniser, ToneVoice, reply, speech
from tests.voice.test_ear import Wire
from tools.demo_model.speaker import speak_demo
from tools.demo_model.synthesis import HELD_OUT_VOICES

RATE = 8000
Samples = NDArray[np.float64]


def said(text: str, level: float, confidence: float = 0.5, follows: float = 0.0, **more: object) -> Said:
    sound = {name: more.pop(name) for name in ("voice", "no_voice") if name in more}
    heard = HeardSpeech(text, confidence=confidence, **more)  # type: ignore[arg-type]
    return Said(heard, "", 1.0, False, False, 0.0, 0.0, level=level, follows=follows, **sound)  # type: ignore[arg-type]


# ---- the rule -----------------------------------------------------------------------------------


def test_who_is_much_quieter_than_the_caller_and_hardly_understood_is_somebody_else() -> None:
    voice = CallerVoice()
    assert voice.is_his(said("我家停电了", 3000), ())
    assert not voice.is_his(said("关小一点", 600), ())
    assert voice.is_his(said("对", 600, confidence=0.99), ()), "a clear answer is one, however quiet"
    assert voice.is_his(said("关小一点", 1500), ()), "half as loud is the same person"


def test_a_quiet_caller_is_heard_from_the_beginning_and_one_who_becomes_quiet_after_a_while() -> None:
    voice = CallerVoice()
    assert all(voice.is_his(said("听不清的话", 90), ()) for _ in range(5))
    voice = CallerVoice()
    assert voice.is_his(said("我家停电了", 3000), ())
    assert [voice.is_his(said("听不清的话", 300), ()) for _ in range(6)] == [False, False, True, True, True, True]


def test_danger_is_heard_from_whoever_calls_it() -> None:
    voice = CallerVoice()
    assert voice.is_his(said("我家停电了", 3000), ())
    assert voice.is_his(said("着火了", 200, confidence=0.1), ())
    assert voice.is_his(said("着我了", 200, confidence=0.1, alternatives=("着火了",)), ())


def test_an_echo_is_told_by_its_sound_or_by_sound_and_words() -> None:
    prompt = ["您讲的是沿河路206号,停电了。对不对?"]
    assert is_echo(0.9, "盐火路", prompt) and is_echo(0.7, "沿河路二百零六号", prompt)
    assert is_echo(0.7, "严活路二百零六号", prompt), "as the recogniser may hear it"
    assert not is_echo(0.3, "停电了", prompt), "the caller says the words that were just said to him"
    assert not is_echo(0.7, "我屋里没得电", prompt) and not is_echo(0.7, "", prompt)
    assert not repeats("桃溪社区", prompt)
    assert not CallerVoice().is_his(said("着火打幺幺九", 3000, follows=0.95), ["着火打119。"]), (
        "danger of her own is none"
    )


# ---- sound of the project's voices --------------------------------------------------------------


@cache
def _voiced(text: str, voice: int) -> Samples:
    return np.asarray(speak_demo(text, HELD_OUT_VOICES[voice]), float)


def spoken(text: str, voice: int, db: float = 0.0) -> Samples:
    """As loud as every other voice, but for `db`."""
    sound = _voiced(text, voice)
    return np.asarray(sound * 2500 / np.sqrt((sound**2).mean()) * 10 ** (db / 20))


def across_the_room(sound: Samples, db: float) -> Samples:
    """With the room's reverberation, without its treble."""
    dice = np.random.default_rng(1)
    tail = np.arange(RATE // 2)
    room = dice.standard_normal(len(tail)) * np.exp(-tail / (RATE / 14))
    room[0] += 2.0
    far = np.convolve(np.convolve(sound, room), np.ones(4) / 4)
    return np.asarray(far * np.sqrt((sound**2).mean() / (far**2).mean()) * 10 ** (db / 20))


def line(sounds: list[Samples]) -> bytes:
    """One after the other on a telephone line with its hiss."""
    pause = np.zeros(int(RATE * 1.5))
    whole = np.concatenate([part for sound in sounds for part in (pause, sound)] + [pause])
    hissing = whole + np.random.default_rng(2).standard_normal(len(whole)) * 20
    return np.clip(hissing, -32000, 32000).astype("<i2").tobytes()


async def heard_by(home: Path, recogniser: VoskRecogniser, sounds: list[Samples]) -> list[tuple[str, bool]]:
    """(text, whether it is the caller's) of each turn of a call."""
    recording = CallRecording(Settings(home=home), "c1", RATE)
    one = Ear(Wire(line(sounds)), recogniser, recording, TurnRules(), lambda: None, recognise_s=60.0)
    await one.listen()
    turns = [one.inbox.get_nowait() for _ in range(one.inbox.qsize())]
    voice = CallerVoice()
    return [(turn.speech.text, voice.is_his(turn, ())) for turn in turns if isinstance(turn, Said)]


@pytest.mark.slow
async def test_what_is_spoken_across_the_room_is_no_answer_at_a_second_level_it_is(tmp_path: Path) -> None:
    recogniser = VoskRecogniser(DEMO)
    try:
        caller, other = spoken("我家停电了", 1), spoken("你把电视声音关小一点", 2)
        found = await heard_by(tmp_path / "a", recogniser, [caller, across_the_room(other, -12.0), caller])
        assert [text for text, his in found if his] == ["我家停电了"] * 2, found
        found = await heard_by(tmp_path / "b", recogniser, [caller, across_the_room(other, 0.0), caller])
        assert [his for _, his in found] == [True, True, True], "who speaks as loud as the caller is one"
        quiet = [spoken(text, 1, -12.0) for text in ("没有味道", "不对")]
        found = await heard_by(tmp_path / "c", recogniser, [caller, *quiet])
        assert found == [("我家停电了", True), ("没有味道", True), ("不对", True)], "who lowers his voice is heard"
    finally:
        await recogniser.close()


@pytest.mark.slow
async def test_a_caller_who_is_quiet_from_the_beginning_is_heard(tmp_path: Path) -> None:
    recogniser = VoskRecogniser(DEMO)
    texts = ("我家停电了", "沿河路二百零六号", "你把电视声音关小一点", "不对")
    try:
        found = await heard_by(tmp_path, recogniser, [across_the_room(spoken(one, 1), -22.0) for one in texts])
    finally:
        await recogniser.close()
    assert len(found) == len(texts) and all(his for _, his in found), found


def envelope(sound: Samples) -> list[float]:
    frames = np.asarray(sound)[: len(sound) // 160 * 160].reshape(-1, 160)
    return [float(one) for one in np.sqrt((frames**2).mean(1))]


@pytest.mark.slow
def test_an_echo_follows_what_was_sent_and_a_caller_who_talks_over_it_does_not() -> None:
    dice = np.random.default_rng(3)
    prompt = spoken("您讲的是沿河路二百零六号,停电了。对不对?", 3)
    echoes, callers = [], []
    for delay_s in (0.02, 0.12, 0.3, 0.5):
        late = np.concatenate([np.zeros(int(RATE * delay_s)), prompt])
        back = across_the_room(late, -26.0)[: len(prompt)]
        echoes.append(follows(prompt, back + dice.standard_normal(len(back)) * 20))
    for number, text in enumerate(("你把电视声音关小一点", "我家停电了", "没有味道", "不对")):
        for begins_s in (0.0, 0.6, 1.3, 2.1):
            own = np.concatenate([np.zeros(int(RATE * begins_s)), spoken(text, 2 if number == 0 else 1)])
            own = np.concatenate([own, np.zeros(max(0, len(prompt) - len(own)))])[: len(prompt)]
            callers.append(follows(prompt, own * 0.5 + dice.standard_normal(len(own)) * 20))
    assert min(echoes) > 0.85 and max(callers) < 0.75, (echoes, callers)


def follows(prompt: Samples, heard: Samples) -> float:
    meter = EchoMeter()
    for _ in range(100):
        meter.sent(0.0)
        meter.heard(0.0)
    frames = list(zip(envelope(prompt), envelope(heard), strict=False))
    for sent, came in frames:
        meter.sent(sent)
        meter.heard(came)
    return meter.follows(len(frames))


# ---- whole calls --------------------------------------------------------------------------------


class EchoingTelephone:
    """Sends back what it hears, quieter and later, and what its caller says over it."""

    def __init__(self, delay_s: float = 0.2) -> None:
        self._late: deque[Samples] = deque([np.zeros(160)] * int(delay_s / 0.02))
        self._own: deque[Samples] = deque()
        self.heard = bytearray()

    def say(self, pcm: bytes) -> None:
        self._own.extend(np.frombuffer(pcm[: len(pcm) // 320 * 320], "<i2").astype(float).reshape(-1, 160))

    async def call(self, port: int, uuid: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(Frame(UUID, uuids.UUID(uuid).bytes).encode())
        while (frame := await read_frame(reader)) is not None and frame.kind != HANG_UP:
            if frame.kind not in RATES:
                continue
            self.heard += frame.payload
            self._late.append(np.frombuffer(frame.payload, "<i2").astype(float))
            back = self._late.popleft() * 0.1 + (self._own.popleft() if self._own else 0.0)
            writer.write(Frame(KINDS[RATE], np.clip(back, -32000, 32000).astype("<i2").tobytes()).encode())
        writer.close()


class Murmur(ToneVoice):
    """Every sentence is 2.5 s long, and its syllables are not another's."""

    async def stream(self, text: str, rate: int = RATE) -> AsyncIterator[bytes]:
        dice = np.random.default_rng(len(self.said))
        self.said.append(text)
        loud = np.repeat(dice.choice([0.1, 0.4, 1.0], 20), rate // 8)
        tone = np.frombuffer(speech(len(loud) / rate, rate), "<i2")[: len(loud)]
        yield (tone * loud).astype("<i2").tobytes()


async def echoing_call(
    home: Path, texts: list[str], answers: list, over: bytes = b""
) -> tuple[PhoneCall, Murmur, ScriptedDialogue]:
    voice, dialogue, calls = Murmur(), ScriptedDialogue(answers), {}
    finished: list[PhoneCall] = []
    telephone = EchoingTelephone()
    settings = Settings(home=home)
    serve = answering(
        calls, dialogue=dialogue, recogniser=ScriptedRecogniser(list(texts)), voice=voice, desk=NotingDesk(),
        intake=NotingIntake(), settings=settings,
    )  # fmt: skip

    async def answer(line, facts):  # type: ignore[no-untyped-def]
        task = asyncio.ensure_future(serve(line, facts))
        await asyncio.sleep(0)
        finished.extend(calls.values())
        await task

    server = AudioSocketServer("127.0.0.1", 0, answer, pace=6.0)
    await server.start()
    try:
        uuid = str(uuids.uuid4())
        server.announce(uuid, "13971800123")
        calling = asyncio.ensure_future(telephone.call(server.port, uuid))
        while over and prompts().greeting not in voice.said:
            await asyncio.sleep(0.01)
        telephone.say(over)
        await asyncio.wait_for(calling, 25.0)
    finally:
        await server.close()
    return finished[0], voice, dialogue


@pytest.mark.slow
async def test_on_a_line_with_an_echo_gege_neither_stops_nor_answers_herself(tmp_path: Path) -> None:
    call, voice, dialogue = await echoing_call(tmp_path, ["您好"] * 20, [reply("好。", ended=True)])
    assert dialogue.heard == [], "an echo is no turn, and counts for nothing"
    assert voice.said[1:] == [prompts().greeting, *prompts().silence], "each sentence once"
    assert call.parts.story.outcome == "hand_over"
    assert call.parts.left.left == ()


@pytest.mark.slow
async def test_who_talks_over_the_echo_is_heard(tmp_path: Path) -> None:
    over = speech(2.5)
    call, _, dialogue = await echoing_call(tmp_path, ["停电了"] * 20, [reply("记下了。", ended=True)], over)
    assert [heard.text for heard in dialogue.heard] == ["停电了"]
    assert call.parts.story.outcome in ("goodbye", "hung_up")


def test_what_is_no_voice_is_no_turn_not_even_danger_and_a_voice_over_it_is() -> None:
    voice = CallerVoice()
    assert not voice.is_his(said("铺子喷火", 3000, no_voice=2.0, voice=0.2), ()), (
        "words by chance, out of rain or music"
    )
    assert voice.is_his(said("着火了", 3000, no_voice=8.0, voice=1.2), ()), "over music somebody calls"
    assert voice.is_his(said("我怕不敢动", 3000, 0.92, no_voice=1.9, voice=0.2), ()), (
        "a voice that holds still says plain words"
    )
    assert voice.is_his(said("对", 3000, voice=0.2), ()), "a short answer is not judged by its sound"


@pytest.mark.parametrize(
    ("text", "confidence", "listens"),
    [("嗯", 1.0, True), ("啊", 1.0, True), ("人", 0.4, True), ("对", 0.95, False), ("火", 0.4, True), ("着火了", 0.2, False),
     ("停电了", 0.4, False), ("", 1.0, False)],
)  # fmt: skip
def test_who_says_hm_while_gege_speaks_only_listens(text: str, confidence: float, listens: bool) -> None:
    assert only_shows_that_he_listens(said(text, 3000, confidence)) is listens
