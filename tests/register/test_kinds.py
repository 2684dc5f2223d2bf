"""A kind is a file: ours are right, a site's own is added or told what is wrong, and the service goes on."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from bot.register.kind_files import OURS, Type, read_kinds
from bot.register.values import EntryWrong, read_day, read_values

GOOD = """kind: pole
words: 电杆
enters: [manager]
fields:
  - {name: place, words: 哪根杆, needed: true}
  - {name: lean, words: 歪了几度, type: number}
due:
  - {name: again, words: 看电杆, after: pole, days: 30}
"""


def written(home: Path, text: str, name: str = "pole") -> Path:
    (home / "register").mkdir(exist_ok=True)
    (home / "register" / f"{name}.yml").write_text(text, "utf-8")
    return home


def test_ours_are_all_right_and_stand_in_their_order(tmp_path: Path) -> None:
    found = read_kinds(tmp_path)
    assert len(found) == len(list(OURS.glob("*.yml"))) and not found.problems
    assert next(iter(found)) == "visit" and list(found)[-1] == "note"
    assert {"wish", "pair", "dunning", "cut_notice", "survey", "talk", "home_check"} <= set(found)


def test_a_site_adds_a_kind_and_replaces_one_of_ours(tmp_path: Path) -> None:
    found = read_kinds(written(tmp_path, GOOD))
    assert found.words("pole") == "电杆" and not found.problems
    found = read_kinds(written(tmp_path, GOOD.replace("kind: pole", "kind: note"), "note"))
    assert found.words("note") == "电杆"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (GOOD.replace("type: number", "type: numbr"), "'numbr' is no type; one of text, number"),
        (GOOD.replace("enters: [manager]", "enters: [boss]"), "enters: 'boss' is no role; one of admin"),
        (GOOD.replace("after: pole, ", ""), "again: write one of every, after, date, once; found none"),
        (GOOD.replace("after: pole, days: 30", "every: 3, once: true"), "found every, once"),
        (GOOD.replace("after: pole", "after: polle"), "there is no kind 'polle'"),
        (GOOD.replace("after: pole", "date: lean"), "due.again.date: 'lean' is no date field"),
        (GOOD.replace("words: 电杆\n", ""), "words: is missing"),
        (GOOD.replace("kind: pole", "kind: Pole!"), "'Pole!' is no name"),
        (GOOD.replace("enters", "entrs"), "entrs: nobody reads this"),
        (GOOD.replace("name: lean", "name: place"), "place stands there twice"),
        (GOOD + "done: said\n", "claims: who takes it on"),
        ("kind: [", "pole.yml"),
        ("", "pole.yml"),
        ("kind: other\nwords: 别\nenters: [manager]\nfields: []\n", "must be the file's own name, 'pole'"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_with_file_key_and_remedy_and_the_others_work(
    tmp_path: Path, wrong: str, told: str
) -> None:
    found = read_kinds(written(tmp_path, wrong))
    [problem] = found.problems
    assert told in problem and "pole.yml" in problem
    assert "visit" in found and "Traceback" not in problem


TODAY = dt.date(2026, 12, 1)


def test_values_are_read_by_their_type(tmp_path: Path) -> None:
    kinds = read_kinds(tmp_path)
    typed = {"how": "door", "answer": "pays", "promised": "2026/12/05", "words": " 先付一半 ", "unknown": "x"}
    assert read_values(kinds["dunning"], typed, TODAY) == {
        "how": "door", "answer": "pays", "promised": "2026-12-05", "words": "先付一半",
    }  # fmt: skip
    assert read_values(kinds["talk"], {"what": "talk", "people": "４２"}, TODAY) == {"what": "talk", "people": 42}
    assert read_values(kinds["survey"], {"content": "bad", "knows": "no"}, TODAY) == {"content": "bad", "knows": False}


@pytest.mark.parametrize(
    ("kind", "typed", "wrong"),
    [
        ("dunning", {"promised": "2026-11-30"}, {"promised": "past"}),
        ("cut_notice", {"cut_on": "2026-12-05"}, {"cut_on": "soon"}),
        ("cut_notice", {}, {"cut_on": "missing"}),
        ("dunning", {"promised": "morgen"}, {"promised": "date"}),
        ("dunning", {"promised": "2099-01-01"}, {"promised": "far"}),
        ("talk", {"people": "viele", "what": "dance"}, {"people": "number", "what": "choice"}),
        ("note", {"words": "x" * 2000}, {"words": "long"}),
        ("survey", {"content": "good", "knows": "perhaps"}, {"knows": "choice"}),
    ],
)
def test_each_wrong_field_is_told_apart(
    tmp_path: Path, kind: str, typed: dict[str, str], wrong: dict[str, str]
) -> None:
    with pytest.raises(EntryWrong) as told:
        read_values(read_kinds(tmp_path)[kind], typed, TODAY)
    assert told.value.fields == wrong


@pytest.mark.parametrize(("text", "fault"), [("2026-12-02", "future"), ("2020-01-01", "far"), ("gestern", "date")])
def test_what_was_done_was_done_lately(text: str, fault: str) -> None:
    with pytest.raises(EntryWrong) as told:
        read_day(text, TODAY)
    assert told.value.fields == {"day": fault}
    assert read_day("", TODAY) == TODAY and read_day("2026-11-20", TODAY).day == 20


def test_no_due_rule_of_ours_is_about_a_field_that_is_no_date(tmp_path: Path) -> None:
    for kind in read_kinds(tmp_path).values():
        for rule in kind.due:
            assert not rule.date or kind.of(rule.date).type == Type.date  # type: ignore[union-attr]
