"""Flows: which parts a kind of matter needs, in what order, and what is said on the way (nlu/flows, one file a topic)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from bot.foundation.words import load
from bot.settings import PROJECT

FOLDER = PROJECT / "nlu" / "flows"


@dataclass(frozen=True)
class Asked:
    """A question of a flow: asked when every answer in `when` was given so, and `said` (a word of words.yml) was said."""

    ask: str
    when: dict[str, str] = field(default_factory=dict)
    said: str = ""


@dataclass(frozen=True)
class Effect:
    """What an answer does beside being kept."""

    say: str = ""
    urgent: bool = False
    #: what the matter is called when it is read back
    called: str = ""
    #: the flow that it follows from now on
    becomes: str = ""
    #: nothing is left to do, and nobody has to come
    ends: bool = False


@dataclass(frozen=True)
class Flow:
    """nlu/flows/<name>.yml."""

    #: kind of the ticket
    kind: str
    #: acts that begin it
    begins: tuple[str, ...] = ()
    #: acts of these intents that do not: they are questions, and are answered
    but_not: tuple[str, ...] = ()
    #: matters of one group are one matter told in many words; of different groups they are two
    group: str = ""
    #: of two of its group that one sentence speaks of, the higher is what it is about
    rank: int = 1
    #: what is said when it begins, where the domain has no `utter_<act>`
    intro: str = ""
    #: how it is read back, by act; "" for any other
    called: dict[str, str] = field(default_factory=dict)
    asks: tuple[Asked, ...] = ()
    #: question → answer → what it does
    answers: dict[str, dict[str, Effect]] = field(default_factory=dict)
    #: answers and facts that stand on the ticket
    facts: tuple[str, ...] = ()
    #: what is said when it is logged, instead of the usual
    logged: str = ""
    #: a kind of its own: its names, who has it and how long it may take (bot/tickets/kinds.py reads these)
    written: str = ""
    spoken: str = ""
    owner: str = ""
    working_days: int = 0

    def names(self) -> list[str]:
        """What it may be called when it is read back, beside its kind's name."""
        effects = (effect.called for answers in self.answers.values() for effect in answers.values())
        return [name for name in (*self.called.values(), *effects) if name]

    def of_act(self, table: dict[str, str], act: str) -> str:
        """What a table by act has for this one, else for its intent, else for any."""
        return table.get(act) or table.get(act.split("/")[0]) or table.get("", "")


@cache
def flows() -> dict[str, Flow]:
    """Every flow by its name (the file's)."""
    return {file.stem: load(Flow, file) for file in sorted(FOLDER.glob("*.yml"))}


@cache
def _begun_by() -> dict[str, str]:
    return {act: name for name, flow in flows().items() for act in flow.begins}


@cache
def _left() -> frozenset[str]:
    return frozenset(act for flow in flows().values() for act in flow.but_not)


def flow_of(act: str) -> str | None:
    """The flow that an act begins: its own, else that of its intent; None when it begins none."""
    table = _begun_by()
    return table.get(act) or (None if act in _left() else table.get(act.split("/")[0]))
