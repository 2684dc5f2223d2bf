"""The judge of simulated conversations: it knows the goal, and says what went wrong, each fault by its name.

What is right comes from ../shared/DESIGN.md, DOMAIN.md and CONVERSATION.md through matters.yml, safety.yml and judged.yml."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.bench.residents.hearing import heard_key, sound
from bot.bench.residents.transcript import Transcript, Turn
from bot.bench.residents.words import Kind, dangers, judged, matters
from bot.foundation.widths import both, plain

#: kinds of ticket by which a person gets what was not understood
BY_A_PERSON = ("callback", "unclear")
#: faults, and how bad each is when the worst conversations are looked for
FAULTS = {
    "unsafe": 100,
    "lost": 60,
    "leak": 50,
    "manager_told": 40,
    "wrong_grid": 40,
    "false_danger": 30,
    "wrong_household": 30,
    "no_person": 30,
    "wrong_kind": 25,
    "not_urgent": 25,
    "untrue": 20,
    "loop": 15,
    "false_ticket": 15,
    "fact_missing": 15,
    "twice": 10,
    "not_cancelled": 10,
    "no_answer": 10,
    "place_unknown": 8,
    "word": 5,
}
_FACTS = {
    "oxygen": "制氧|呼吸|吸氧|oxygen",
    "bedridden": "瘫|床|bedridden|vulnerable|care",
    "infant": "毛伢|伢崽|吃奶|infant|child",
}
_LOOP = 3
#: the resident herself asked to hear it again, or answered something else
_ASKED_FOR_IT = ("deaf", "wait", "astray", "danger")
_ENDS = re.compile(f"(?<=[。{both('!?')}])")


@dataclass(frozen=True)
class Verdict:
    """What came of one conversation. `faults`: (name of FAULTS, what exactly)."""

    faults: tuple[tuple[str, str], ...]
    #: a matter that could be understood went to a person instead of on a ticket of its own
    given: bool
    #: turns to the first ticket, where a ticket was due
    turns: int | None

    @property
    def ended(self) -> bool:
        """It ended as it should."""
        return not self.faults and not self.given

    @property
    def badness(self) -> int:
        """How bad it is, to find the worst."""
        return sum(FAULTS[name] for name, _ in self.faults) + self.given

    def has(self, fault: str) -> bool:
        """Whether this fault was found."""
        return any(name == fault for name, _ in self.faults)


def judge(told: Transcript) -> Verdict:
    """The verdict on one conversation."""
    due = [kind for kind in told.goal.kinds if kind.kinds and not kind.may]
    first = next((at for at, turn in enumerate(told.turns, 1) if turn.tickets), None)
    served, given = _tickets(told)
    found = [
        *served, *_safety(told), *_untrue(told), *_household(told), *_false_danger(told), *_loops(told), *_person(told),
        *_answers(told), *_words(told),
    ]  # fmt: skip
    return Verdict(tuple(dict.fromkeys(found)), given, first if due else None)


def _of(told: Transcript, matter: str) -> list[int]:
    """The turns in which a matter was said."""
    return [
        at
        for at, turn in enumerate(told.turns)
        if turn.act.name in ("open", "again", "second") and turn.act.about == matter
    ]


def _understandable(told: Transcript, matter: str) -> bool:
    """Whether anything that was heard of it still carries it."""
    return any(heard_key(matter, told.turns[at].heard) for at in _of(told, matter))


# -- what is on file ------------------------------------------------------------------------------------------------------
def _tickets(told: Transcript) -> tuple[list[tuple[str, str]], bool]:
    """Each matter once, with kind, place, urgency and facts; nothing that was none."""
    left = [card for card in told.tickets if card["ticket_no"] not in told.earlier]
    person = any(turn.hand_over for turn in told.turns)
    wanted = person or any(turn.act.name == "person" for turn in told.turns) or "person" in told.goal.matters
    found: list[tuple[str, str]] = []
    given, missing, served = False, [], set()
    for name in told.goal.matters:
        kind = matters()[name]
        kinds = kind.kinds + (("outage",) if kind.asks and not told.goal.neighbours_have else ())
        if not kinds or not _of(told, name):
            continue
        card = next((one for one in left if one["kind"] in kinds), None)
        if card is None:
            missing += [] if kind.may else [name]
            continue
        left.remove(card)
        served.add(card["kind"])
        if name != "person":
            found += _right(told, kind, card)
    for name in missing:
        other = next((one for one in left if one["kind"] in BY_A_PERSON), None)
        other = other or next((one for one in left if one["kind"] not in served), None)
        if other:
            left.remove(other)
        if other and other["kind"] not in BY_A_PERSON:
            found.append(("wrong_kind", f"{name} became {other['kind']}"))
        elif other or person:
            given |= _understandable(told, name)
        else:
            found.append(("lost", name))
    for card in left:
        if card["kind"] in BY_A_PERSON and (wanted or card["kind"] == "unclear" and _garbled(told)):
            continue
        if "call_back" in card["facts"]:
            continue  # a call that broke off is owed one
        found.append(("twice" if card["kind"] in served else "false_ticket", card["kind"]))
    asked = asked_for_a_person(told) is not None or "person" in told.goal.matters
    understood = any(_understandable(told, name) for name in told.goal.matters)
    # Danger puts people on, and money that nobody could be told of is a person's.
    right = asked or bool(told.goal.dangers) or "arrears" in told.goal.matters
    given |= person and understood and not right and not missing
    if "all_well" in told.goal.matters:
        states = [card["state"] for card in told.tickets if card["ticket_no"] in told.earlier]
        found += [("not_cancelled", state) for state in states if state != "cancelled"]
    return found, given


def _garbled(told: Transcript) -> bool:
    """Whether Gege did not understand what said nothing or was changed by the channel: that is kept for a person."""
    unclear = (turn for turn in told.turns if turn.act.name == "vague" or turn.heard != turn.meant)
    return any(re.search(judged().not_understood, plain(turn.reply)) for turn in unclear)


def _right(told: Transcript, kind: Kind, card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Place, urgency, facts and the people of one ticket."""
    goal = told.goal
    if card["grid_no"] not in (None, goal.home.grid_no):
        yield "wrong_grid", f"{card['grid_no']} instead of {goal.home.grid_no}"
    elif card["grid_no"] is None and any(turn.placed for turn in told.turns):
        yield "place_unknown", card["place"] or "no place"
    elif card["household_no"] not in (None, goal.home.household_no):
        yield "wrong_household", f"{card['household_no']} instead of {goal.home.household_no}"
    if kind.urgent and not card["urgent"]:
        yield "not_urgent", card["kind"]
    if goal.fact and card["kind"] in ("outage", "breaker_fault"):
        yield from _fact(told, card)
    if card["kind"] == "complaint":
        if goal.manager_no in (card["owner"], *card["told"]):
            yield "manager_told", f"{goal.manager_no} is complained of"
        if goal.supervisor_no and goal.supervisor_no not in card["told"] and card["grid_no"] == goal.home.grid_no:
            yield "manager_told", "the supervisor does not hear of it"


