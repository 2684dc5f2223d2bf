"""Who of the staff looked at what is a person's: their cases, calls, recordings and household."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.doors.looks import CALL, CASE, HOUSEHOLD, PICTURE, RECORDING, LookCard, Looks
from bot.privacy.rows import Found, values_of

#: a person reads no more than this
_MOST = 2000


def looks_at(session: Session, looks: Looks, found: Found) -> list[LookCard]:
    """The looks at these rows, the latest first. A list or an export that they stood in among others is not one of them:
    it names nobody."""
    tickets = values_of(session, "ticket", ["ticket_no"], found.get("ticket", set()))
    households = values_of(session, "household", ["household_no"], found.get("household", set()))
    calls = {str(one) for one in values_of(session, "call_log", ["number"], found.get("call_log", set()))}
    refs = [(what, number) for number in sorted(tickets) for what in (CASE, RECORDING, PICTURE)]
    refs += [(HOUSEHOLD, number) for number in sorted(households)]
    refs += [(what, number) for number in sorted(calls) for what in (CALL, RECORDING)]
    cards: list[LookCard] = []
    # SQL has a limit for what stands in one condition.
    for at in range(0, len(refs), 200):
        cards += looks.at(refs[at : at + 200], _MOST)
    return sorted(cards, key=lambda one: one.at, reverse=True)[:_MOST]
