"""Dialect words reach the standard wording, the traps of Chongyang speech are stepped round, and a bad entry is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.lexicon import OWN, Entry, Lexicon, LexiconRefused, check, read

lexicon = Lexicon(read(OWN))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("屋里冇得电", "家里没有电"),
        ("我屋里冒电", "我家里没有电"),
        ("灯冒得", "灯没有"),
        ("变压器冒烟了", "变压器冒烟了"),
        ("插座冒火", "插座冒火"),
        ("水管冒水", "水管冒水"),
        ("吃了亏师傅", "谢谢师傅"),
        ("隔壁屋里发火了", "隔壁家里起火了"),
        ("水龙头走电", "水龙头漏电"),
        ("电走了", "停电了"),
        ("火表箱", "电表箱"),
        ("莫师傅", "莫师傅"),
        ("莫来了", "不要来了"),
        ("打火机店的电费", "打火机店的电费"),
        ("闸刀打火", "闸刀冒火花"),
        ("几多钱一度", "多少钱一度"),
        ("", ""),
        ("hello 123", "hello 123"),
    ],
)
def test_what_is_said_and_what_it_means(said: str, meant: str) -> None:
    assert lexicon.standard(said) == meant


def test_every_entry_has_a_mark_and_a_source() -> None:
    entries = read(OWN)
    check(entries)
    assert all(one.source for one in entries)


def entry(say: str, means: str, mark: str = "site") -> Entry:
    return Entry(say, means, mark, "a test")


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([entry("", "没有")], "without say"),
        ([entry("冇", "")], "without means"),
        ([entry("冇", "没有", "Z")], "mark"),
        ([entry("电", "电")], "itself"),
        ([entry("甲", "乙"), entry("乙", "甲")], "leads back"),
        ([entry("甲", "乙"), entry("乙", "丙"), entry("丙", "甲")], "leads back"),
        ([entry("甲", "乙"), entry("甲", "丙")], "both"),
    ],
)
def test_a_bad_entry_is_refused_with_its_reason(entries: list[Entry], reason: str) -> None:
    with pytest.raises(LexiconRefused, match=reason):
        check(entries)


def test_an_entry_that_would_rewrite_half_the_language_is_refused() -> None:
    sentences = ["我家停电了", "你们来看一下", "电费交了", "电表坏了"]
    with pytest.raises(LexiconRefused, match="3 of 4"):
        check([entry("电", "水")], sentences)
    check([Entry("电", "水", "site", "", before=("炉",))], sentences)


@pytest.mark.parametrize("text", ["entries: 7", "- a\n- b", "entries: [{means: x}]", "entries: [7]", "{"])
def test_a_broken_file_is_told_and_not_half_read(tmp_path: Path, text: str) -> None:
    file = tmp_path / "lexicon.yml"
    file.write_text(text, "utf-8")
    with pytest.raises(LexiconRefused, match=r"lexicon\.yml"):
        read(file)


@given(st.text(max_size=60))
def test_any_text_comes_through(text: str) -> None:
    assert isinstance(lexicon.standard(text), str)


def test_the_longest_word_is_taken() -> None:
    assert Lexicon([entry("么", "怎么"), entry("么时候", "什么时候")]).standard("么时候来") == "什么时候来"
