"""A call is heard where there is a loudspeaker, and kept as a file where there is none."""

from __future__ import annotations

import os
import wave
from io import BytesIO
from pathlib import Path

import pytest

from bot.commands import demo, player
from bot.foundation.words import load
from bot.settings import Settings


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULSE_SERVER", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sound() -> bytes:
    written = BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0\0\0" * 4000)
    return written.getvalue()


def card(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str) -> Path:
    """A sound card, and aplay that does `body`."""
    monkeypatch.setattr(player, "has_a_sound_card", lambda: True)
    program = folder / "aplay"
    program.write_text(f"#!/bin/bash\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin:/bin")
    monkeypatch.setattr(player, "_PLAYERS", (("aplay", "-q"),))
    return program


@pytest.mark.parametrize(
    ("cards", "there"),
    [("--- no soundcards ---\n", False), (" 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n", True), (None, False)],
)
def test_a_machine_knows_whether_it_has_a_sound_card(tmp_path: Path, cards: str | None, there: bool) -> None:
    if cards is not None:
        (tmp_path / "cards").write_text(cards)
    assert player.has_a_sound_card(tmp_path / "cards") is there


def test_a_desktops_sound_server_is_one_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert not player.has_a_sound_card(tmp_path / "none")
    (tmp_path / "pipewire-0").touch()
    assert player.has_a_sound_card(tmp_path / "none")


def test_the_call_is_played_and_leaves_no_file(
    tmp_path: Path, sound: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card(monkeypatch, tmp_path, f'cp "$2" {tmp_path}/heard')
    demo._let_hear(Settings(home=tmp_path), load(demo._Words, demo.WORDS), sound)
    assert (tmp_path / "heard").read_bytes() == sound
    assert not (tmp_path / "demo.wav").exists()


@pytest.mark.parametrize("missing", ["card", "player", "works"])
def test_where_nothing_plays_it_the_call_lies_in_a_file_and_it_is_said_where(
    tmp_path: Path, sound: bytes, missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = card(monkeypatch, tmp_path, "exit 1")
    if missing == "card":
        monkeypatch.setattr(player, "has_a_sound_card", lambda: False)
    elif missing == "player":
        program.unlink()
    demo._let_hear(Settings(home=tmp_path), load(demo._Words, demo.WORDS), sound)
    assert (tmp_path / "demo.wav").read_bytes() == sound
    assert f"{tmp_path}/demo.wav" in capsys.readouterr().out
