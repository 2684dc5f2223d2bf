"""The table of docs/calls.md is what the state machine does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.settings import PROJECT
from bot.voice.call_life import UNHEARD_S, CallLife, Decision, End, Stage

COLUMNS = ("the caller hangs up", "the caller is still there", "who was rung hangs up", "nothing more is heard")
WORDS = {End.complete: "complete", End.call_back: "call-back", End.reached: "reached"}
#: well after everything that is waited for
LATE = 10_000.0


def conversation(outcome: str, *, ticket_no: str | None = None, unsettled: bool = False) -> Callable[[CallLife], None]:
    def happen(life: CallLife) -> None:
        life.take(0.0)
        life.decide(Decision(outcome, "", ticket_no, unsettled), 1.0)
        life.hang_up(1.0)

    return happen


def rung(*, answers: bool = False, hears: bool = False) -> Callable[[CallLife], None]:
    def happen(life: CallLife) -> None:
        conversation("hand_over")(life)
        life.ring(1.5)
        if answers:
            life.answer(1.5)
        if hears:
            life.told(True, 1.5)

    return happen


#: rows: the stage, how a call comes there, seconds that it has been there
ROWS: dict[str, tuple[Callable[[CallLife], None], float]] = {
    "announced, not taken by Gege": (lambda life: None, 1.0),
    "broken off, something open": (conversation("hung_up", unsettled=True), 0.5),
    "broken off, nothing open": (conversation("hung_up"), 0.5),
    "broken off, a ticket logged": (conversation("hung_up", ticket_no="GD1"), 0.5),
    "goodbye was said": (conversation("goodbye"), 0.5),
    "told of the outage at his own house, said nothing and hung up": (conversation("told", unsettled=True), 0.5),
    "a message was left": (conversation("message"), 0.5),
    "a person is wanted": (conversation("hand_over", ticket_no="GD1"), 0.5),
    "Gege failed, something open": (conversation("failed", unsettled=True), 0.5),
    "Gege stops, something open": (conversation("stopped", unsettled=True), 0.5),
    "ringing": (rung(), 5.0),
    "whispering": (rung(answers=True), 5.0),
    "connected for less than 3 s": (rung(answers=True, hears=True), 2.0),
    "connected for 3 s": (rung(answers=True, hears=True), 3.0),
}


def cells(come: Callable[[CallLife], None], seconds: float) -> list[str]:
    def life() -> CallLife:
        made = CallLife(0.0, followed=True)
        come(made)
        return made

    at = life().since + seconds
    people = life().stage in (Stage.ringing, Stage.whispering, Stage.connected)
    found = []
    for event in ("leave", "stay", "part", "unheard"):
        it = life()
        if event == "leave":
            it.leave(at)
        elif event == "part" and people:
            # Dial says ANSWER of whoever had answered.
            it.part(it.stage is not Stage.ringing, at)
        elif event == "unheard" and not (it.stage is Stage.connected and seconds < 3.0):
            it.unheard(LATE)
        elif event != "stay" or people:
            found.append("–")
            continue
        wanted = it.verdict is None and it.wants_a_person(at)
        found.append("the next one is rung" if wanted else f"{WORDS[it.verdict.end]}: `{it.verdict.outcome}`")  # type: ignore[union-attr]
    return found


def table() -> str:
    head = ["", *COLUMNS]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    lines += [f"| {name} | {' | '.join(cells(*row))} |" for name, row in ROWS.items()]
    return "\n".join(lines)


def test_the_table_in_the_documents_is_what_calls_do() -> None:
    assert table() in (PROJECT / "docs" / "calls.md").read_text("utf-8"), table()


@pytest.mark.parametrize("name", list(ROWS)[1 : list(ROWS).index("ringing")])
def test_a_call_whose_line_is_the_caller_comes_to_what_hanging_up_comes_to(name: str) -> None:
    """Browser, outgoing, `gege call`: nobody goes on when the line is down."""
    come, seconds = ROWS[name]
    life = CallLife(0.0, followed=False)
    come(life)
    assert life.verdict is not None
    assert f"{WORDS[life.verdict.end]}: `{life.verdict.outcome}`" == cells(come, seconds)[0]


def test_every_stage_but_the_last_has_an_end_of_its_own() -> None:
    assert set(UNHEARD_S) == set(Stage) - {Stage.settled}
