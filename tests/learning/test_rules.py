"""The rules of learning, without a database: what is held out, what is worse, what differs, and what is personal."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.learning.book import CorrectionCard
from bot.learning.comparing import worse
from bot.learning.examples import as_file, examples_of
from bot.learning.lexicon_words import candidates, differing
from bot.learning.private import Private
from bot.learning.rules import held_out
from bot.learning.weekly import due
from tests.learning.quick_bench import figures
from tests.tickets.county import AT


def test_fewer_than_five_corrections_are_all_learned() -> None:
    assert [held_out(count, 0.2) for count in (0, 1, 4, 5, 10, 100)] == [0, 0, 0, 1, 2, 20]


def test_a_loss_that_the_site_allows_is_no_reason_but_a_danger_always_is() -> None:
    assert worse(figures(clean=0.9), figures(clean=0.898), allowed_loss=0.003) == ""
    assert "dangers" in worse(figures(), figures(hazards=0.999), allowed_loss=0.05)


@pytest.mark.parametrize(
    ("heard", "said", "words"),
    [
        ("屋里梭子断了", "屋里闸刀断了", [("梭子", "闸刀")]),
        ("屋里冇店了", "屋里冇电了", [("店了", "电了")]),
        ("我屋里停电了", "我屋里停电了。", []),
        ("停电了", "我想问一下电费几时交", []),
        ("屋里电了", "屋里没电了", [("电了", "没电了")]),
        ("欠费二百零六", "欠费三百零六", [("二百", "三百")]),
        ("", "停电了", []),
    ],
)
def test_what_differs_between_heard_and_said(heard: str, said: str, words: list[tuple[str, str]]) -> None:
    assert differing(heard, said) == words


@given(st.text("停电屋里冇的了,", max_size=40), st.text("停电屋里冇的了,", max_size=40))
def test_a_difference_is_found_in_both_sentences(heard: str, said: str) -> None:
    for say, means in differing(heard, said):
        assert say in heard.replace(",", "") and means in said.replace(",", "") and say != means


def card(number: int, heard: str, words: str = "", intent: str = "report_outage") -> CorrectionCard:
    return CorrectionCard(number, "GD1", heard, "outage", words, intent, "", "M1", "", AT, "accepted", "", "")


def kept(text: str, one: CorrectionCard) -> str:
    return text


def test_words_are_counted_with_examples_and_known_ones_are_left_out() -> None:
    found = candidates(
        [card(1, "屋里梭子断了", "屋里闸刀断了"), card(2, "梭子掉了", "闸刀掉了"), card(3, "屋里冇得电", "屋里没有电")],
        kept,
    )
    assert [(word.say, word.means, word.count) for word in found] == [("梭子", "闸刀", 2)]
    assert found[0].examples == ["屋里梭子断了 → 屋里闸刀断了", "梭子掉了 → 闸刀掉了"]


def test_a_sentence_with_two_meanings_is_learned_with_neither() -> None:
    found = examples_of([card(1, "灭了"), card(2, "灭了", intent="report_hazard"), card(3, "都灭了")], kept)
    assert [one.text for one in found] == ["都灭了"]


PRIVATE = Private(["黄素芬", "沿河路", "桃溪社区", "桃溪"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("我叫黄素芬,沿河路二百零六号停电了", "停电了"),
        ("桃溪社区6-502停电了", "停电了"),
        ("我电话13907150024,停电了", "停电了"),
        ("户号5100020001234停电了", "停电了"),
        ("天城花园那边停电了", "那边停电了"),
        ("黄素芬", ""),
        ("二零六", ""),
        ("停" * 500, ""),
        ("[停电](place){x}了", "停电,place,x 了"),
    ],
)
def test_names_numbers_and_places_leave_a_sentence(text: str, left: str) -> None:
    found = PRIVATE.strip(text, ["天城花园"])
    assert not any(secret in found for secret in ("黄素芬", "沿河", "桃溪", "206", "二百零六", "502", "1390", "51000"))
    assert re.sub("我叫|户号|我电话|^[,,]+|[,,]+$", "", re.sub("我叫|户号|我电话", "", found)) == left


@given(st.text(max_size=80))
def test_whatever_is_left_makes_a_file_that_rasa_reads(text: str) -> None:
    clean = PRIVATE.strip(text)
    written = as_file(examples_of([card(1, clean)], kept))
    if clean:
        [block] = yaml.safe_load(written)["nlu"]
        assert block["examples"] == f"- {clean}\n"


def test_two_presses_make_one_example() -> None:
    assert len(examples_of([card(1, "屋里凼了"), card(2, "屋里凼了。")], kept)) == 1


def at(day: int, clock: str) -> dt.datetime:
    # the 29th of November 2026 is a Sunday
    return dt.datetime.fromisoformat(f"2026-11-{day}T{clock}:00+08:00")


@pytest.mark.parametrize(
    ("moment", "last", "is_due"),
    [
        (at(29, "02:59"), None, False),
        (at(29, "03:00"), None, True),
        (at(29, "08:59"), None, True),
        (at(29, "09:00"), None, False),
        (at(29, "03:05"), at(29, "03:00"), False),
        (at(29, "03:05"), at(28, "20:00"), True),
        (at(28, "03:00"), None, False),
    ],
)
def test_it_learns_once_a_week_and_not_by_day(moment: dt.datetime, last: dt.datetime | None, is_due: bool) -> None:
    assert due("Sun 03:00", moment, last) is is_due
    assert not due("", moment, last)
