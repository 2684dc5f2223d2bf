"""The site's table of names that people use is read when it changes, and checked against the registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.grid.said_names import SaidName, SaidNamesRefused, check, places_file, read, said_names, write

NAMES = {"沿河路", "桃溪社区", "桃溪", "金碧华府二期"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    return tmp_path


def test_what_is_written_is_in_use_at_once() -> None:
    assert said_names() == {}
    write([SaidName("老农药厂", "桃溪社区")])
    assert said_names() == {"老农药厂": "桃溪社区"}
    write([SaidName("老农药厂", "桃溪社区"), SaidName("二期那里", "金碧华府二期")])
    assert said_names()["二期那里"] == "金碧华府二期"
    assert said_names() is said_names()
    places_file().unlink()
    assert said_names() == {}


@pytest.mark.parametrize(
    "text", ["- [1, 2", "said: 老农药厂", "- {said: 老农药厂}", "- {said: 1, means: 桃溪}", "\x00"]
)
def test_a_damaged_file_changes_nothing_and_is_told(text: str) -> None:
    places_file().write_text(text)
    assert said_names() == {}
    with pytest.raises(SaidNamesRefused, match="not a list of names"):
        read(places_file())


def test_an_empty_file_is_no_names() -> None:
    places_file().write_text("# none yet\n")
    assert read(places_file()) == [] and said_names() == {}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([SaidName("厂", "桃溪社区")], "too short"),
        ([SaidName("桃溪", "桃溪")], "the name itself"),
        ([SaidName("老农药厂", "浮溪桥社区")], "the registry has no"),
        ([SaidName("老农药厂", "桃溪"), SaidName("老农药厂", "沿河路")], "both"),
        ([SaidName("河路", "桃溪")], "a place of its own"),
        ([SaidName("没有电", "桃溪")], "ordinary sentences"),
    ],
)
def test_names_that_make_no_sense_are_refused(said: list[SaidName], reason: str) -> None:
    with pytest.raises(SaidNamesRefused, match=reason):
        check(said, NAMES, ("屋里没有电了",))


def test_names_that_make_sense_are_taken() -> None:
    check([SaidName("老农药厂", "桃溪社区"), SaidName("桃溪那边", "桃溪社区")], NAMES, ("屋里没有电了",))
