"""What fails is tried again soon, then more rarely, and not for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.foundation.backoff import Backoff
from bot.settings import NotifySettings

WAITS = some.builds(
    Backoff,
    first_s=some.floats(0.001, 100),
    most_s=some.floats(100, 10_000),
    factor=some.floats(1, 10),
    jitter=some.floats(0, 1),
)


def test_waits_grow_up_to_the_longest_one() -> None:
    backoff = Backoff(1.0, 60.0, factor=4.0)
    assert [backoff.wait(failed) for failed in (1, 2, 3, 4, 5, 10_000)] == [1, 4, 16, 60, 60, 60]


def test_after_the_last_try_it_is_given_up() -> None:
    backoff = Backoff(0.5, 6.0, factor=4.0, tries=4)
    assert [backoff.wait(failed) for failed in (1, 2, 3, 4)] == [0.5, 2, 6, None]


def test_the_last_try_falls_on_the_moment_in_which_a_thing_is_too_old() -> None:
    backoff = Backoff(1.0, 60.0, give_up_after_s=100.0)
    assert backoff.wait(7, age_s=90.0) == 10.0
    assert backoff.wait(8, age_s=100.0) is None


@pytest.mark.parametrize(("asked", "waits"), [(None, 1.0), (0.2, 1.0), (30.0, 30.0), (500.0, 90.0)])
def test_who_asks_for_patience_gets_it_within_reason(asked: float | None, waits: float) -> None:
    assert Backoff(1.0, 60.0, most_asked_s=90.0).wait(1, asked_s=asked) == waits


@given(WAITS, some.integers(1, 10_000), some.floats(0, 0.999))
def test_chance_only_adds_its_share(backoff: Backoff, failed: int, drawn: float) -> None:
    shortest, drawn_wait = backoff.wait(failed, chance=lambda: 0.0), backoff.wait(failed, chance=lambda: drawn)
    assert shortest is not None and drawn_wait is not None
    assert shortest <= drawn_wait <= shortest * (1 + backoff.jitter) + 1e-6
    assert shortest <= backoff.most_s


@given(some.integers(1, 10_000), some.one_of(some.none(), some.floats(0, 1e6)))
def test_a_danger_that_was_not_taken_is_tried_again_within_a_minute(failed: int, asked: float | None) -> None:
    wait = NotifySettings().backoff(urgent=True).wait(failed, asked_s=asked)
    assert wait is not None and wait <= 60.0
