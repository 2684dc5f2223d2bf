"""What a site's corrections counted is in use as soon as its file is there, and a damaged file changes nothing."""

from __future__ import annotations

import os
import timeit
from pathlib import Path

import numpy as np
import pytest

from bot.sound import site
from bot.sound.channel import Counts, prior
from bot.sound.syllables import INITIALS, syllable


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    return tmp_path


def counted(meant: str, heard: str, times: float, ear: str = site.NO_EAR) -> site.Learned:
    counts = Counts.none()
    counts.initials[INITIALS.index(meant), INITIALS.index(heard)] = times
    return site.Learned(counts, 3, ear)


def p(meant: str, heard: str, ear: str | None = None) -> float:
    return float(site.channel(ear).initials[INITIALS.index(meant), INITIALS.index(heard)])


def test_without_a_file_the_prior_is_in_use() -> None:
    assert site.channel() is prior()
    assert site.channel("vosk") is prior()


def test_what_is_written_is_taken_up_and_taken_back() -> None:
    before = p("g", "b")
    site.write(site.as_text((counted("g", "b", 30),)))
    assert p("g", "b") > 0.3 > before
    gain = site.channel().gain[syllable("gang"), syllable("bang")]
    assert gain > prior().gain[syllable("gang"), syllable("bang")] + 2
    site.write(site.as_text((counted("g", "d", 30),)))
    assert p("g", "b") < before and p("g", "d") > 0.3
    site.write("")
    assert p("g", "b") == before


def test_an_ear_hears_its_own_in_full_and_the_others_by_half() -> None:
    site.write(site.as_text((counted("g", "b", 9, "vosk"), counted("g", "d", 9, "sherpa"))))
    assert p("g", "b", "vosk") > p("g", "d", "vosk") > p("g", "t", "vosk")
    assert p("g", "d", "sherpa") > p("g", "b", "sherpa")
    assert p("g", "b", None) == pytest.approx(p("g", "d", None), abs=0.01)
    assert p("g", "b", "a third") == pytest.approx(p("g", "d", "a third"), abs=0.01)


def test_the_file_says_what_was_counted() -> None:
    learned = (counted("g", "b", 12.5, "vosk"), counted("", "n", 3))
    again = site.from_text(site.as_text(learned))
    assert [(one.ear, one.corrections, one.dialect) for one in again] == [
        ("vosk", 3, "chongyang"),
        ("", 3, "chongyang"),
    ]
    for one, other in zip(learned, again, strict=True):
        np.testing.assert_allclose(one.counts.initials, other.counts.initials)
        np.testing.assert_allclose(one.counts.finals, other.counts.finals)
    assert site.as_text(()) == "" and site.from_text("") == ()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: text[: len(text) // 2], "no file of counts"),
        (lambda text: text.replace("12.5", "900"), "checksum"),
        (lambda text: text.replace('"version": 1', '"version": 7'), "version 7"),
        (lambda text: "[1, 2]", "no file of counts"),
        (lambda text: '{"version": 1, "checksum": "4f53cda18c2baa0c", "learned": [{"ear": ""}]}', "checksum"),
        (lambda text: "\ud800".encode("utf-16", "surrogatepass").decode("latin-1"), "no file of counts"),
    ],
)
def test_a_damaged_file_leaves_the_prior_in_use(damage: object, told: str) -> None:
    site.channel_file().write_text(damage(site.as_text((counted("g", "b", 12.5),))), "utf-8")  # type: ignore[operator]
    with pytest.raises(site.ChannelBroken, match=told):
        site.read(site.channel_file())
    np.testing.assert_array_equal(site.channel().gain, prior().gain)


def test_a_sound_that_there_is_none_is_damage() -> None:
    text = site.as_text((counted("g", "b", 12.5),))
    rows = [{"ear": "", "dialect": "chongyang", "corrections": 1, "initials": {"qq": {"b": 1}}, "finals": {}}]
    assert "learned" in text
    import json

    with pytest.raises(site.ChannelBroken):
        site.from_text(json.dumps({"version": 1, "checksum": site._checksum(rows), "learned": rows}))


def test_what_is_tried_is_in_use_here_only() -> None:
    import asyncio
    import contextvars

    aside = contextvars.copy_context()
    with site.trying((counted("g", "b", 30),)):
        assert p("g", "b") > 0.3
        assert asyncio.run(_within()) > 0.3
        assert aside.run(p, "g", "b") < 0.1
    assert p("g", "b") < 0.1


async def _within() -> float:
    return p("g", "b")


def test_it_costs_a_look_at_a_file() -> None:
    site.write(site.as_text((counted("g", "b", 30),)))
    assert site.channel() is site.channel()
    os.utime(site.channel_file(), (1, 1))
    first = site.channel()
    assert first is site.channel()
    assert min(timeit.repeat(site.channel, number=200, repeat=5)) / 200 < 100e-6
