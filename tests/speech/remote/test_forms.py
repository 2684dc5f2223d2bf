"""Each wire form against a server on loopback that is right, or at its worst: every fault is told apart, and no words mix."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from bot.speech.port import HeardSpeech, Likely
from bot.speech.remote.failed import RemoteFailed, Way
from bot.speech.remote.recogniser import RemoteRecogniser
from tests.speech.remote.fakes import FORMS, RATE, SAID, Fake, serving, sound

LIKELY = Likely("confirmed", ("对", "不对"), ("沿河路", "桃溪社区"))


async def hear(ear: RemoteRecogniser, pcm: bytes, likely: Likely = LIKELY) -> tuple[HeardSpeech, list[str]]:
    session, partials = ear.begin(RATE, likely), []
    for at in range(0, len(pcm), 641):  # pieces of any size, odd ones too
        partials.append(await session.feed(pcm[at : at + 641]))
        await asyncio.sleep(0.001)
    return await session.finish(), partials


@pytest.mark.parametrize("form", FORMS)
async def test_what_was_said_comes_back_with_its_length_and_the_name_of_its_ear(form: str) -> None:
    async with serving(form) as fake:
        ear = RemoteRecogniser(fake.settings(model="qwen", token="secret"))
        heard, partials = await hear(ear, sound(1000))
        assert (heard.text, heard.ear, heard.seconds) == ("我家停电了", "remote:qwen", 2.0)
        assert heard.alternatives == (("我家的店",) if form == "vosk" else ())
        assert ("我家" in partials or "我" in partials) == (form in ("vosk", "funasr")), (
            "streaming ears tell partial text"
        )
        assert len(fake.heard[-1]) == pytest.approx(2.0 * (RATE if form == "vosk" else 16000) * 2, rel=0.01)
        if form != "wyoming":
            assert fake.headers[0]["Authorization"] == "Bearer secret"


@pytest.mark.parametrize("form", FORMS)
async def test_each_form_is_told_what_is_likely_in_its_own_way(form: str) -> None:
    async with serving(form) as fake:
        await hear(RemoteRecogniser(fake.settings(model="qwen")), sound(1000))
        told = fake.told
        match form:
            case "openai":
                assert told == [
                    {
                        "language": "zh",
                        "response_format": "json",
                        "model": "qwen",
                        "prompt": "对、不对、沿河路、桃溪社区",
                    }
                ]
            case "vosk":
                free = {"sample_rate": 8000, "max_alternatives": 5}
                listed = {"sample_rate": 8000, "phrase_list": ["对", "不 对", "[unk]"], "max_alternatives": 0}
                assert sorted(told, key=len) == [free, listed], (
                    "a list makes that server deaf to all else: two sessions"
                )
            case "funasr":
                assert json.loads(str(told[0]["hotwords"])) == dict.fromkeys(["对", "不对", "沿河路", "桃溪社区"], 20)
            case "wyoming":
                assert told == [{"language": "zh", "name": "qwen"}]


async def test_an_answer_of_the_list_takes_the_place_of_what_is_none_at_vosk_server() -> None:
    async with serving("vosk") as fake:
        heard, _ = await hear(RemoteRecogniser(fake.settings()), sound(300))
        assert heard.text == "对" and heard.alternatives == ("队", "我家的店"), "the free reading stays beside it"
        heard, _ = await hear(RemoteRecogniser(fake.settings()), sound(4000))
        assert heard.text == "电线断了在地上", "who says something else is heard freely"


WORST = {
    "late": Way.late, "html": Way.html, "json": Way.form, "status": Way.status, "denied": Way.refused, "error": Way.error,
    "redirect": Way.redirect, "gone": Way.gone, "foreign": Way.foreign, "too_much": Way.too_much,
    "characters": Way.characters, "size": Way.size,
}  # fmt: skip
#: what a form has no way for, and what a fault looks like to it: a page instead of a websocket is no handshake
NOT = {
    "openai": {"error"},
    "vosk": {"error"},
    "funasr": set(),
    "wyoming": {"status", "denied", "redirect"},
}
SEEN_AS = {("vosk", "html"): Way.status, ("funasr", "html"): Way.status, ("wyoming", "html"): Way.form}


@pytest.mark.parametrize(("form", "way"), [(form, way) for form in FORMS for way in WORST if way not in NOT[form]])
async def test_every_fault_is_told_apart_and_never_in_the_words_of_whoever_answered(
    form: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bot")
    async with serving(form, way) as fake:
        ear = RemoteRecogniser(fake.settings(timeout_s=0.4 if way == "late" else 5.0))
        with pytest.raises(RemoteFailed) as failed:
            await hear(ear, sound(1000))
        assert failed.value.way is SEEN_AS.get((form, way), WORST[way])
        assert not any(character in f"{failed.value}{caplog.text}" for character in "电线断停")
        assert not fake.followed, "nobody is led to another place"


@pytest.mark.parametrize("form", FORMS)
async def test_a_server_that_is_not_there_is_gone(form: str) -> None:
    async with serving(form) as fake:
        settings = fake.settings()
    with pytest.raises(RemoteFailed) as failed:
        await hear(RemoteRecogniser(settings), sound(1000))
    assert failed.value.way is Way.gone


@pytest.mark.parametrize("form", FORMS)
async def test_calls_at_once_never_mix_and_a_late_answer_belongs_to_nobody(form: str) -> None:
    async with serving(form, "late") as fake:
        with pytest.raises(RemoteFailed, match="late"):
            await hear(RemoteRecogniser(fake.settings(timeout_s=0.2)), sound(4000))
        fake.way = "right"
        ear = RemoteRecogniser(fake.settings(timeout_s=10.0))
        levels = [*SAID, *SAID]
        turns = [asyncio.create_task(hear(ear, sound(level))) for level in levels]
        await asyncio.sleep(0.05)
        fake.release.set()  # the old answer comes in the middle of the others' turns
        found = await asyncio.gather(*turns)
        said = [SAID[level] for level in levels]
        assert [heard.alternatives[0] if heard.text == "对" else heard.text for heard, _ in found] == said


async def test_a_list_of_likely_words_that_comes_back_was_not_said() -> None:
    async with serving("openai") as fake:
        SAID[2000] = "沿河路、桃溪社区、白霓镇、路口镇"
        try:
            likely = Likely("community", (), ("沿河路", "桃溪社区", "白霓镇", "路口镇"))
            with pytest.raises(RemoteFailed) as failed:
                await hear(RemoteRecogniser(fake.settings()), sound(2000), likely)
            assert failed.value.way is Way.context
        finally:
            del SAID[2000]


@pytest.mark.parametrize("form", FORMS)
async def test_silence_and_an_utterance_without_any_sound_end_with_nothing_heard(form: str) -> None:
    async with serving(form) as fake:
        ear = RemoteRecogniser(fake.settings())
        for pcm in (b"", bytes(RATE)):
            heard, _ = await hear(ear, pcm, Likely())
            assert heard.text == ""


async def test_it_says_which_models_it_has_where_its_form_can_ask() -> None:
    for form, models in (("openai", ["Qwen3-ASR-1.7B"]), ("wyoming", ["large-v3"]), ("vosk", []), ("funasr", [])):
        async with serving(form) as fake:
            assert await RemoteRecogniser(fake.settings()).models() == models


async def test_a_session_that_nobody_finishes_is_given_up_with_the_ear() -> None:
    fake: Fake
    async with serving("funasr") as fake:
        ear = RemoteRecogniser(fake.settings())
        session = ear.begin(RATE)
        await session.feed(sound(1000))
        await asyncio.sleep(0.05)
        await ear.close()
        await asyncio.sleep(0)
        assert session._task is not None and session._task.cancelling()