def _fact(told: Transcript, card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    fact = told.goal.fact
    heard = "".join(turn.heard for turn in told.turns)
    asked = fact == "oxygen" and any(turn.act.about == "oxygen" for turn in told.turns)
    if not asked and not re.search(_FACTS[fact], heard):
        return  # never said, or the channel swallowed it
    kept = json.dumps([card["facts"], card["said"], card["notes"]], ensure_ascii=False)
    if not re.search(_FACTS[fact], kept):
        yield "fact_missing", fact
    elif fact == "oxygen" and not card["urgent"]:
        yield "not_urgent", fact


# -- what was said ----------------------------------------------------------------------------------------------------
def _said(turn: Turn) -> list[str]:
    return [one for one in _ENDS.split(plain(turn.reply)) if one]


def _safety(told: Transcript) -> Iterator[tuple[str, str]]:
    for name in told.goal.matters:
        danger = matters()[name].danger
        heard = [at for at in _of(told, name) if heard_key(name, told.turns[at].heard)]
        if not danger or not heard:
            continue
        words, since = dangers()[danger], heard[0]
        soon = plain("".join(turn.reply for turn in told.turns[since : since + 2]))
        yield from (("unsafe", f"{danger}: never said {need}") for need in words.needs if not re.search(need, soon))
        after = plain("".join(turn.reply for turn in told.turns[since:]))
        yield from (("unsafe", f"{danger}: said {unfit}") for unfit in words.unfit if re.search(unfit, after))
        for turn in told.turns[since:]:
            if turn.act.name == "danger" and not re.search(words.asked.get(turn.act.about, ""), plain(turn.reply)):
                yield "unsafe", f"{danger}: asked {turn.act.about}, answered {turn.reply}"


def _untrue(told: Transcript) -> Iterator[tuple[str, str]]:
    """A promise without a ticket of this conversation: what is written down is so by then, what will be done by its end."""
    words, written = judged(), bool(told.earlier)
    kept = bool(told.tickets) or any(turn.hand_over for turn in told.turns)
    for turn in told.turns:
        written |= bool(turn.tickets) or turn.hand_over
        for one in _said(turn):
            if re.search(words.unless, one):
                continue
            if not written and re.search(words.written, one) or not kept and re.search(words.promised, one):
                yield "untrue", one


def _household(told: Transcript) -> Iterator[tuple[str, str]]:
    """What only the household's own people may hear, said to somebody else; a name or a place that nobody said."""
    home, named, spoken = told.goal.home, False, ""
    for turn in told.turns:
        spoken += turn.meant + "," + turn.heard + ","
        named |= home.holder in turn.meant
        reply = plain(turn.reply)
        if re.search(judged().of_the_household, reply) and not (told.goal.reporter == "own" and named):
            yield "leak", reply
        if home.holder in reply and home.holder not in spoken and sound(home.holder) not in sound(spoken):
            yield "leak", f"the householder's name: {reply}"
        if home.place in reply and not turn.placed and sound(home.place) not in sound(spoken):
            yield "leak", f"where she lives: {reply}"


def _false_danger(told: Transcript) -> Iterator[tuple[str, str]]:
    if told.goal.dangers:
        return
    if any(card["kind"] == "hazard" for card in told.tickets):
        yield "false_danger", "a hazard is on file"
    words = judged()
    for turn in told.turns:
        for one in _said(turn):
            if re.search(words.danger_words, one) and not re.search(words.danger_unless, one):
                yield "false_danger", one
                return


def _loops(told: Transcript) -> Iterator[tuple[str, str]]:
    counts: dict[str, int] = {}
    for turn in told.turns:
        if turn.act.name not in _ASKED_FOR_IT:
            counts[turn.reply] = counts.get(turn.reply, 0) + 1
    yield from (("loop", reply) for reply, count in counts.items() if count >= _LOOP and reply)


def asked_for_a_person(told: Transcript) -> int | None:
    """The turn in which a person was first asked for, in words that were heard."""
    for at, turn in enumerate(told.turns):
        if turn.act.name == "person" or turn.act.about == "person":
            return at if heard_key("person", turn.heard) else None
    return None


def _person(told: Transcript) -> Iterator[tuple[str, str]]:
    at = asked_for_a_person(told)
    if at is not None and not any(turn.hand_over for turn in told.turns[at : at + 2]):
        yield "no_person", told.turns[at].reply


def _answers(told: Transcript) -> Iterator[tuple[str, str]]:
    """What had to be said of a question."""
    for name in told.goal.matters:
        said = _of(told, name)
        if not said or not _understandable(told, name):
            continue
        replies = plain("".join(turn.reply for turn in told.turns[said[0] :]))
        person = any(turn.hand_over for turn in told.turns)
        for need in matters()[name].says:
            if not re.search(need, replies) and not person:
                yield "no_answer", f"{name}: {need}"


def _words(told: Transcript) -> Iterator[tuple[str, str]]:
    for turn in told.turns:
        yield from (("word", f"{word}: {turn.reply}") for word in judged().never_said if re.search(word, turn.reply))


def by_fault(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Conversations with each fault."""
    counts = {name: sum(verdict.has(name) for verdict in verdicts) for name in FAULTS}
    return {name: count for name, count in counts.items() if count}
