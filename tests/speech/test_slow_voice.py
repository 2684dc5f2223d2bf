"""A voice that is slow, and one that fails: what is said to everybody is ready, and somebody always speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.foundation.backoff import Backoff
from bot.settings import SiteSettings
from bot.speech.audio import Samples
from bot.speech.breaths import Breath
from bot.speech.engine import Sentence, VoiceFailed
from bot.speech.espeak import EspeakProcess
from bot.speech.level import loudness
from bot.speech.speak import GegeVoice
from bot.speech.speakers import Speakers
from bot.voice.preparing import beforehand, missing, prepare
from bot.voice.repertoire import Names, Repertoire, planner
from tests.speech.test_level import tone
from tests.speech.voices import Tones

READ_BACK = "您讲的是沿河路206号，停电了。"


class County(Repertoire):
    """The sample site's words, with people and places."""

    def _names(self) -> Names:
        return Names(("桃溪社区",), ("归程师傅",))


@pytest.fixture
async def gege(tmp_path: Path) -> AsyncIterator[GegeVoice]:
    voice = GegeVoice(
        tmp_path, engine=Tones(), understudy=Tones("espeak", 440.0), planner=COUNTY.planner, loudness=-19.0
    )
    voice.speakers._understudy.quick = True  # type: ignore[union-attr]
    yield voice
    await voice.close()


COUNTY = County(SiteSettings())


def asked(voice: GegeVoice) -> list[str]:
    assert isinstance(voice.engine, Tones)
    return voice.engine.asked


async def pieces(voice: GegeVoice, text: str, rate: int = 8000) -> list[Samples]:
    return [np.frombuffer(pcm, "<i2").astype(np.int16) async for pcm in voice.stream(text, rate)]


async def prepared(voice: GegeVoice) -> Tones:
    engine = Tones()
    assert await prepare(voice, missing(voice, COUNTY), [engine]) > 300
    return engine


async def test_after_preparing_only_the_variable_is_asked_for(gege: GegeVoice) -> None:
    engine = await prepared(gege)
    assert engine.closed and missing(gege, COUNTY) == []
    await pieces(gege, "您好，崇阳供电。我是自动语音，通话会录音。")
    assert asked(gege) == []
    sounds = await pieces(gege, READ_BACK)
    assert asked(gege) == ["沿河路二百零六号，"]
    assert len(sounds) == 5, "fixed words, place, pause, matter, pause: each as soon as it is there"


async def test_two_engines_share_what_is_to_be_prepared(gege: GegeVoice) -> None:
    engines = [Tones(), Tones()]
    for engine in engines:
        engine.late_s = 0.001
    await prepare(gege, missing(gege, COUNTY)[:20], engines)
    assert all(engine.asked for engine in engines)
    assert len({text for engine in engines for text in engine.asked}) == 20


async def test_an_engine_that_says_nothing_rightly_ends_the_preparing(gege: GegeVoice) -> None:
    engine = Tones()
    engine.gone = True
    with pytest.raises(VoiceFailed):
        await prepare(gege, missing(gege, COUNTY), [engine])
    assert len(engine.asked) == 5 and engine.closed


async def test_what_is_prepared_names_nobody_and_no_place(gege: GegeVoice, tmp_path: Path) -> None:
    wanted = beforehand(COUNTY.sentences(), planner(SiteSettings(), Names(("桃溪社区",), ("归程师傅",))))
    assert not any(name in one.text for one in wanted for name in ("桃溪", "归程", "归师傅", "沿河路", "139"))
    await pieces(gege, READ_BACK)
    files = len(list(tmp_path.rglob("*.wav")))
    await pieces(gege, READ_BACK.replace("206", "207"))
    assert len(list(tmp_path.rglob("*.wav"))) == files == 2, "the fixed words and the matter, not the place"


async def test_clauses_of_what_everybody_hears_are_kept_and_of_nothing_else(gege: GegeVoice, tmp_path: Path) -> None:
    await pieces(gege, "有什么事慢慢讲；要找人，就讲“找人”。")
    kept = len(list(tmp_path.rglob("*.wav")))
    assert kept == 3, "the first sentence, and two clauses of the second"
    await pieces(gege, "李月民住在桃溪路，欠三百块。")
    assert len(list(tmp_path.rglob("*.wav"))) == kept


