"""A long sentence falls into its clauses, and what is one thing stays one."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from nlu.acts import ACT
from nlu.answers import AnswerReader
from nlu.clauses import ClauseFolder, ClauseSplitter, clauses, whole


def said(text: str, **how: int) -> list[str]:
    return [text[start:end] for start, end in clauses(text, **how)]


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("屋里没电,电费几多一度", ["屋里没电", "电费几多一度"]),
        ("屋里没电另外电费几多一度", ["屋里没电", "另外电费几多一度"]),
        ("表移一下顺便帮我查下欠费", ["表移一下", "顺便帮我查下欠费"]),
        ("灯坏了!你们来不来?我等着", ["灯坏了", "你们来不来", "我等着"]),
        ("空开跳了,对了,还有个事,表箱锈了", ["空开跳了", "对了,还有个事,表箱锈了"]),
    ],
)
def test_two_matters_in_one_breath_are_two(text: str, apart: list[str]) -> None:
    assert said(text) == apart


@pytest.mark.parametrize(
    "text",
    [
        "停电了",
        "桃花街50号,3栋,2单元",
        "不是欠费,是没电",
        "我要过户不过户要几多钱",
        "余额还有几多",
        "一开空调,就跳",
        "棚子、音响、冰棺都要电",
        ",,,",
        "",
    ],
)
def test_what_is_one_thing_stays_one(text: str) -> None:
    assert len(said(text)) <= 1


def test_a_story_has_ten_clauses_at_most_and_all_of_its_words() -> None:
    story = ",".join(f"第{number}件事情讲给你听" for number in range(30))
    found = clauses(story, most=10)
    assert len(found) == 10 and found[0][0] == 0 and found[-1][1] == len(story)


def test_a_clause_of_one_character_is_none_of_its_own() -> None:
    assert said("嗯,电来了,好") == ["嗯,电来了,好"]


def parsed(text: str, intents: dict[str, str]) -> dict[str, object]:
    """What is folded into a message whose clauses were understood as `intents` says."""
    batch = ClauseSplitter({}).process([Message({TEXT: text})])
    for one in batch:
        intent = {"name": intents.get(one.get(TEXT), "inform"), "confidence": 0.9}
        one.set(INTENT, intent)
        one.set(INTENT_RANKING_KEY, [intent])
        one.set(ACT, {"name": intent["name"] + "/x", "confidence": 0.9})
    [message] = ClauseFolder({}).process(batch)
    return message.as_dict(only_output_properties=True)


def test_what_was_found_of_each_clause_is_in_the_message() -> None:
    told = parsed("没电了,电费几多", {"没电了": "report_outage", "电费几多": "nlu_fallback"})["clauses"]
    assert told == [
        {
            "text": "没电了",
            "start": 0,
            "intent": {"name": "report_outage", "confidence": 0.9},
            "act": "report_outage/x",
            "fallback": False,
        },
        {
            "text": "电费几多",
            "start": 4,
            "intent": {"name": None, "confidence": 0.0},
            "act": "nlu_fallback/x",
            "fallback": True,
        },
    ]


def test_a_sentence_of_one_clause_is_understood_once() -> None:
    batch = ClauseSplitter({}).process([Message({TEXT: "停电了"})])
    assert len(batch) == 1 and parsed("停电了", {})["clauses"] == []


def test_names_and_places_are_looked_for_in_the_whole_alone() -> None:
    batch = ClauseSplitter({}).process([Message({TEXT: "没电了,电费几多"})])
    assert len(batch) == 3 and whole(batch) == batch[:1]


class Asked:
    """A dialogue in which a question is open."""

    active_loop_name = None

    def __init__(self, question: str) -> None:
        self._question = question

    def get_slot(self, name: str) -> object:
        return self._question if name == "question" else None


def test_what_stands_beside_an_answer_is_a_clause() -> None:
    messages = AnswerReader(AnswerReader.get_default_config()).process(
        [Message({TEXT: "对,不过电费几多一度"})],
        Asked("confirmed"),  # type: ignore[arg-type]
    )
    batch = ClauseSplitter({}).process(messages)
    assert [one.get(TEXT) for one in batch[1:]] == ["不过电费几多一度"]
    assert messages[0].get("answer")["value"] == "yes"


def test_a_mere_answer_has_no_clauses() -> None:
    messages = AnswerReader({}).process([Message({TEXT: "对头"})], Asked("confirmed"))  # type: ignore[arg-type]
    assert len(ClauseSplitter({}).process(messages)) == 1
