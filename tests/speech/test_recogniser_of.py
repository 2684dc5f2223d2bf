"""Which recogniser the settings make, and what they are told when they cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, SpeechSettings
from bot.settings.settings import RemoteEarSettings
from bot.speech.models import DEMO
from bot.speech.recogniser_of import is_remote, make_recogniser, second_ear, told


def settings(home: Path, **speech: object) -> Settings:
    return Settings(home=home, speech=SpeechSettings(**speech))  # type: ignore[arg-type]


NEAR = RemoteEarSettings(url="http://127.0.0.1:9/v1", timeout_s=3.0)


def test_an_ear_elsewhere_is_the_second_of_two_and_the_one_here_its_reserve(tmp_path: Path) -> None:
    for engine, second, compared in (("remote", "", False), ("remote", "remote", False), ("local", "remote", True)):
        chosen = settings(tmp_path, engine=engine, second=second, remote=NEAR)
        found = second_ear(chosen)
        assert found is not None and (found.compared, found.patience_s, found.name) == (compared, 3.0, "remote:openai")
        assert is_remote(chosen)
    assert second_ear(settings(tmp_path)) is None and not is_remote(settings(tmp_path))


def test_the_second_is_never_waited_for_longer_than_a_turn_may_take(tmp_path: Path) -> None:
    slow = settings(tmp_path, engine="remote", remote=NEAR.model_copy(update={"timeout_s": 60.0}))
    found = second_ear(slow)
    assert found is not None and found.patience_s == slow.capacity.recognise_s - 0.5


def test_wrong_settings_are_refused_with_the_setting_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\[speech\.remote\] url is empty"):
        make_recogniser(settings(tmp_path, engine="remote"))
    with pytest.raises(SettingsError, match=r'\[speech\] second = "strong" beside engine = "remote"'):
        make_recogniser(settings(tmp_path, engine="remote", second="strong", remote=NEAR))
    with pytest.raises(SettingsError, match="is the first ear too"):
        make_recogniser(settings(tmp_path, second=str(DEMO)))
    with pytest.raises(SettingsError, match=r'\[speech\] second = "nowhere": nowhere: no speech model here'):
        make_recogniser(settings(tmp_path, second="nowhere"))


def test_what_starts_says_both_ears_and_no_secret(tmp_path: Path) -> None:
    near = RemoteEarSettings(url="http://10.0.0.3:8000/v1", token="secret")
    assert told(settings(tmp_path)) == "vosk with demo (the demo)"
    assert told(settings(tmp_path, second="/models/big")) == "vosk with demo (the demo), then big"
    assert told(settings(tmp_path, engine="remote", remote=near)) == (
        "openai at 10.0.0.3:8000, in its stead vosk with demo (the demo)"
    )
    assert told(settings(tmp_path, second="remote", remote=near)) == (
        "vosk with demo (the demo), then openai at 10.0.0.3:8000"
    )
