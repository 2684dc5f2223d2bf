"""Erlang's two formulas: how many lines a load needs, and how many people. Pure."""

from __future__ import annotations


def erlang_b(load: float, lines: int) -> float:
    """The share of calls that find all lines busy and go away; `load` in Erlang (calls a second times seconds a call)."""
    blocked = 1.0
    for number in range(1, lines + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


def erlang_c(load: float, people: int) -> float:
    """The share of callers who wait because all of `people` talk; 1 when the load is more than they can ever do."""
    if load >= people:
        return 1.0
    blocked = erlang_b(load, people)
    return people * blocked / (people - load * (1 - blocked))


def lines_for(load: float, blocking: float) -> int:
    """The fewest lines at which no larger share than `blocking` (above 0) is refused."""
    blocked, number = 1.0, 0
    while blocked > blocking:
        number += 1
        blocked = load * blocked / (number + load * blocked)
    return number
