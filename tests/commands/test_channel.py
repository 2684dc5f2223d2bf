"""`gege channel` shows what the ear in use takes for what, and what corrections moved."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.commands.doctor.learned import check_channel
from bot.sound import site
from bot.sound.channel import Counts
from bot.sound.syllables import INITIALS


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["channel", *arguments])


def learned(meant: str, heard: str, ear: str) -> site.Learned:
    counts = Counts.none()
    counts.initials[INITIALS.index(meant), INITIALS.index(heard)] = 12
    return site.Learned(counts, 5, ear)


def test_without_corrections_the_prior_is_shown() -> None:
    shown = run().stdout
    assert "the prior alone" in shown and "What corrections moved" not in shown
    assert "sh" in shown and "█" in shown
    found = json.loads(run("--json").stdout)
    assert found["ears"] == [] and found["moved"] == []
    strongest = found["confusions"][0]
    assert strongest["meant"] != strongest["heard"] and strongest["now"] == strongest["prior"] > 0.3


def test_what_corrections_moved_is_told_ear_by_ear() -> None:
    site.write(site.as_text((learned("g", "b", "vosk-cn"), learned("h", "p", ""))))
    both = json.loads(run("--json").stdout)
    assert [one["ear"] for one in both["ears"]] == ["vosk-cn", ""]
    one = json.loads(run("--json", "--ear", "vosk-cn").stdout)["moved"][0]
    assert (one["part"], one["meant"], one["heard"], one["count"]) == ("initial", "g", "b", 12)
    assert one["now"] > 0.2 > one["prior"]
    typed = json.loads(run("--json", "--ear", "typed").stdout)["moved"][0]
    assert (typed["meant"], typed["heard"]) == ("h", "p")
    shown = run().stdout
    assert "What corrections moved" in shown and "5 corrections of vosk-cn, 5 corrections of what was typed" in shown
    assert "vosk-cn" in str(run("--ear", "nobody").exception)


def test_the_picture_is_one(home: Path) -> None:
    site.write(site.as_text((learned("g", "b", "<vosk & co>"),)))
    done = run("--svg", str(home / "channel.svg"))
    assert done.exit_code == 0, done.exception
    picture = ElementTree.parse(home / "channel.svg").getroot()
    told = "".join(picture.itertext())
    assert "<vosk & co>" in told and "g heard as b" in told


def test_a_damaged_file_is_told_by_the_command_and_by_the_doctor(home: Path) -> None:
    assert check_channel(home) == ("the prior; nothing is learned yet", "")
    site.write(site.as_text((learned("g", "b", "vosk-cn"),)))
    assert check_channel(home) == ("5 corrections of vosk-cn", "")
    site.channel_file().write_text("{", "utf-8")
    found, advice = check_channel(home)
    assert "channel.json" in found and "gege learn" in advice
    assert "gege learn" in str(run().exception)
