"""Turn taking, in audio time: nobody sleeps."""

from __future__ import annotations

import pytest

from bot.settings import Settings, TurnSettings, VoiceSettings
from bot.voice.patience import Absence, Patience, goes_on, lacks_digits, rules_of
from bot.voice.turn import Nearness, TurnEvent, TurnRules, TurnTaker

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


def test_who_has_gone_to_look_has_more_patience_and_the_next_silence_is_as_ever() -> None:
    taker = TurnTaker(TurnRules(no_input=6.0))
    taker.expect(20.0)
    assert run(taker, (45.0, False)) == [(20.0, TurnEvent.no_input), (40.0, TurnEvent.no_input)]
    taker.expect()
    assert names(run(taker, (6.5, False))) == ["no_input"]


def test_an_absence_ends_by_itself_or_with_the_next_answer() -> None:
    absence = Absence(Settings())
    assert absence.patience is None and not absence.waits()
    absence.begin(True)
    assert [absence.waits() for _ in range(6)] == [True] * 5 + [False] and absence.patience is None
    absence.begin(True)
    assert absence.patience == 20.0
    absence.begin(False)
    assert absence.patience is None and not absence.waits()


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


def test_a_half_hour_talker_is_answered_every_minute_and_every_second_lies_in_a_turn() -> None:
    taker, inside, at = TurnTaker(TurnRules()), 0.0, 0.0
    closed = []
    for _ in range(round(1800 / FRAME)):
        at += FRAME
        event = taker.hear(FRAME, True)
        inside += FRAME if taker.in_turn else 0.0
        if event is TurnEvent.too_long:
            closed.append(round(at))
    assert closed == [60 * minute for minute in range(1, 31)]
    assert inside >= 1800 - TurnRules().start_of_speech


def test_the_television_does_not_keep_the_turn_open() -> None:
    taker = TurnTaker(TurnRules())
    for _ in range(100):
        taker.hear(FRAME, True)
    events = [event for _ in range(500) if (event := taker.hear(FRAME, True, near=False))]
    assert events == [TurnEvent.ended], "nor does it begin a turn of its own, nor stop Gege"
    assert taker.voiced == pytest.approx(2.0)


def test_the_end_of_a_sentence_that_is_said_softly_belongs_to_it() -> None:
    taker = TurnTaker(TurnRules())
    for near, seconds in ((True, 1.0), (False, 1.5), (True, 0.1), (False, 1.5), (True, 0.5)):
        for _ in range(round(seconds / FRAME)):
            assert taker.hear(FRAME, True, near) in (None, TurnEvent.started, TurnEvent.insisted)
    assert taker.in_turn


def loud(nearness: Nearness, loudness: float, seconds: float, expecting: bool = False) -> list[bool]:
    return [nearness.near(FRAME, loudness, True, expecting) for _ in range(round(seconds / FRAME))]


def test_a_voice_behind_the_caller_is_far_and_nobody_is_far_for_ever() -> None:
    nearness = Nearness()
    assert all(loud(nearness, 3000, 3.0)) and all(loud(nearness, 900, 1.0))
    assert not any(loud(nearness, 300, 20.0)), "while Gege speaks the television stays far"
    waited = loud(nearness, 300, 8.0, expecting=True)
    assert not waited[0] and waited[-1], "who has put the telephone down on the table is heard again"
    assert not nearness.near(FRAME, 9000, False, True)


def test_who_goes_on_at_once_was_cut_off_and_who_waits_was_not() -> None:
    taker = TurnTaker(TurnRules())
    run(taker, (1.0, True), (1.2, False), (1.0, True), (3.0, False), (1.0, True), (1.0, False))
    assert taker.cut_offs == 1


def test_a_longer_wait_holds_for_the_turn_in_which_it_was_asked_for() -> None:
    taker = TurnTaker(TurnRules())
    run(taker, (0.5, True))
    taker.extra = 0.4
    assert run(taker, (1.2, False)) == [] and names(run(taker, (0.2, False))) == ["ended"]


def test_the_hash_key_ends_a_turn_at_once() -> None:
    taker = TurnTaker(TurnRules())
    assert not taker.finish()
    run(taker, (0.5, True))
    assert taker.finish() and not taker.in_turn
    run(taker, (0.5, True))
    assert taker.cut_offs == 0


