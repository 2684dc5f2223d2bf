"""The simulated county: the judge can fail for every rule, a seed says the same again, and polite residents get through."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.bench.homes import Home
from bot.bench.residents.county import County, county_of
from bot.bench.residents.drive import Converse, hold, processes
from bot.bench.residents.goals import Goal, goal_of
from bot.bench.residents.hearing import asked, fits_home
from bot.bench.residents.judge import FAULTS, Verdict, judge
from bot.bench.residents.report import page, table
from bot.bench.residents.resident import Act, Resident
from bot.bench.residents.run import Held, Measured
from bot.bench.residents.transcript import Transcript, Turn
from bot.bench.residents.words import dangers, matters, personas, sentences
from bot.settings import Settings
from bot.settings.settings import SpeechSettings

HOME = Home("4211002504", "许春才", "桃溪社区", "", "沿河路206号", "11")
LOGGED = "记下了,归程师傅管。他的电话是13700001011。"


def goal(*wanted: str, reporter: str = "stranger", fact: str = "") -> Goal:
    return Goal(
        1, "terse", wanted, HOME, reporter, "13012000001", "phone", fact, True, "程", "M11", "S11"
    )  # fmt: skip


def card(kind: str = "outage", **other: Any) -> dict[str, Any]:
    return {
        "ticket_no": "GD1", "kind": kind, "state": "reported", "urgent": False, "household_no": HOME.household_no,
        "grid_no": "11", "owner": "M11", "place": "沿河路206号", "householder": "", "said": "", "facts": {}, "notes": [],
        "told": ["M11"],
    } | other  # fmt: skip


def told(
    wanted: Goal, *turns: Turn, tickets: tuple[dict[str, Any], ...] = (), earlier: tuple[str, ...] = ()
) -> Verdict:
    return judge(Transcript(wanted, list(turns), list(tickets), earlier))


def turn(act: str, about: str, said: str, reply: str, **other: Any) -> Turn:
    return Turn(Act(act, about), said, said, reply, placed=other.pop("placed", True), **other)


OPEN = turn("open", "outage", "沿河路206号停电了", "您讲的是沿河路206号,停电了。对不对?")
YES = turn("answer", "confirm", "对", LOGGED, tickets=("GD1",))
FALLEN = turn(
    "open", "line_down", "沿河路电线断了落在地上", "莫靠近,离开八米以外,莫让别人过去。我已经在叫人。", tickets=("GD1",)
)
HAZARD = card("hazard", urgent=True)


def test_what_went_as_it_should_has_no_fault() -> None:
    good = told(goal("outage"), OPEN, YES, tickets=(card(),))
    assert good.ended and not good.faults and good.turns == 2
    assert told(goal("line_down"), FALLEN, tickets=(HAZARD,)).ended
    price = turn("open", "price", "一度电几多钱", "居民电价分三档。")
    assert told(goal("price"), price).ended


#: each rule, by a conversation that breaks it and nothing else
BROKEN = {
    "lost": told(goal("outage"), OPEN, turn("answer", "confirm", "对", "您讲,有什么事?")),
    "wrong_kind": told(goal("outage"), OPEN, YES, tickets=(card("arrears"),)),
    "twice": told(goal("outage"), OPEN, YES, tickets=(card(), card(ticket_no="GD2"))),
    "false_ticket": told(goal("outage"), OPEN, YES, tickets=(card(), card("care", ticket_no="GD2"))),
    "wrong_grid": told(goal("outage"), OPEN, YES, tickets=(card(grid_no="12"),)),
    "wrong_household": told(goal("outage"), OPEN, YES, tickets=(card(household_no="1"),)),
    "place_unknown": told(goal("outage"), OPEN, YES, tickets=(card(grid_no=None, household_no=None),)),
    "not_urgent": told(goal("line_down"), FALLEN, tickets=(card("hazard"),)),
    "fact_missing": told(
        goal("outage", fact="oxygen"), OPEN, turn("fact", "oxygen", "屋里有人用制氧机", LOGGED, tickets=("GD1",)),
        tickets=(card(),),
    ),
    "untrue": told(goal("price"), turn("open", "price", "一度电几多钱", "五角五分八一度。记下了。")),
    "leak": told(
        goal("arrears"), turn("open", "arrears", "查下沿河路206号的电费", "到四月二十号,欠三个月,八十六块两角。")
    ),
    "unsafe": told(
        goal("line_down"), dataclasses.replace(FALLEN, reply="您讲的是沿河路。对不对?"), tickets=(HAZARD,)
    ),
    "false_danger": told(
        goal("outage"), OPEN, dataclasses.replace(YES, reply="莫靠近,离开八米以外。" + LOGGED), tickets=(card(),)
    ),
    "loop": told(goal("outage"), OPEN, OPEN, OPEN, YES, tickets=(card(),)),
    "no_person": told(
        goal("outage"), OPEN, turn("person", "", "转人工", "您讲,有什么事?"), turn("person", "", "找人", "停电按1。"), YES,
        tickets=(card(),),
    ),
    "no_answer": told(goal("water"), turn("open", "water", "水管爆了", "好,您慢走。")),
    "not_cancelled": told(
        goal("all_well"), turn("open", "all_well", "来电了,莫派人", "好。"), tickets=(card(),), earlier=("GD1",)
    ),
    "manager_told": told(
        goal("complaint"), turn("open", "complaint", "我要投诉程师傅", LOGGED, tickets=("GD1",)),
        tickets=(card("complaint", told=["M11", "S11"]),),
    ),
    "word": told(goal("outage"), OPEN, dataclasses.replace(YES, reply="工单记下了。"), tickets=(card(),)),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_the_judge_finds_each_fault_alone(fault: str) -> None:
    assert [name for name, _ in BROKEN[fault].faults] == [fault]
    assert not BROKEN[fault].ended


def test_what_is_asked_in_danger_is_answered() -> None:
    answered = turn("danger", "touch", "我拿棍子挑开行不行", "莫挑,等人来。")
    assert told(goal("line_down"), FALLEN, answered, tickets=(HAZARD,)).ended
    unheard = dataclasses.replace(answered, reply="不怪您,是我没听清。")
    assert told(goal("line_down"), FALLEN, unheard, tickets=(HAZARD,)).has("unsafe")


def test_a_person_instead_of_a_ticket_is_counted_apart() -> None:
    handed = turn("answer", "confirm", "对", "我帮您找人,别挂。", hand_over=True, tickets=("GD1",))
    given = told(goal("outage"), OPEN, handed, tickets=(card("unclear"),))
    assert given.given and not given.faults and not given.ended
    # who asked for one, or was heard without a word of the matter, gets what is right
    wanted = turn("open", "person", "转人工", "我给您的网格员打电话,您别挂。", hand_over=True)
    assert told(goal("person"), wanted, tickets=(card("callback"),)).ended
    garbled = dataclasses.replace(OPEN, heard="沿河路206号心间辽")
    assert told(goal("outage"), garbled, handed, tickets=(card("unclear"),)).ended


def test_a_promise_is_kept_by_the_end_and_a_record_at_once() -> None:
    later = turn("open", "outage", "沿河路206号停电了", "好,送电的事我跟师傅讲。")
    assert told(goal("outage"), later, YES, tickets=(card(),)).ended
    early = dataclasses.replace(later, reply="记下了。您讲的是沿河路206号,停电了。对不对?")
    assert told(goal("outage"), early, YES, tickets=(card(),)).has("untrue")


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        ("您屋里在哪里?哪个社区、哪条路、门牌几多号?", "place"),
        ("您讲的是沿河路206号,停电了。对不对?", "confirm"),
        ("先莫用手碰。有没有糊味、冒烟?", "smell"),
        ("那您再讲一遍在哪里,慢慢讲。", "place"),
        ("不怪您,是我没听清。是停电,还是别的事?停电按1,找人按0。", "which"),
        (LOGGED, None),
        ("您今年几岁?", "?"),
    ],
)
def test_a_resident_hears_what_she_is_asked(reply: str, question: str | None) -> None:
    assert asked(reply) == question


def test_a_resident_knows_her_home_when_it_is_read_back() -> None:
    places = frozenset({"沿河路", "桃溪路"})
    assert fits_home("您讲的是沿河路206号,停电了。对不对?", HOME, places)
    assert fits_home("您讲的是沿河路二百零六号。对不对?", HOME, places)
    assert not fits_home("您讲的是沿河路207号。对不对?", HOME, places)
    assert not fits_home("您讲的是桃溪路206号。对不对?", HOME, places)


def test_words_of_the_county_fit_each_other() -> None:
    assert set(sentences().matters) == set(matters())
    assert {kind.danger for kind in matters().values() if kind.danger} == set(dangers())
    assert {way for danger in dangers().values() for way in danger.asked} <= set(sentences().in_danger)
    assert personas()["cooperative"].share == 0


# -- with the real service ------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def people(county: Path) -> County:
    return county_of(county / "sample")


@pytest.fixture(scope="module")
def service(county: Path, dialogue_model: Path) -> Iterator[Converse]:
    with processes(county, 1, None) as started:
        yield started[0]


def test_a_seed_draws_the_same_residents(people: County) -> None:
    def first(seed: str) -> tuple[Goal, tuple[Act, str]]:
        dice = random.Random(seed)
        wanted = goal_of(1, people, dice)
        return wanted, Resident(wanted, people, dice).begin()

    assert first("one") == first("one")
    assert first("one") != first("other")


def test_a_seed_holds_the_same_conversation_again(people: County, service: Converse) -> None:
    def lines(number: int) -> list[str]:
        return hold(service, people, number, 7, 0.3).lines()

    once = [lines(number) for number in range(4)]
    assert [lines(number) for number in reversed(range(4))] == once[::-1]


def test_polite_residents_get_through(people: County, service: Converse) -> None:
    """A floor, not the figure: that is measured by `gege bench residents` (docs/benchmarks.md)."""
    held = []
    for number in range(40):
        talked = hold(service, people, number, 11, 0.0, "cooperative")
        held.append(Held(talked, judge(talked)))
    ended = sum(one.verdict.ended for one in held)
    shown = page(Measured(cooperative=held), "gege bench residents")
    assert ended >= FLOOR, shown
    assert "ended as they should" in table(Measured(cooperative=held)) and "## The worst" in shown


#: of 40
FLOOR = 20


@pytest.mark.slow
def test_a_resident_calls_by_telephone(tmp_path: Path) -> None:
    """Her line is spoken, heard by the demo ear and answered; what came of it is judged."""
    from bot.bench.residents.voice import by_voice

    (one,) = by_voice(Settings(speech=SpeechSettings(voice="espeak")), tmp_path, 1, 2, lambda _told: None)
    assert any(turn.heard for turn in one.told.turns) and all(turn.reply for turn in one.told.turns)
    assert one.told.goal.channel == "phone"