async def test_parts_meet_without_a_click_and_equally_loud(gege: GegeVoice) -> None:
    for rate in (8000, 16000):
        sound = np.concatenate(await pieces(gege, READ_BACK, rate))
        steps = np.abs(np.diff(sound.astype(np.int32)))
        assert steps.max() < 1.5 * np.percentile(steps[steps > 0], 99), "a jump that is no part of the tone"
        third = len(sound) // 3
        for part in (sound[:third], sound[third : 2 * third]):
            assert loudness(part, rate) == pytest.approx(-19.0, abs=1.5)


async def test_a_managers_recording_comes_before_a_prepared_part(gege: GegeVoice) -> None:
    await prepared(gege)
    mine = tone(0.5, 0.3, 900)
    gege.recorded.keep("您讲的是", mine, 16000)
    first = (await pieces(gege, READ_BACK, 16000))[0]
    peak = int(np.argmax(np.abs(np.fft.rfft(first)))) * 16000 / len(first)
    assert peak == pytest.approx(900, abs=10)


async def test_who_hears_all_at_once_gets_an_unplanned_sentence_in_one_breath(gege: GegeVoice) -> None:
    await gege.say("这一句没有人写过，也没有人念过。")
    assert asked(gege) == ["这一句没有人写过,也没有人念过。"]
    await pieces(gege, "另外一句没有人写过，也没有人念过。")
    assert asked(gege)[1:] == ["另外一句没有人写过,", "也没有人念过。"]


# ---- late, wrong, gone ----------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def late(engine: Tones) -> None:
    engine.late_s = 5.0


def silent(engine: Tones) -> None:
    engine.loud = 0.0


def endless(engine: Tones) -> None:
    engine.syllable_s = 20.0


def empty(engine: Tones) -> None:
    engine.syllable_s = 0.0


def gone(engine: Tones) -> None:
    engine.gone = True


@pytest.mark.parametrize("failing", [late, silent, endless, empty, gone])
async def test_an_engine_that_fails_is_stood_in_for_in_the_same_sentence_and_rests(failing) -> None:  # type: ignore[no-untyped-def]
    first, understudy, clock = Tones(), Tones("espeak"), Clock()
    failing(first)
    speakers = Speakers(first, understudy, patience_s=-0.2, again=Backoff(5.0, 60.0), clock=clock)
    sentence = Sentence.of("停电了。")
    for _ in range(3):
        assert (await speakers.speak(sentence))[1] is understudy
    assert len(first.asked) == 1, "it rests"
    first.__init__()  # type: ignore[misc]
    clock.now = 5.1
    assert (await speakers.speak(sentence))[1] is first


async def test_a_voice_that_does_not_start_leaves_the_telephone_to_its_understudy() -> None:
    first, understudy = Tones(), Tones("espeak")
    first.gone = True
    speakers = Speakers(first, understudy)
    await speakers.start()
    assert speakers.now is understudy
    understudy.gone = True
    with pytest.raises(VoiceFailed):
        await speakers.start()


async def test_while_a_voice_loads_its_understudy_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.speech.speakers._START_S", 0.01)
    loaded = asyncio.Event()

    class Loading(Tones):
        async def start(self) -> None:
            await loaded.wait()

    first, understudy = Loading(), Tones("espeak")
    speakers = Speakers(first, understudy)
    await speakers.start()
    assert speakers.now is understudy
    loaded.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert speakers.now is first
    await speakers.close()


async def test_nobody_hears_two_voices_in_a_sentence_that_begins_while_the_first_rests(gege: GegeVoice) -> None:
    await prepared(gege)
    assert isinstance(gege.engine, Tones)
    gege.engine.gone = True
    await pieces(gege, READ_BACK)  # its place was asked for, and it failed
    understudy = gege.speakers.now
    assert isinstance(understudy, Tones) and understudy.name == "espeak"
    understudy.asked.clear()
    assert len(await pieces(gege, READ_BACK.replace("206", "99"))) == 1
    assert understudy.asked == ["您讲的是沿河路99号,停电了。"]
    await pieces(gege, "您好，崇阳供电。")
    assert len(understudy.asked) == 1, "what the better voice has said already it still says"


async def test_what_the_understudy_said_is_never_kept_as_the_firsts(gege: GegeVoice) -> None:
    assert isinstance(gege.engine, Tones)
    gege.engine.gone = True
    await gege.say("您慢走。")
    assert not gege.is_ready(Breath("您慢走。"))


async def test_espeak_stands_in_for_real(tmp_path: Path) -> None:
    first = Tones()
    first.gone = True
    voice = GegeVoice(tmp_path, engine=first, understudy=EspeakProcess())
    await voice.start()
    assert len(await voice.say("您慢走。")) > 8000
    await voice.close()
