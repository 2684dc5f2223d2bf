"""What a ticket knows beside its own fields: every fact that somebody writes, and what it holds."""

from __future__ import annotations

from typing import Any, TypedDict


class Facts(TypedDict, total=False):
    """JSON beside a ticket. A fact that nobody writes is not here; tests/tickets/test_facts.py holds that."""

    # What was asked on the way: yes, no or unsure.
    smell: str
    neighbours: str
    reset_done: str
    same_outage: str
    oxygen: str

    # What the registry adds for staff.
    #: {"amount": str, "months": int}
    owed: dict[str, Any]
    vulnerable: bool
    #: staff numbers of those whom a complaint is about
    complained_of: list[str]

    # What was said and names no row.
    household_no_said: str
    grid_no_said: str
    #: the reporter must not hear the grid: only a 户号 or a name led there; what they were told instead
    grid_told: str

    # How it came, when no machine understood it or a call broke off.
    reason: str
    recording: str
    call_id: str
    #: dropped, interrupted, not_reached
    call_back: str
    #: the kind that a broken-off call was about, and what it had reported before
    kind: str
    tickets: list[str]
    unfinished: bool
    understood_later: str

    # What the resident said of it later.
    said_solved: bool
    #: number of the outage that is over and has left this home dark, or true
    still_dark: str | bool
