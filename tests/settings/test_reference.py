"""`gege settings` shows every key as it is, and a mistake in gege.toml is told in words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from bot.foundation.words import load
from bot.settings import PROJECT, Settings, SettingsError, load_settings
from bot.settings.mistakes import FORMER, Former
from bot.settings.reference import as_markdown, as_toml, of_site, tables


def _written(home: Path, text: str) -> Settings:
    (home / "gege.toml").write_text(text, "utf-8")
    return load_settings(home)


def _keys(model: type[BaseModel]) -> set[str]:
    found = set()
    for name, info in model.model_fields.items():
        inner = info.annotation
        section = isinstance(inner, type) and issubclass(inner, BaseModel)
        found |= {f"{name}.{key}" for key in _keys(inner)} if section else {name}
    return found


def _paths(values: dict[str, Any], known: set[str], before: str = "") -> set[str]:
    found = set()
    for name, value in values.items():
        path = before + name
        found |= {path} if path in known else _paths(value, known, f"{path}.")
    return found


def test_the_file_that_is_shown_changes_nothing(tmp_path: Path) -> None:
    assert _written(tmp_path, as_toml()) == Settings(home=tmp_path)


def test_every_key_is_shown() -> None:
    known = _keys(Settings) - {"home"}
    assert _paths(tomllib.loads(as_toml()), known) == known


def test_every_section_and_the_first_key_of_each_group_say_what_they_mean() -> None:
    for table in tables():
        assert table.comment, table.name
        assert table.keys and table.keys[0].comment or not table.keys, table.name
        mute = [key.name for key in table.keys if not key.comment]
        assert len(mute) <= len(table.keys) // 2, (table.name, mute)


def test_the_page_of_settings_is_up_to_date() -> None:
    assert (PROJECT / "docs" / "settings.md").read_text("utf-8") == as_markdown(), (
        "run: ./gege settings --markdown > docs/settings.md"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[web]\nprot = 1", "web.prot: no such key; did you mean port?"),
        ("[wep]\nport = 1", "wep: no such key; did you mean web?"),
        (
            "[voice.trunk]\nnumber = '07150000000'",
            "voice.trunk.number: this key of an earlier Gege is [calling] number now",
        ),
        ("[voice.trunk]\nregistar = ''", "did you mean registrar?"),
        ("zzzzzz = 1", "zzzzzz: no such key; gege settings shows all"),
        (
            "[service]\nquiet_hours = '9 pm'",
            "service.quiet_hours: '9 pm' is no span of the day; write it as 21:00-07:00",
        ),
        ("[service]\nworking_hours = ['8-12']", "write it as"),
        ("[learning]\nweekly = 'Sunday'", "write it as Sun 03:00"),
    ],
)
def test_a_mistake_is_told_in_words(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        _written(tmp_path, text)
    assert said in str(refused.value) and "(?:" not in str(refused.value) and "\\d" not in str(refused.value)


def test_a_file_that_a_secret_names_is_meant_from_the_home_wherever_a_command_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    (home / "keys").mkdir(parents=True)
    elsewhere.mkdir()
    (home / "keys" / "trunk").write_text("in-the-home\n")
    (elsewhere / "whole").write_text("by-its-whole-path\n")
    monkeypatch.chdir(elsewhere)
    trunk = '[voice.trunk]\npassword = "file:keys/trunk"\n[notify.webhook]\nsecret = "file:{}"\n'
    settings = _written(home, trunk.format(elsewhere / "whole"))
    assert (settings.voice.trunk.password, settings.notify.webhook.secret) == ("in-the-home", "by-its-whole-path")
    with pytest.raises(SettingsError, match=re.escape(str(home / "keys" / "none"))):
        _written(home, '[voice.trunk]\npassword = "file:keys/none"\n')


def test_a_file_of_a_site_s_own_values_is_those_values_each_below_what_it_means(tmp_path: Path) -> None:
    values = {
        "database": "sqlite:///x", "site": {"name": "桃溪“供电”\\"}, "calling": {"enabled": True, "prefixes": ["1"]},
        "service": {"deadlines": {"hours": {"reconnect": 12.0, "半天": 4.0}}},
    }  # fmt: skip
    text = of_site(values, "ours")
    assert tomllib.loads(text) == values and text.startswith("# ours\n")
    assert "# how Gege calls the company in its greeting\nname = " in text and "port" not in text
    assert _written(tmp_path, text).service.deadlines.hours["半天"] == 4.0


def test_a_key_that_was_given_up_is_none_of_todays_and_stands_in_the_notes() -> None:
    notes = (PROJECT / "docs" / "upgrade.md").read_text("utf-8")
    for key in load(Former, FORMER).keys:
        *sections, name = key.split(".")
        model: Any = Settings
        for section in sections:
            model = model.model_fields[section].annotation
        assert name not in model.model_fields
        assert f"`{key}`" in notes
