"""What a call is about: a stack of matters, and what else the conversation has to remember between two turns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

#: how far a matter is
OPEN, LOGGED, OVER = "open", "logged", "over"
#: of what was said about one matter, so many sentences are kept
_SENTENCES = 40


@dataclass
class Matter:
    """One thing that somebody calls about: which flow it follows, where, for whom, what was answered, how far it is."""

    flow: str
    #: what it is, more finely (nlu: an intent or one of its acts)
    act: str = ""
    state: str = OPEN
    said: list[str] = field(default_factory=list)
    #: the utterance that began it: one utterance makes one ticket
    utterance_id: str | None = None
    #: as it was said, digits as digits
    place: str = ""
    #: the part that is asked for
    place_ask: str | None = None
    place_tries: int = 0
    #: a place outside the county that was named
    outside: str = ""
    household_no: str | None = None
    grid_no: str | None = None
    #: None: not asked; "": asked, and nobody knows
    householder: str | None = None
    #: a 户号 as it was said
    account: str = ""
    #: answers to the questions of its flow, by question: yes, no, unknown
    answers: dict[str, str] = field(default_factory=dict)
    #: what staff are told beside (bot/tickets/facts.py)
    facts: dict[str, Any] = field(default_factory=dict)
    urgent: bool = False
    #: number of the outage that the caller was told of
    outage_told: str = ""
    #: what is said at its beginning was said
    introduced: bool = False
    denied: int = 0
    #: a place that was denied, until another is said
    denied_place: str = ""
    ticket_no: str = ""

    @property
    def open(self) -> bool:
        return self.state == OPEN

    def hear(self, text: str) -> None:
        """Keep a sentence that belongs to it."""
        if text and text not in self.said[-2:] and len(self.said) < _SENTENCES:
            self.said.append(text)

    @property
    def words(self) -> str:
        """All that was said of it."""
        return " / ".join(self.said)

    @property
    def where(self) -> tuple[str, str | None, str | None]:
        """Place, household and grid."""
        return self.place, self.household_no, self.grid_no

    def settle(self, household_no: str | None, grid_no: str | None, ask: str | None) -> None:
        """What a look-up says of its place."""
        self.household_no, self.grid_no, self.place_ask = household_no, grid_no, ask

    def same_place_as(self, other: Matter) -> None:
        """Take the place of another matter of the same call."""
        for name in ("place", "outside", "household_no", "grid_no", "householder", "account"):
            setattr(self, name, getattr(other, name))
        if own := other.answers.get("own_home"):
            self.answers["own_home"] = own
        if self.place or self.household_no:
            self.place_ask, self.place_tries = other.place_ask, other.place_tries

    def as_json(self) -> dict[str, Any]:
        """What differs from a matter that has just begun."""
        fresh = asdict(Matter(self.flow))
        return {"flow": self.flow} | {name: value for name, value in asdict(self).items() if value != fresh[name]}


@dataclass
class Memory:
    """What a conversation remembers beside its matters."""

    #: turns in a row that brought nothing
    nothing: int = 0
    #: what was said and belongs to no matter yet
    unheard: list[str] = field(default_factory=list)
    #: households whose people this caller has proven to belong to
    verified: list[str] = field(default_factory=list)
    proof_tries: int | None = None
    #: ticket that the open question is about
    ticket_no: str = ""
    #: what was asked last, and how often in a row
    asked: str = ""
    times: int = 0
    #: staff whom this caller complained of
    complained_of: list[str] = field(default_factory=list)
    #: kinds of danger whose safety words were said
    dangers: list[str] = field(default_factory=list)
    #: a danger is not over yet
    in_danger: bool = False
    #: the sentence that may have been danger
    maybe_danger: str = ""
    #: it was asked whether there is danger, of a sentence in which no word speaks of any
    wondered: bool = False
    greeted: bool = False
    #: a question was answered
    answered: bool = False
    #: what Gege said last, and how often in a row
    replied: str = ""
    replied_times: int = 0
    #: the number that was given to the caller last
    named: str = ""
    #: a person was put on, or told
    given: bool = False
    #: a place that was said before anybody knew what it was about
    place: str = ""

    @property
    def unheard_danger(self) -> bool:
        """Among what was not understood is a word of danger, and nobody has said yet that it is none."""
        return bool(self.maybe_danger) and self.maybe_danger in self.unheard

    def as_json(self) -> dict[str, Any]:
        fresh = asdict(Memory())
        return {name: value for name, value in asdict(self).items() if value != fresh[name]}


def memory_of(kept: Any) -> Memory:
    """Of what `as_json` gave; what an older Gege kept is left out."""
    return Memory(**_known(Memory, kept or {}))


def matters_of(kept: Any) -> list[Matter]:
    """Of a list of what `as_json` gave."""
    return [Matter(**_known(Matter, one)) for one in kept or () if one.get("flow")]


def _known(kind: type, kept: dict[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in kept.items() if name in names}
