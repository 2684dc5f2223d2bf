"""Slots are counted by exact value; the marked sentences and the frozen ones stay out of training."""

from __future__ import annotations

import json
import re

from bot.bench.slots import MarkedSentence, distorted, f1, marked_sentences, measure_slots
from bot.dialogue.frozen import FROZEN
from bot.dialogue.port import Understanding
from nlu.lexicon import ordinary

_MARK = re.compile(r"\[([^\]]+)\]\(\w+\)")


def plain(text: str) -> str:
    return re.sub(r"\W", "", _MARK.sub(r"\1", text))


async def test_a_wrong_value_is_neither_found_nor_forgiven() -> None:
    said = {"甲": {"place": "沿河路", "phone": "13812345678"}, "乙": {}, "丙": {"place": "多的"}}

    async def parse(text: str) -> Understanding:
        return Understanding(text, "inform", 0.9, False, said[text])

    rows = [
        MarkedSentence("甲", {"place": "沿河路六号", "phone": "13812345678"}),
        MarkedSentence("乙", {"householder": "王明"}),
        MarkedSentence("丙", {}),
    ]
    found = await measure_slots(parse, rows)
    assert (found["slot_precision"], found["slot_recall"]) == (round(1 / 3, 4), round(1 / 3, 4))
    assert (found["slot_f1_phone"], found["slot_f1_place"], found["slot_f1_householder"]) == (1.0, 0.0, 0.0)
    assert f1(0, 0, 0) == 0.0


def test_numbers_are_marked_as_digits_and_every_slot_is_there() -> None:
    rows = marked_sentences()
    assert len(rows) >= 150
    assert {slot for row in rows for slot in row.slots} == {
        "place",
        "householder",
        "household_no",
        "phone",
        "ticket_no",
    }
    spoken = next(row for row in rows if "一五八七一二零四四三六" in row.text)
    assert spoken.slots["phone"] == "15871204436"
    assert sum(not row.slots for row in rows) >= 10


def test_a_word_is_to_be_found_as_it_was_heard_and_a_number_as_it_was_said() -> None:
    for row in distorted(marked_sentences(), 1.0, 3):
        for slot, value in row.slots.items():
            assert slot in ("phone", "household_no", "ticket_no") or value in row.text


def test_no_sentence_of_the_test_sets_stands_in_training() -> None:
    # Short replies (对头, 满意) are said by everybody in the same words.
    trained = {plain(sentence) for sentence in ordinary()}
    frozen = {plain(json.loads(line)["text"]) for line in FROZEN.read_text("utf-8").splitlines()}
    marked = {plain(row.text) for row in marked_sentences()}
    assert not {one for one in trained & (frozen | marked) if len(one) > 6}
