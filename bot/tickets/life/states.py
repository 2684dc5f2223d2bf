"""The ticket's life: which state may follow which."""

from __future__ import annotations

from bot.tickets.models import State

#: docs/promises.md: reported → acknowledged → on_site → resolved → closed; on_site may be skipped, resolved may reopen.
FOLLOWS: dict[State, frozenset[State]] = {
    State.reported: frozenset({State.acknowledged, State.cancelled, State.merged}),
    State.acknowledged: frozenset({State.on_site, State.resolved, State.cancelled, State.merged}),
    State.on_site: frozenset({State.resolved, State.cancelled, State.merged}),
    State.resolved: frozenset({State.closed, State.reported}),
    State.closed: frozenset(),
    State.cancelled: frozenset(),
    State.merged: frozenset(),
}

#: somebody still has to do something
OPEN = (State.reported, State.acknowledged, State.on_site)

#: somebody has taken it
TAKEN = (State.acknowledged, State.on_site, State.resolved)


def may_follow(state: str, to: State) -> bool:
    """Whether a ticket in `state` may go to `to`."""
    return to in FOLLOWS[State(state)]
