"""The dial plan that ships with Gege, walked through: whatever fails, the caller comes to a person.

tests/exchange plays the same plan on a real Asterisk."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest

from tests.voice.dial_plan import STATION, Pbx, TimedOut, read

MANAGER, ASSISTANT = "13900000001", "13900000002"
CONTEXTS = {
    "from-trunk", "from-station", "gege", "gege-watch", "gege-person", "gege-status", "gege-ring", "gege-whisper",
    "gege-tell", "gege-over", "gege-told",
}  # fmt: skip


def every_application() -> list[tuple[str, str]]:
    return [
        (context, step.application)
        for context, extensions in read()[1].items()
        for steps in extensions.values()
        for step in steps
    ]


def test_every_line_is_a_dial_plan_and_every_jump_leads_somewhere() -> None:
    _, plan = read()
    assert set(plan) == CONTEXTS
    for context, extensions in plan.items():
        for extension, steps in extensions.items():
            for step in steps:
                assert step.application.count("(") == step.application.count(")"), step.application
                jump = re.fullmatch(r"(?:Goto|Gosub)\((.*)\)|GotoIf\(.*\]\?(.*)\)", step.application)
                for target in (jump[1] or jump[2]).split(":") if jump and "${EXTEN}" not in step.application else ():
                    *where, label = target.split(",")
                    there = plan[where[-2] if len(where) > 1 else context][where[-1] if where else extension]
                    assert label == "1" or label in {each.label for each in there}, f"{context}: {step.application}"
        for used in re.findall(r"(?:U\(|Local/[^@]*@|hangup_handler_push\)=)([\w-]+)", str(extensions)):
            assert used in plan, used


def test_audiosocket_never_stands_alone() -> None:
    for _, application in every_application():
        if "AudioSocket" in application:
            assert re.search(r"TryExec\(AudioSocket\(|^Dial\(AudioSocket/.*,,gI\)$|^Set\(TALK=", application), (
                application
            )


def test_every_question_to_gege_ends_after_a_time() -> None:
    for context, extensions in read()[1].items():
        for steps in extensions.values():
            for before, step in itertools.pairwise(steps):
                # [gege-tell] is the other half of a Dial that waits four seconds.
                if step.application.startswith("AGI(") and context != "gege-tell":
                    assert re.fullmatch(r"Set\(TIMEOUT\(absolute\)=[1-9]\d?\)", before.application), step.application
                    assert context == "gege-told" or "T" in extensions, f"{context}: who goes on after the limit?"


def test_a_human_number_is_set_before_anybody_is_asked() -> None:
    applications = [application for context, application in every_application() if context == "gege"]
    human = applications.index("Set(NEXT=${GEGE_DEFAULT})")
    assert human < min(at for at, each in enumerate(applications) if each.startswith(("AGI", "Dial", "Answer")))


def test_nobody_is_dialled_from_outside() -> None:
    for context, application in every_application():
        if context in ("from-trunk", "from-station"):
            assert application.startswith(("Set(", "Goto", "Gosub(", "Return("))


class Gege:
    """Answers `/start` and `/next` from lists; `hangs` and `dead` from the n-th question on."""

    def __init__(self, start: dict[str, str], following: list[str], hangs: int = 99, dead: int = 99) -> None:
        self.start, self.following, self.hangs, self.dead = start, list(following), hangs, dead
        self.asked: list[str] = []

    def __call__(self, script: str, variables: dict[str, str]) -> dict[str, str] | None:
        self.asked.append(script)
        if len(self.asked) >= self.hangs:
            raise TimedOut
        if len(self.asked) >= self.dead:
            return None
        if script.startswith("start"):
            return self.start
        return {"NEXT": self.following.pop(0) if self.following else ""}


def ends(**people: tuple[str, float | None]) -> Callable[[str], tuple[str, float | None]]:
    """How ringing each person ends; Gege's own conversation is ANSWER."""
    known = {MANAGER: people.get("manager"), ASSISTANT: people.get("assistant"), STATION: people.get("station")}
    return lambda what: known.get(what) or (("NOANSWER", None) if what.isdecimal() else ("ANSWER", None))


TALKS, HANGS_UP_AT_ONCE, BUSY = ("ANSWER", 30.0), ("ANSWER", 1.0), ("BUSY", None)


def test_gege_says_who_is_rung_and_when_it_is_over() -> None:
    gege = Gege({"NEXT": MANAGER}, [MANAGER, ASSISTANT, ""])
    pbx = Pbx(gege, ends(manager=BUSY, assistant=TALKS))
    pbx.run()
    assert pbx.rung == [MANAGER, ASSISTANT]
    assert [re.search(r"status=(\w*)", each)[1] for each in gege.asked[1:]] == ["", "BUSY", "ANSWER"]  # type: ignore[index]


@pytest.mark.parametrize("how", ["dead", "hangs"])
def test_with_gege_down_or_hanging_the_default_number_rings_and_whoever_answered_is_not_rung_again(how: str) -> None:
    pbx = Pbx(Gege({}, [], **{how: 1}), ends(station=TALKS))
    pbx.run()
    assert pbx.rung == [STATION] and "Answer()" not in pbx.done, "the caller pays for nothing before a person answers"


@pytest.mark.parametrize("how", ["dead", "hangs"])
@pytest.mark.parametrize("question", [2, 3])
def test_with_gege_gone_in_the_middle_its_number_rings_then_the_default_each_once(how: str, question: int) -> None:
    pbx = Pbx(Gege({"NEXT": MANAGER}, [MANAGER], **{how: question}), ends())
    pbx.run()
    assert pbx.rung == [MANAGER, STATION]


def test_a_gege_that_was_started_again_rings_nobody_twice() -> None:
    pbx = Pbx(Gege({"NEXT": MANAGER}, [MANAGER, MANAGER, ASSISTANT, ""]), ends())
    pbx.run()
    assert pbx.rung == [MANAGER, ASSISTANT]


def test_who_hangs_up_within_three_seconds_or_in_the_whisper_has_not_taken_it() -> None:
    for ended in (HANGS_UP_AT_ONCE, ("ANSWER", None)):
        gege = Gege({"NEXT": MANAGER}, [MANAGER, ASSISTANT, ""])
        pbx = Pbx(gege, ends(manager=ended, assistant=TALKS))
        pbx.run()
        assert pbx.rung == [MANAGER, ASSISTANT] and "status=NOANSWER" in gege.asked[2]


def test_a_full_gege_rings_its_first_one_without_answering() -> None:
    pbx = Pbx(Gege({"NEXT": MANAGER, "GEGE": "full"}, [ASSISTANT, ""]), ends())
    pbx.run()
    assert pbx.rung == [MANAGER, ASSISTANT] and not any("AudioSocket" in each for each in pbx.done)


def test_our_own_ringing_that_comes_back_is_busy_and_tells_nobody() -> None:
    pbx = Pbx(Gege({"NEXT": "", "GEGE": "busy"}, []), ends())
    assert pbx.run() == "17" and not any("gege-over" in each for each in pbx.done)


def test_a_gege_that_never_ends_does_not_keep_a_caller_in_a_circle() -> None:
    pbx = Pbx(Gege({"NEXT": MANAGER}, [MANAGER] * 100), ends())
    pbx.run()
    assert pbx.rung == [MANAGER]