@pytest.mark.parametrize(
    ("text", "on"),
    [("我的电话是一三八", True), ("沿河路", True), ("住在桃溪社区", True), ("户号", True), ("我家停电了", False),
     ("沿河路二百零六号", False), ("对", False), ("", False)],
)  # fmt: skip
def test_a_number_or_an_address_that_is_being_said_is_waited_for(text: str, on: bool) -> None:
    assert goes_on(text) is on


@pytest.mark.parametrize(
    ("profile", "wait", "found"), [("elder", 0.5, 0.9), ("elder", 1.2, 1.2), ("elder", 3.0, 1.5), ("brisk", 0.5, 0.5)]
)
def test_old_callers_are_never_given_less_time_than_they_need(profile: str, wait: float, found: float) -> None:
    settings = Settings(voice=VoiceSettings(end_of_speech=wait), turns=TurnSettings(profile=profile))  # type: ignore[arg-type]
    assert rules_of(settings).end_of_speech == found


def test_numbers_wait_longest_and_yes_and_no_shortest() -> None:
    patience = Patience(Settings())
    waits = [patience.extra(question, "一三九七一", 0.0) for question in ("confirmed", "place", "proof")]
    assert waits == pytest.approx([1.1, 1.1, 1.1]), (
        "a telephone number that is being spelled is one, whatever was asked"
    )
    assert patience.extra("confirmed", "是", 0.0) == 0.0 and patience.extra("place", "沿河路", 0.0) == 0.4
    slow = [patience.extra(question, "", 3.0) for question in ("confirmed", "place", "number")]
    assert slow == pytest.approx([0.6, 0.9, 1.6]), "the longest wait for who is slow, by what was asked"


@pytest.mark.parametrize(
    ("text", "question", "lacks"),
    [("一三九七一", "", True), ("一三九七一八零零一二三", "", False), ("我的电话是一三九", "place", True), ("四二二", "proof", True),
     ("四二二一", "proof", False), ("户号四二二一零", "", True), ("二零六", "number", True), ("二百零六号", "number", False),
     ("十八", "number", False), ("", "proof", False)],
)  # fmt: skip
def test_a_number_in_its_middle_is_not_cut(text: str, question: str, lacks: bool) -> None:
    assert lacks_digits(text, question) is lacks


def test_who_pauses_is_waited_for_a_little_longer_than_he_has_paused() -> None:
    taker, patience = TurnTaker(TurnRules()), Patience(Settings())
    assert patience.extra("what", "", taker.paused) == 0.0
    run(taker, (1.0, True), (0.3, False), (1.0, True), (2.5, False))
    assert taker.paused == 0.0, "the rhythm of speech is no pause"
    run(taker, (1.0, True), (0.6, False), (1.0, True), (2.5, False))
    assert taker.paused == 0.0, "until it is known that it was he"
    taker.learn()
    assert taker.paused == pytest.approx(0.6, abs=0.05) and patience.extra("what", "", taker.paused) == 0.0
    run(taker, (1.0, True), (1.2, False), (1.0, True), (2.5, False))
    taker.learn()
    assert taker.cut_offs == 1 and taker.paused == pytest.approx(1.2, abs=0.05), "what he was cut off by was his pause"
    assert patience.extra("what", "", taker.paused) == pytest.approx(1.2 * 1.1 + 0.15 - 0.9, abs=0.06)


def test_patience_never_goes_beyond_the_longest_wait() -> None:
    patience = Patience(Settings())
    patience.added = 0.6
    assert patience.extra("what", "", 0.0) == pytest.approx(0.6)
    assert patience.extra("confirmed", "沿河路", 5.0) == pytest.approx(0.6)
    assert Patience(Settings(turns=TurnSettings(longest_wait=0.9))).extra("confirmed", "", 5.0) == 0.0


def test_what_was_no_caller_is_silence_and_the_caller_is_waited_for_as_before() -> None:
    taker = TurnTaker(TurnRules(no_input=6.0))
    taker.expect()
    assert names(run(taker, (2.0, False), (0.6, True), (1.0, False))) == ["started", "insisted", "ended"]
    taker.rest()
    taker.expect(still=True)
    assert run(taker, (4.0, False)) == [(2.52, TurnEvent.no_input)]
    taker.expect()
    assert run(taker, (5.9, False)) == []
