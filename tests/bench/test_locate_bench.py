"""`gege bench locate`: what is counted, a resident who answers, and two checkouts asked the same sentences."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from bot.bench.checkouts import Checkout, CheckoutSilent, Found, found
from bot.bench.homes import Home, Query
from bot.bench.locate import ROWS, SEEDS, run_bench
from bot.bench.locate_figures import Tally
from bot.bench.resident import PATIENCE, Conversations, answer
from bot.grid.sample import write_sample
from bot.settings import PROJECT

HOME = Home("1", "王建国", "甲社区", "花园", "5栋2单元301室", "11")
STREET = Home("2", "李梅", "甲社区", "", "沿江路206号", "12")


def _found(
    no: str | None, grid: str | None, *candidates: tuple[str | None, str, float], ask: str | None = None
) -> Found:
    return found(
        {"household_no": no, "grid_no": grid, "candidates": candidates, "grids": None, "ask": ask, "ms": 1.0}
    )  # fmt: skip


class _Scripted:
    """A checkout that answers what it was told to, and remembers what it was asked."""

    def __init__(self, *answers: Found) -> None:
        self.answers, self.asked = list(answers), cast(list[tuple[str, str]], [])

    def locate(self, text: str, earlier: str = "") -> Found:
        self.asked.append((text, earlier))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def test_right_certain_and_wrong_are_counted_apart() -> None:
    tally, query = Tally(), Query("沿江路206号", "2", "12")
    assert not tally.add(query, _found("2", "12", ("2", "12", 0.9), ("3", "12", 0.1)))
    assert not tally.add(query, _found(None, None, ("3", "11", 0.5), ("2", "12", 0.3)))
    assert tally.add(query, _found("3", "11", ("3", "11", 0.95)))
    figures = tally.figures()
    assert (figures["household_first"], figures["household_in_three"]) == (0.3333, 0.6667)
    assert (figures["household_certain"], figures["grid_certain"]) == (0.3333, 0.3333)
    assert (figures["wrong_household_certain"], figures["wrong_grid_certain"]) == (1, 1)


def test_a_belief_that_does_not_keep_its_word_shows() -> None:
    tally, query = Tally(), Query("", "2", "12")
    for number in range(100):
        right = number < 70
        tally.add(query, _found(None, None, ("2" if right else "3", "12" if right else "11", 0.95)))
    assert tally.figures()["calibration_error_grids"] == pytest.approx(0.25, abs=0.01)


def test_the_belief_in_a_grid_is_the_sum_of_its_candidates_or_what_the_look_up_tells() -> None:
    one = _found(None, None, ("1", "11", 0.4), ("2", "12", 0.35), ("3", "12", 0.2))
    assert one.first_grid == ("12", pytest.approx(0.55)) and one.first == ("1", 0.4)
    scores = _found(None, None, ("1", "11", 0.9), ("2", "12", 0.8))
    assert scores.first_grid == ("11", 0.9), "scores that are no probabilities are not added up"
    told = found({"household_no": None, "grid_no": None, "candidates": [], "grids": {"7": 0.8}, "ask": None, "ms": 1.0})
    assert told.first_grid == ("7", 0.8)


@pytest.mark.parametrize(
    ("home", "ask", "said"),
    [
        (HOME, "community", "甲社区"),
        (HOME, "street", "花园"),
        (HOME, "unit", "二单元"),
        (STREET, "street", "沿江路"),
        (HOME, None, "我的话"),
        (STREET, "unit", "我的话"),
    ],
)
def test_a_resident_answers_what_is_asked(home: Home, ask: str | None, said: str) -> None:
    answers = {answer(home, ask, "我的话", random.Random(seed)) for seed in range(20)}
    assert said in answers


def test_a_resident_who_is_asked_for_her_name_says_it() -> None:
    assert all("王建国" in answer(HOME, "householder", "", random.Random(seed)) for seed in range(10))


def _talk(*answers: Found) -> tuple[_Scripted, Conversations]:
    asked, talks = _Scripted(*answers), Conversations()
    quiet: Callable[[str, random.Random], str] = lambda text, dice: text  # noqa: E731
    talks.hold(cast(Checkout, asked), STREET, Query("沿姜路", "2", "12"), "沿江路", quiet, random.Random(1))
    return asked, talks


def test_a_conversation_ends_when_the_household_is_certain_and_what_was_said_before_goes_along() -> None:
    asked, talks = _talk(_found(None, None, ask="community"), _found("2", "12"))
    assert asked.asked == [("沿姜路", ""), ("甲社区", "沿姜路")]
    assert talks.figures()["turns_mean"] == 2 and talks.figures()["wrong_household_certain"] == 0


def test_a_household_that_is_never_certain_costs_her_patience_and_a_wrong_one_is_told() -> None:
    assert _talk(_found(None, None))[1].figures()["turns_mean"] == PATIENCE
    assert _talk(_found("3", "11"))[1].figures()["wrong_household_certain"] == 1


def test_seeds_are_apart_and_every_county_has_every_noise() -> None:
    assert len(set(SEEDS.values())) == 3
    assert {row.county for row in ROWS} == {"sample", "other"} and {row.generator for row in ROWS} == {
        "clean", "noisy", "near"
    }  # fmt: skip


def test_two_checkouts_are_asked_the_same_sentences_in_one_run() -> None:
    lines: list[str] = []
    table = run_bench(
        count=4, households=320, progress=lines.append, only=("sample clean", "other near 1"), baseline=PROJECT
    )
    assert set(table["rows"]) == {"sample clean", "other near 1", "other near 1.5"}
    for figures in table["rows"].values():
        before, now = ({k: v for k, v in one.items() if "ms" not in k} for one in (figures["before"], figures["now"]))
        assert before == now and now["failed"] == 0
    assert set(table["counties"]) == {"sample", "other"}


def test_bad_input_is_measured_on_odd_registries_too() -> None:
    table = run_bench(count=1, households=320, progress=print, only=("one bad", "one building bad"))
    assert set(table["rows"]) == {"one bad input", "one building bad input"}
    for figures in table["rows"].values():
        assert figures["now"]["failed"] == 0 and figures["now"]["wrong_household_certain"] == 0


def test_a_checkout_whose_process_ends_is_an_error_with_its_path(tmp_path: Path) -> None:
    write_sample(tmp_path, 16)
    with Checkout(PROJECT, tmp_path) as asked:
        assert asked.locate("沿河路").failed == ""
        asked._process.kill()
        asked._process.wait()
        with pytest.raises(CheckoutSilent, match="does not answer"):
            asked.locate("沿河路")
