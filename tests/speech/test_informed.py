"""An ear is told what may be said now: the answers to the question, and what places are called here as it is now."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.parts import open_site
from bot.grid.registry import Registry
from bot.grid.sample import make_sample
from bot.settings import Settings
from bot.speech.informed import MOST_NAMES, Informed, PlaceNames
from bot.speech.phrases import known_questions, names_a_place
from bot.speech.port import NOTHING_LIKELY, Likely, RecognitionSession


class Told:
    """An ear that keeps what it was told."""

    def __init__(self) -> None:
        self.likely: list[Likely] = []

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> RecognitionSession:
        self.likely.append(likely)
        raise NotImplementedError

    async def close(self) -> None:
        return


def told(informed: Informed, ear: Told, likely: Likely) -> Likely:
    with pytest.raises(NotImplementedError):
        informed.begin(8000, likely)
    return ear.likely[-1]


def test_a_question_brings_its_answers_and_names_where_a_place_may_be_said() -> None:
    ear = Told()
    places = PlaceNames(("桃溪社区",), tuple(f"{number}号路" for number in range(2 * MOST_NAMES)))
    informed = Informed(ear, lambda: places)
    confirmed = told(informed, ear, Likely("confirmed"))
    assert "冇错" in confirmed.phrases and confirmed.names == ()
    assert told(informed, ear, Likely("community")).phrases == ("桃溪", "桃溪社区")
    free = told(informed, ear, Likely())
    assert free.phrases == () and len(free.names) == MOST_NAMES and free.names[0] == "0号路"


def test_what_a_caller_says_is_likely_is_left_as_it_is() -> None:
    ear = Told()
    mine = Likely("place", ("这里",), ("那条路",))
    assert told(Informed(ear, lambda: PlaceNames(("桃溪社区",), ("桃溪",))), ear, mine) == mine


def test_names_are_those_of_today() -> None:
    ear, now = Told(), [PlaceNames(("甲社区",), ("甲",))]
    informed = Informed(ear, lambda: now[0])
    assert told(informed, ear, Likely("community")).phrases == ("甲", "甲社区")
    now[0] = PlaceNames(("乙社区",), ("乙",))
    assert told(informed, ear, Likely("community")).phrases == ("乙", "乙社区")
    assert told(informed, ear, Likely("place")).names == ("乙",)


def test_a_county_knows_its_names_the_largest_first(tmp_path: Path) -> None:
    database = open_site(Settings(home=tmp_path))
    make_sample(database, tmp_path / "sample", households=300)
    county = Registry.load(database).county
    where = [(county.where[row].name, county.communities_of[row].removesuffix("社区")) for row in range(county.size)]
    households = [sum(name in names for names in where) for name in county.names_by_size]
    assert households == sorted(households, reverse=True)
    assert set(county.names_by_size) == {name for names in where for name in names if name}
    assert county.community_names == tuple(county.communities())
    database.dispose()


def test_questions_about_places_are_questions() -> None:
    assert {question for question in known_questions() if names_a_place(question)} >= {"place", "street", "community"}
    assert names_a_place("") and not names_a_place("confirmed")
