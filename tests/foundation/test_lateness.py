"""Whoever lets somebody in is told how late the service is, by what came out lately and not by how many are inside."""

from __future__ import annotations

from bot.foundation.lateness import Lateness
from bot.voice.seats import Seats


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _takes(late: Lateness, clock: Clock, seconds: float, times: int) -> None:
    for _ in range(times):
        with late.turn():
            clock.now += seconds


def test_who_comes_waits_for_those_inside_at_the_pace_at_which_they_come_out() -> None:
    clock = Clock()
    late = Lateness(clock)
    assert late.turns_s == 0.0
    _takes(late, clock, 0.02, 50)
    inside = [late.turn() for _ in range(40)]
    for turn in inside:
        turn.__enter__()
    assert 0.7 < late.turns_s < 0.9
    for turn in inside[:30]:
        clock.now += 0.02
        turn.__exit__(None, None, None)
    assert 0.15 < late.turns_s < 0.25, "those who came out are waited for no more"


def test_a_pause_between_two_turns_is_not_slowness() -> None:
    clock = Clock()
    late = Lateness(clock)
    _takes(late, clock, 0.02, 5)
    clock.now += 3600
    with late.turn():
        assert late.turns_s < 0.05


def test_a_dialogue_that_stands_still_is_late_though_few_are_inside() -> None:
    clock = Clock()
    late = Lateness(clock)
    _takes(late, clock, 0.02, 5)
    with late.turn():
        clock.now += 3.0
        assert late.turns_s >= 3.0 and late.for_calls


def test_no_seat_is_given_while_the_loop_or_the_ears_are_late_and_one_slow_moment_shuts_nobody_out() -> None:
    clock = Clock()
    late = Lateness(clock)
    seats = Seats(10, late)
    late.looped(0.3)
    assert seats.take(), "once is nothing"
    for _ in range(6):
        late.looped(0.5)
    assert not seats.take() and seats.scarce
    clock.now += 12
    assert seats.take(), "what was is forgotten"
    for _ in range(5):
        late.recognised(3.0)
    assert not seats.take()
    clock.now += 10
    assert seats.take() and seats.taken == 3
