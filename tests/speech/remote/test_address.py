"""Residents' voices go to this machine, to a private network or through an encrypted connection, and nowhere else."""

from __future__ import annotations

import asyncio
import socket

import pytest

from bot.settings import SettingsError
from bot.settings.settings import RemoteEarSettings
from bot.speech.remote.address import address_of, is_private
from bot.speech.remote.failed import RemoteFailed, Way
from bot.speech.remote.recogniser import RemoteRecogniser
from tests.speech.remote.fakes import RATE, Fake, serving, sound


def remote(kind: str, url: str) -> RemoteEarSettings:
    return RemoteEarSettings(kind=kind, url=url)  # type: ignore[arg-type]


def names(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Every name leads to these addresses in turn, the last one for ever."""
    left = list(answers)

    def getaddrinfo(host: str, port: object, *_: object, **__: object) -> list[tuple[object, ...]]:
        where = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return left


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("openai", "http://127.0.0.1:8000/v1"),
        ("openai", "http://[::1]:8000"),
        ("openai", "http://10.1.2.3"),
        ("openai", "https://asr.example.com/v1"),
        ("vosk", "ws://192.168.1.9:2700"),
        ("funasr", "wss://8.8.8.8:10095"),
        ("wyoming", "wyoming://172.16.0.4:10300"),
        ("wyoming", "tcp://[fd00::1]:10300"),
    ],
)
def test_near_and_encrypted_addresses_are_taken(kind: str, url: str) -> None:
    assert address_of(remote(kind, url)).port


@pytest.mark.parametrize(
    ("kind", "url", "told"),
    [
        ("openai", "", "is empty"),
        ("openai", "http://8.8.8.8/v1", "https://"),
        ("openai", "http://[::ffff:8.8.8.8]/v1", "https://"),
        ("openai", "http://169.254.169.254/", "https://"),
        ("openai", "http://0.0.0.0:8000", "https://"),
        ("openai", "ws://127.0.0.1", "http://"),
        ("openai", "file:///etc/passwd", "http://"),
        ("openai", "http://user:word@127.0.0.1", "token"),
        ("openai", "http://127.0.0.1/v1?key=1", "leave out"),
        ("openai", "http://127.0.0.1:99999", "is no address"),
        ("vosk", "ws://1.1.1.1:2700", "wss://"),
        ("funasr", "http://127.0.0.1", "ws://"),
        ("wyoming", "wyoming://1.1.1.1:10300", "tunnel"),
        ("wyoming", "https://asr.example.com", "wyoming://"),
    ],
)
def test_every_other_one_is_refused_at_the_start_and_the_message_names_the_setting(
    kind: str, url: str, told: str
) -> None:
    with pytest.raises(SettingsError, match=r"\[speech\.remote\] url") as refused:
        address_of(remote(kind, url))
    assert told in str(refused.value)


def test_a_name_is_judged_by_where_it_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "192.168.7.7")
    assert address_of(remote("openai", "http://asr.lan:8000")).host == "asr.lan"
    names(monkeypatch, "93.184.216.34")
    with pytest.raises(SettingsError, match=r"asr\.lan is neither"):
        address_of(remote("openai", "http://asr.lan:8000"))


async def test_a_name_that_moved_outside_after_the_start_is_not_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for form in ("openai", "vosk", "funasr", "wyoming"):
        fake: Fake
        async with serving(form) as fake:
            with monkeypatch.context() as patch:
                names(patch, "127.0.0.1", "127.0.0.1", "93.184.216.34")
                settings = fake.settings()
                url = settings.speech.remote.url.replace("127.0.0.1", "asr.lan")
                ear = RemoteRecogniser(fake.settings(url=url))
                for expected in ("heard", "outside"):
                    session = ear.begin(RATE)
                    await session.feed(sound(1000))
                    if expected == "heard":
                        assert (await session.finish()).text == "我家停电了"
                        continue
                    with pytest.raises(RemoteFailed) as failed:
                        await session.finish()
                    assert failed.value.way is Way.address
        await asyncio.sleep(0)


def test_an_address_inside_another_form_is_seen_through() -> None:
    assert is_private("::ffff:10.0.0.1") and not is_private("::ffff:8.8.8.8") and not is_private("100.64.0.1")
