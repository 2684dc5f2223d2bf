"""Turn taking, in audio time: nobody sleeps."""

from __future__ import annotations

from bot.voice.turn import TurnEvent, TurnRules, TurnTaker

FRAME = 0.02


def run(taker: TurnTaker, *stretches: tuple[float, bool]) -> list[tuple[float, TurnEvent]]:
    """Feed (seconds, speech) stretches; returns what was noticed and when."""
    noticed, at = [], 0.0
    for seconds, speech in stretches:
        for _ in range(round(seconds / FRAME)):
            at += FRAME
            if event := taker.hear(FRAME, speech):
                noticed.append((round(at, 2), event))
    return noticed


def names(noticed: list[tuple[float, TurnEvent]]) -> list[str]:
    return [event.name for _, event in noticed]


def test_a_turn_ends_after_the_silence_that_old_callers_need() -> None:
    noticed = run(TurnTaker(TurnRules()), (1.0, False), (0.3, True), (2.0, False))
    assert noticed == [(1.1, TurnEvent.started), (2.2, TurnEvent.ended)]


def test_a_pause_for_thought_does_not_end_the_turn() -> None:
    noticed = run(
        TurnTaker(TurnRules()),
        (0.4, True),
        (0.8, False),
        (0.4, True),
        (0.8, False),
        (0.4, True),
        (1.0, False),
    )
    assert names(noticed) == ["started", "insisted", "ended"]


def test_the_wait_is_a_setting() -> None:
    noticed = run(TurnTaker(TurnRules(end_of_speech=1.5)), (0.4, True), (1.4, False), (0.2, True), (1.6, False))
    assert names(noticed) == ["started", "insisted", "ended"]


def test_clicks_neither_begin_nor_prolong_a_turn() -> None:
    taker = TurnTaker(TurnRules())
    assert run(taker, *[(0.04, True), (0.2, False)] * 20) == []
    run(taker, (0.4, True))
    assert names(run(taker, (0.5, False), (0.04, True), (0.38, False))) == ["ended"]


def test_silence_counts_only_while_the_caller_is_expected_to_speak() -> None:
    taker = TurnTaker(TurnRules(no_input=6.0))
    assert run(taker, (60.0, False)) == []
    taker.expect()
    assert run(taker, (6.5, False)) == [(6.0, TurnEvent.no_input)]
    taker.rest()
    assert run(taker, (60.0, False)) == []


def test_a_silent_caller_is_noticed_again_and_again() -> None:
    taker = TurnTaker(TurnRules(no_input=6.0))
    taker.expect()
    assert names(run(taker, (18.5, False))) == ["no_input"] * 3


def test_whoever_begins_at_the_last_moment_is_not_asked_whether_he_is_there() -> None:
    taker = TurnTaker(TurnRules(no_input=6.0))
    taker.expect()
    assert names(run(taker, (5.96, False), (0.5, True), (1.0, False))) == ["started", "insisted", "ended"]


def test_half_a_second_of_speech_insists_a_cough_does_not() -> None:
    taker = TurnTaker(TurnRules())
    assert names(run(taker, (0.4, True), (1.0, False))) == ["started", "ended"]
    assert names(run(taker, (0.6, True))) == ["started", "insisted"] and taker.insists
    run(taker, (1.0, False))
    assert not taker.insists


def test_a_turn_of_a_minute_is_closed_and_the_next_begins_at_once() -> None:
    taker = TurnTaker(TurnRules(longest=60.0))
    noticed = run(taker, (150.0, True), (1.0, False))
    assert names(noticed) == ["started", "insisted", "too_long", "insisted", "too_long", "insisted", "ended"]
    assert noticed[2][0] == 60.0 and noticed[4][0] == 120.0
