"""Ports: who wrote one down gets it or none; who did not gets one that is free, and hears which."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.app import addresses, opening
from bot.app.addresses import address, with_free_ports
from bot.foundation.sd_notify import under_systemd
from bot.settings import Settings, VoiceSettings, WebSettings


@pytest.fixture
def usual() -> Iterator[Settings]:
    """Settings in which nobody set a port, on a machine where somebody else has all the usual ones."""
    with ExitStack() as stack:
        ports = []
        for kind in (socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_DGRAM):
            other = stack.enter_context(socket.socket(type=kind))
            other.bind(("127.0.0.1", 0))
            if kind == socket.SOCK_STREAM:
                other.listen()
            ports.append(int(other.getsockname()[1]))
        # As if these were the defaults: what is constructed leaves no field set.
        web = WebSettings.model_construct(_fields_set=set(), **{**WebSettings().model_dump(), "port": ports[0]})
        names = dict(zip(("audiosocket", "fastagi", "sip"), (f"127.0.0.1:{port}" for port in ports[1:]), strict=True))
        voice = VoiceSettings().model_copy(update=names)
        voice.model_fields_set.clear()
        yield Settings().model_copy(update={"web": web, "voice": voice})


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "JOURNAL_STREAM"):
        monkeypatch.delenv(name, raising=False)


def test_ports_that_nobody_set_stand_aside_and_say_where_they_are_now(usual: Settings) -> None:
    moved, notices = with_free_ports(usual)
    assert moved.web.port > usual.web.port
    for key in ("audiosocket", "fastagi", "sip"):
        before, after = (address(getattr(one.voice, key)) for one in (usual, moved))
        assert after[0] == before[0] and after[1] > before[1]
        assert any(f"telephone ({key}) is on {after[1]}" in line for line in notices)
    assert f"port {usual.web.port} is taken by somebody else: the page is on {moved.web.port}" in notices[0]
    assert "[web] port" in notices[0]
    assert with_free_ports(moved)[1] == [], "there they can be listened on"


def test_a_port_that_was_written_down_is_not_exchanged(usual: Settings) -> None:
    web = WebSettings(port=usual.web.port)
    voice = VoiceSettings(**{key: getattr(usual.voice, key) for key in ("audiosocket", "fastagi", "sip")})
    written = usual.model_copy(update={"web": web, "voice": voice})
    assert with_free_ports(written) == (written, [])


def test_nothing_moves_where_everything_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_listen", lambda *_: None)
    assert with_free_ports(Settings()) == (Settings(), [])


def test_a_service_of_systemd_does_not_wander(usual: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    assert with_free_ports(usual) == (usual, [])


def test_systemd_is_known_by_its_journal_and_not_by_what_every_terminal_inherits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INVOCATION_ID", "0123")
    assert not under_systemd()
    found = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
    assert under_systemd()


def test_the_page_is_opened_where_somebody_sits_at_a_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(opening, "_open", asked.append)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not opening.open_page("http://localhost:8080")
    monkeypatch.setenv("DISPLAY", ":0")
    assert opening.open_page("http://localhost:8080/demo")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    assert not opening.open_page("http://localhost:8080")
    assert asked == ["http://localhost:8080/demo"]
