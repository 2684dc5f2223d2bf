"""Everybody's licences are told: of packages, models, and what lies here and is not ours."""

from __future__ import annotations

import hashlib
import re

import pytest

from bot.foundation.words import load
from bot.settings import PROJECT
from bot.speech.catalogue import catalogue
from tools.release.licences import PAGE, WORDS, Words, packages, page


@pytest.fixture(scope="module")
def words() -> Words:
    return load(Words, WORDS)


def test_the_page_is_what_the_lock_and_the_catalogue_say() -> None:
    assert PAGE.read_text("utf-8") == page(), "make it anew: make licences"


def test_every_package_of_the_lock_has_a_licence(words: Words) -> None:
    found = packages(words)
    assert len(found) > 100
    for one in found:
        assert one.licence and one.licence.lower() not in ("unknown", "none"), one
        assert len(one.licence) < 80, f"{one.name}: a name of a licence, not its text"


def test_a_package_without_one_is_an_error(words: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(words.packages, "espeakng-loader")
    with pytest.raises(KeyError, match="espeakng-loader names no licence"):
        packages(words)


def test_what_was_looked_up_is_still_needed(words: Words) -> None:
    assert set(words.packages) <= {one.name for one in packages(words)}


def test_whatever_lies_here_and_is_not_ours_is_named(words: Words) -> None:
    named = " ".join(one.what for one in words.shipped)
    for path in re.findall(r"`((?:bot|docs|models|tools)/[^`]+)`", named):
        assert (PROJECT / path).exists(), path
    vendored = (PROJECT / "bot/web/static/vendor/SOURCES").read_text("utf-8").splitlines()[1:]
    for line in vendored:
        name, digest, *_, licence = line.split()
        assert f"`bot/web/static/vendor/{name}`" in named
        assert hashlib.sha256((PROJECT / "bot/web/static/vendor" / name).read_bytes()).hexdigest() == digest
        assert any(name in one.what and one.licence == licence for one in words.shipped), name


def test_every_text_is_there_and_every_ear_is_listed() -> None:
    text = page()
    for link in re.findall(r"\]\(\.\./(LICENSE[^)]*)\)", text):
        assert (PROJECT / link).is_file(), link
    for name, ear in catalogue().items():
        assert f"| {name} | {ear.licence} |" in text
