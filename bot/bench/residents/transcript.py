"""One conversation as it went: what was meant, heard and answered, and what is on file at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.bench.residents.goals import Goal
from bot.bench.residents.resident import Act


@dataclass(frozen=True)
class Turn:
    """One turn: `meant` is what the resident said, `heard` what the channel made of it."""

    act: Act
    meant: str
    heard: str
    reply: str
    question: str | None = None
    tickets: tuple[str, ...] = ()
    hand_over: bool = False
    ended: bool = False
    #: she has said by now where it is
    placed: bool = False
    ms: float = 0.0


@dataclass
class Transcript:
    """A conversation and the tickets at its end, as `gege converse` shows them; `earlier` are those of the call before."""

    goal: Goal
    turns: list[Turn] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    earlier: tuple[str, ...] = ()
    set_up: bool = True

    def lines(self) -> list[str]:
        """The conversation to read: `>` the resident, `<` Gege, `=` tickets."""
        told = []
        for turn in self.turns:
            meant = "" if turn.meant == turn.heard else f"   [meant: {turn.meant}]"
            told += [f"> {turn.heard}{meant}", f"< {turn.reply}" + ("   [a person]" if turn.hand_over else "")]
        for card in self.tickets:
            urgent = " urgent" if card["urgent"] else ""
            told.append(
                f"= {card['kind']}{urgent}, grid {card['grid_no']}, household {card['household_no']}, owner {card['owner']}, "
                f"place {card['place'] or '–'}, {card['state']}, facts {', '.join(card['facts']) or '–'}"
            )
        return told
