"""The Chinese names of kinds, states, activities, intents and roles: one table (labels.yml) for all who show or say them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load
from bot.grid.role_names import role_names
from bot.tickets.kinds import finer, further


@dataclass(frozen=True)
class KindName:
    """What a kind of ticket is called."""

    #: in messages and on pages
    written: str
    #: to whoever reported it, or is rung for it: 您讲的…
    spoken: str


@dataclass(frozen=True)
class OwnState:
    """What a state of a ticket is called to whoever reported it."""

    whole: str
    #: on the way from reported to closed; empty for what is no step of it
    step: str = ""


@dataclass(frozen=True)
class Labels:
    """Every name, by table. The methods give the name itself where there is none (rows of an older Gege)."""

    gege: str
    you: str
    ticket: str
    urgent: str
    chat_begins: str
    heard: str
    understood: str
    nothing: str
    key: str
    kinds: dict[str, KindName]
    states: dict[str, str]
    #: what stands instead of a state while a report waits for 对 or 改
    unconfirmed: str
    own_states: dict[str, OwnState]
    fields: dict[str, str]
    activities: dict[str, str]
    notification_states: dict[str, str]
    intents: dict[str, str]
    #: who did something, where it is nobody on the staff list
    people: dict[str, str]
    no_tickets: str
    no_notifications: str
    no_calls: str
    #: heads of the call log, and how a call ended
    call_fields: dict[str, str]
    call_outcomes: dict[str, str]
    going_on: str

    def kind(self, name: str) -> str:
        """A kind of ticket, as it is written."""
        return self.kinds[name].written if name in self.kinds else name

    def spoken_kind(self, name: str) -> str:
        """A kind of ticket, as it is said aloud."""
        return self.kinds[name].spoken if name in self.kinds else name

    def act(self, name: str) -> str:
        """What a finer act than its kind is called; empty where the kind says it all."""
        return finer().get(name, "")

    def state(self, name: str) -> str:
        """A state of a ticket."""
        return self.states.get(name, name)

    def own_state(self, name: str) -> str:
        """A state of a ticket, to whoever reported it."""
        return self.own_states[name].whole if name in self.own_states else ""

    def own_steps(self) -> list[tuple[str, str]]:
        """(state, word) of each step from reported to closed, to whoever reported it."""
        return [(name, state.step) for name, state in self.own_states.items() if state.step]

    def activity(self, name: str) -> str:
        """What was done with a ticket."""
        return self.activities.get(name, name)

    def notification_state(self, name: str) -> str:
        """Whether a message has arrived."""
        return self.notification_states.get(name, name)

    def intent(self, name: str) -> str:
        """What somebody wanted, as the dialogue understood it."""
        return self.intents.get(name, name)

    def role(self, name: str) -> str:
        """What somebody is in the grid."""
        return role_names().get(name, name)


@cache
def labels() -> Labels:
    """The table, and the names of the kinds that flows add."""
    table = load(Labels, Path(__file__).with_name("labels.yml"))
    own = {name: KindName(one.written, one.spoken) for name, one in further().items()}
    return dataclasses.replace(table, kinds={**table.kinds, **own})
