"""What `gege doctor`, the pages and the telephone's first sentence say of an ear elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.commands.doctor.second_ear import examine_second_ear
from bot.settings import Settings, SpeechSettings
from bot.settings.settings import RemoteEarSettings
from bot.speech.remote.address import Reach, reach_of
from bot.voice.prompts import prompts
from tests.speech.remote import fakes
from tests.speech.remote.fakes import Fake, serving


@contextlib.contextmanager
def beside(form: str, way: str = "right") -> Iterator[Fake]:
    """The fake in a thread of its own: the doctor is no coroutine."""
    ready, over = threading.Event(), threading.Event()
    made: list[Fake] = []

    async def serve() -> None:
        async with serving(form, way) as fake:
            made.append(fake)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(10.0)
        yield made[0]
    finally:
        over.set()
        thread.join(10.0)


@pytest.fixture
def everything_is_heard_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fakes, "words_for", lambda pcm: "我家停电了")


@pytest.mark.parametrize("form", fakes.FORMS)
def test_the_doctor_speaks_to_an_ear_elsewhere_and_tells_what_and_how_fast_it_heard(
    form: str, everything_is_heard_well: None
) -> None:
    with beside(form) as fake:
        found = examine_second_ear(fake.settings(timeout_s=5.0))
        assert found is not None and not found.advice, found
        assert f"remote:{form} at 127.0.0.1:{fake.port} (this machine" in found.detail
        assert "heard 我家停电了 in " in found.detail
        assert ("Qwen3-ASR-1.7B" in found.detail) == (form == "openai")


def test_the_doctor_says_what_is_wrong_with_it_and_what_to_do() -> None:
    for way, told, advice in (
        ("denied", "refused 401", "token"),
        ("html", "html", "kind"),
        ("status", "status 500", "server's log"),
        ("gone", "gone", "start the recogniser"),
        ("right", "but heard 'nothing' where 我家停电了 was said", "another model"),
    ):
        with beside("openai", way) as fake:
            found = examine_second_ear(fake.settings(timeout_s=5.0))
            assert found is not None and found.usable and told in found.detail and advice in found.advice, found
    found = examine_second_ear(Settings(speech=SpeechSettings(engine="remote")))
    assert found is not None and not found.usable and "[speech.remote] url is empty" in found.detail
    assert examine_second_ear(Settings()) is None


def speech(kind: str, url: str, **more: str) -> SpeechSettings:
    return SpeechSettings(**{"engine": "remote", **more}, remote=RemoteEarSettings(kind=kind, url=url))  # type: ignore[arg-type]


def test_residents_are_told_how_far_their_voices_go(tmp_path: Path) -> None:
    for kind, url, reach in (
        ("openai", "http://127.0.0.1:8000", Reach.here),
        ("vosk", "ws://localhost:2700", Reach.here),
        ("wyoming", "tcp://asr.lan:10300", Reach.near),
        ("openai", "https://10.0.0.3/v1", Reach.near),
        ("openai", "https://asr.example.com/v1", Reach.far),
        ("funasr", "wss://8.8.8.8:10095", Reach.far),
    ):
        chosen = speech(kind, url)
        assert reach_of(chosen) is reach
        said = prompts().notices_of(Settings(home=tmp_path, speech=chosen))
        assert (prompts().elsewhere in said) == (reach is Reach.far)
        assert reach_of(speech(kind, url, engine="local", second="remote")) is reach
        assert reach_of(speech(kind, url, engine="local")) is Reach.here, "an address that nobody uses"
