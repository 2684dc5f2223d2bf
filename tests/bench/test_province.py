"""The simulated province keeps to Erlang's formulas where they hold, loses no household, and is the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bot.bench.province.cell import GAVE_UP, KNOWN, MESSAGE, SEAT, TEXT, Cell, Outcome, Wish
from bot.bench.province.erlang import erlang_b, erlang_c, lines_for
from bot.bench.province.figures import Figures, figures
from bot.bench.province.typhoon import plan, province, storm


def changed(**parts: dict[str, object]) -> Figures:
    of = figures()
    return replace(of, **{name: replace(getattr(of, name), **one) for name, one in parts.items()})


def poisson(a_second: float, count: int, chance: random.Random, *, by_telephone: bool) -> list[Wish]:
    """Strangers to each other: each of an outage of its own, so that none is known."""
    at, wishes = 0.0, []
    for number in range(count):
        at += chance.expovariate(a_second)
        wishes.append(Wish(at, number, by_telephone))
    return wishes


def test_erlangs_formulas_give_what_their_tables_give() -> None:
    # Published tables: 20 Erlang on 30 lines; 10 Erlang and 12 people.
    assert erlang_b(20, 30) == pytest.approx(0.0085, abs=0.0001)
    assert erlang_b(1, 1) == 0.5 and erlang_b(0, 5) == 0
    assert erlang_c(10, 12) == pytest.approx(0.4494, abs=0.0005)
    assert erlang_c(12, 12) == 1.0
    assert lines_for(20, 0.01) == 30 and erlang_b(20, 29) > 0.01


@pytest.mark.parametrize(("load", "lines"), [(8.0, 10), (20.0, 24), (30.0, 24)])
def test_lines_refuse_what_erlang_b_says(load: float, lines: int) -> None:
    """Who is refused does not try again here, and there are as many seats as lines."""
    of = changed(
        county={"lines": lines, "cores": 2, "seats_a_core": lines}, call={"person_share": 0.0}, caller={"redials": 0.0}
    )
    chance = random.Random(7)
    found = Cell(of, chance).run(poisson(load / of.call.seat_s, 20_000, chance, by_telephone=True))
    assert found.busy / found.tried == pytest.approx(erlang_b(load, lines), rel=0.06, abs=0.003)
    assert found.most_lines == lines and found.ends[GAVE_UP] == found.busy


def test_people_are_waited_for_as_erlang_c_says() -> None:
    of = changed(county={"lines": 10_000, "cores": 2, "seats_a_core": 10_000, "people": 12}, call={"person_share": 1.0})
    chance = random.Random(11)
    load = 10.0
    found = Cell(of, chance).run(poisson(load / of.call.person_s, 40_000, chance, by_telephone=True))
    waited = sum(one > 0 for one in found.people_s) / len(found.people_s)
    assert waited == pytest.approx(erlang_c(load, 12), abs=0.03)
    # The mean wait of an M/M/c queue.
    mean = sum(found.people_s) / len(found.people_s)
    assert mean == pytest.approx(erlang_c(load, 12) * of.call.person_s / (12 - load), rel=0.15)


def test_turns_wait_as_a_queue_of_one_server_does() -> None:
    of = changed(county={"cores": 1}, chat={"turns": 1})
    chance = random.Random(3)
    busy = 0.8
    found = Cell(of, chance).run(poisson(busy / of.turn.cpu_s, 30_000, chance, by_telephone=False))
    # Pollaczek and Khinchine, service always the same length.
    assert sum(found.turns_s) / len(found.turns_s) == pytest.approx(busy * of.turn.cpu_s / (2 * (1 - busy)), rel=0.1)


def whole(found: Outcome) -> int:
    return sum(found.ends.values())


def test_no_household_is_lost_from_the_count_and_every_line_is_given_back() -> None:
    of = changed(county={"lines": 12, "cores": 2, "seats_a_core": 8, "people": 1})
    chance = random.Random(5)
    wishes = [Wish(chance.uniform(0, 600), chance.randrange(20), chance.random() < 0.6) for _ in range(3_000)]
    cell = Cell(of, chance)
    found = cell.run(wishes)
    assert whole(found) == 3_000 and found.most_lines <= 12 and found.most_seats <= 8
    assert cell._lines == cell._seats == 0
    assert all(found.ends[end] for end in (SEAT, KNOWN, MESSAGE, TEXT, GAVE_UP))


def test_the_same_seed_is_the_same_typhoon_and_another_is_another() -> None:
    of = changed(county={"households": 20_000})
    assert province(of, 4, 1) == province(of, 4, 1) != province(of, 4, 2)


def test_telling_a_known_outage_before_a_seat_is_taken_lets_more_through() -> None:
    with_it = storm(figures(), 12_000, 10.0, 1)
    without = storm(changed(caller={"known_number": 0.0}), 12_000, 10.0, 1)
    assert with_it["gave up"] < without["gave up"] and with_it["busy"] < without["busy"]
    assert with_it["lists of call-backs"] <= 60 < with_it["ends"][MESSAGE]


def test_the_plan_grows_with_the_people_and_keeps_to_its_blocking() -> None:
    rows = plan(figures())
    assert [row["name"] for row in rows] == ["county", "prefecture", "province", "nation"]
    assert all(row["refused"] <= 0.01 for row in rows)
    assert [row["lines"] for row in rows] == sorted(row["lines"] for row in rows)
