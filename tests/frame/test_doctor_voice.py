"""The doctor lets the voice speak a real sentence, and says who speaks."""

from __future__ import annotations

import pytest

from bot.commands.doctor.voice import check_voice
from bot.settings import Settings
from bot.settings.settings import SpeechSettings
from bot.speech import espeak


def test_the_voice_that_speaks_is_named_with_its_pace() -> None:
    speaks, detail, advice = check_voice(Settings(speech=SpeechSettings(voice="espeak")))
    assert speaks and not advice and detail.startswith("espeak-ng 150") and "s of speech in" in detail


def test_a_voice_that_cannot_be_had_is_a_warning_while_espeak_speaks() -> None:
    speaks, detail, advice = check_voice(Settings(speech=SpeechSettings(voice="sherpa:/nowhere")))
    assert speaks and "espeak-ng speaks, not sherpa:/nowhere" in detail and "there is no folder" in detail and advice


def test_a_telephone_without_any_voice_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak.sys, "executable", "/bin/false")
    for voice in ("espeak", "sherpa:/nowhere"):
        speaks, detail, advice = check_voice(Settings(speech=SpeechSettings(voice=voice)))
        assert not speaks and "espeakng-loader" in detail and advice == "make setup"
