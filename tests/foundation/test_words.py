"""Words are read into what the program expects, or the file and the key are named."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.foundation.errors import Broken, Refused
from bot.foundation.words import load
from bot.settings import PROJECT

#: Rasa's own formats; what `gege learn` writes back as it found it; a linter that reads any YAML
OTHERS = {
    "bot/bench/folds.py",
    "bot/dialogue/responses.py",
    "bot/voice/repertoire.py",
    "bot/learning/lexicon_words.py",
    "nlu/lexicon.py",
    "tools/demo_model/texts.py",
    "tools/lint/widths.py",
}


@dataclass(frozen=True)
class Inner:
    ask: str
    times: int = 1


@dataclass(frozen=True)
class Sentences:
    greeting: str
    silence: tuple[str, ...]
    verbs: dict[str, Inner]
    share: float
    since: dt.date
    price: Decimal
    until: int | None = None
    pair: tuple[str, int] = ("", 0)
    anything: Any = None
    places: frozenset[str] = field(default_factory=frozenset)


GOOD = """
greeting: 您好
silence: ["您还在吗?", 听不到您]
verbs: {take: {ask: 接单}, done: {ask: 好了, times: 2}}
share: 1
since: 2026-01-01
price: '0.57'
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "words.yml"
    file.write_text(text, "utf-8")
    return file


def test_a_file_becomes_what_the_program_reads(tmp_path: Path) -> None:
    found = load(Sentences, written(tmp_path, GOOD + "until: null\npair: [户, 3]\nplaces: [街, 路]\n"))
    assert found.silence == ("您还在吗?", "听不到您") and found.verbs["done"] == Inner("好了", 2)
    assert (found.share, found.since, found.price) == (1.0, dt.date(2026, 1, 1), Decimal("0.57"))
    assert (found.until, found.pair, found.places) == (None, ("户", 3), frozenset("街路"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (GOOD.replace("greeting: 您好\n", ""), "greeting: is missing"),
        (GOOD + "greting: 您好\n", "greting: nobody reads this"),
        (GOOD + "greeting: 再见\n", "greeting: stands there twice"),
        (GOOD.replace("ask: 接单", "ask: 1"), "verbs.take.ask: text is needed"),
        (GOOD.replace("times: 2", "time: 2"), "verbs.done.time: nobody"),
        (GOOD.replace("times: 2", "times: true"), "verbs.done.times: a whole number"),
        (GOOD.replace('["您还在吗?", 听不到您]', "您还在吗?"), "silence: a list is needed"),
        (GOOD.replace("听不到您", "7"), r"silence\[1\]: text is needed"),
        (GOOD.replace("'0.57'", "五角"), "price: a number is needed"),
        (GOOD + "pair: [户]\n", "pair: a list of 2"),
        (GOOD + "verbs", "words.yml: "),
        ("- 1\n", "names and their values are needed"),
        ("", "names and their values are needed"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_key(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(Broken, match=named) as caught:
        load(Sentences, written(tmp_path, text))
    assert "words.yml" in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Broken, match=r"words\.yml is missing"):
        load(Sentences, tmp_path / "words.yml")


def test_a_file_that_a_site_writes_has_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not be a number"):
        load(dict[str, str], written(tmp_path, "a: [1"), fault=lambda line: Refused(f"must not be a number; {line}"))


def test_tables_need_no_class(tmp_path: Path) -> None:
    assert load(dict[str, tuple[str, ...]], written(tmp_path, "a: [x, y]\nb: []\n")) == {"a": ("x", "y"), "b": ()}
    assert load(tuple[Inner, ...], written(tmp_path, "- ask: a\n- {ask: b, times: 3}\n"))[1].times == 3


def test_every_other_file_of_words_is_read_by_this_loader() -> None:
    found = {
        str(file.relative_to(PROJECT))
        for room in ("bot", "actions", "nlu", "tools")
        for file in (PROJECT / room).rglob("*.py")
        if re.search(r"yaml\.(safe_)?load\(", file.read_text("utf-8"))
    }
    assert found == {*OTHERS, "bot/foundation/words.py"}
