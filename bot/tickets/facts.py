"""What a ticket knows beside its own fields: every fact that somebody writes, and what it holds."""

from __future__ import annotations

from typing import Any, TypedDict

#: the fact of a case that stands for many reports: how many
GROUPED = "grouped"


class Told(TypedDict, total=False):
    """What a conversation finds out on the way and staff are told: "yes", or what was said (actions/words.yml, told)."""

    oxygen: str
    #: another machine or treatment that needs power: 透析, 输液
    medical: str
    bedridden: str
    child: str
    alone: str
    #: years, as they were said
    old: str
    #: since when, as it was said
    since: str
    #: to be rung instead of the reporter's
    other_phone: str
    #: when the resident is at home or wants somebody to come, as it was said
    wanted_at: str
    neighbours_have_power: str


class Facts(Told, total=False):
    """JSON beside a ticket. A fact that nobody writes is not here; tests/tickets/test_facts.py holds that."""

    #: the finer act that began it, where its kind has several: report_outage/low_voltage (bot/tickets/kinds.py)
    act: str
    #: what is in danger: fire, shock, line, … (bot/tickets/intake/danger.yml)
    danger: str
    wants_a_person: bool
    #: calls about it after the first, and how many others reported the same danger
    called_again: int
    also_reported: int
    #: this stands for so many reports of one source (bot/tickets/life/flooding.py), and what the first of them named
    grouped: int
    of_reports: dict[str, str]

    # What was asked on the way: yes, no or unsure.
    smell: str
    neighbours: str
    reset_done: str
    same_outage: str

    # What the registry adds for staff.
    #: {"amount": str, "months": int}
    owed: dict[str, Any]
    vulnerable: bool
    #: staff numbers of those whom the resident complains of: it is kept from them, whatever kind it has
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
    #: what a broken-off call was about (its first open matter), and what it had reported before
    kind: str
    tickets: list[str]
    unfinished: bool
    #: of this matter no place was said; it is that of the conversation's others
    place_of_another: bool
    understood_later: str

    #: what Gege made of the report, while it waits for 对 or 改: {"kind": str, "grid_no": str, "household_no": str | None}
    proposed: dict[str, Any]

    # What the resident said of it later.
    said_solved: bool
    #: number of the outage that is over and has left this home dark, or true
    still_dark: str | bool
