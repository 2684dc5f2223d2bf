"""The book of corrections: written by staff, judged at once, looked at by a second person where the rules say so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.foundation.words import load
from bot.grid.models import Household, Role, Staff
from bot.learning.models import Correction, CorrectionState
from bot.learning.rules import Corrected, CorrectionRefused, contradicting, doubt, same_sentence, unusable
from bot.tickets import access
from bot.tickets.cards import TicketRefused
from bot.tickets.models import Kind, Ticket, Utterance

#: these may be the second person
SECOND = frozenset({Role.team, Role.duty, Role.admin})
#: older ones contradict nobody any more
_LOOKED_AT = dt.timedelta(days=365)
_LIVE = (CorrectionState.new, CorrectionState.waiting, CorrectionState.accepted, CorrectionState.learned)


@dataclass(frozen=True)
class CorrectionCard:
    """A correction as it stood when it was read."""

    id: int
    ticket_no: str
    heard: str
    kind: str
    words: str
    intent: str
    household_no: str
    by: str
    by_name: str
    at: dt.datetime
    state: str
    reason: str
    second: str
    #: name of the speech model that heard it, empty when typed
    ear: str = ""
    #: the run that learned it
    run_id: int | None = None
    #: it was changed now; False: somebody had decided before
    fresh: bool = True


@dataclass(frozen=True)
class LearningWords:
    """words.yml."""

    #: reason → language → words
    reasons: dict[str, dict[str, str]]
    #: kind of a ticket → what it is called where sentences are understood
    intents: dict[str, str]
    others: tuple[str, ...]
    examples_head: str
    words_head: str


@cache
def learning_words() -> LearningWords:
    return load(LearningWords, Path(__file__).with_name("words.yml"))


def why(reason: str, language: str = "en") -> str:
    """A reason in words."""
    return learning_words().reasons[reason][language] if reason else ""


def intents() -> frozenset[str]:
    """What a sentence may be corrected to."""
    words = learning_words()
    return frozenset(words.intents.values()) | frozenset(words.others)


class CorrectionBook:
    """Commands and questions about corrections; every command is one transaction."""

    def __init__(self, database: Database, relabels_a_day: int = 10) -> None:
        self._database = database
        self._relabels_a_day = relabels_a_day

    def write(
        self,
        ticket_no: str,
        by: str,
        *,
        words: str = "",
        intent: str = "",
        kind: str = "",
        household_no: str = "",
        at: dt.datetime | None = None,
    ) -> CorrectionCard:
        """Write a correction down; → it is new, or waits for a second person. The same again changes nothing.

        `kind` is a kind of ticket, `intent` what Rasa calls it; one of them at most. Raises CorrectionRefused; what was
        refused for what it says is kept with its reason."""
        at = at or now()
        with self._database.session() as session:
            ticket = self._ticket(session, ticket_no)
            self._person(session, by, ticket, at)
            heard, first = _heard(session, ticket)
            # A form sends back what it showed.
            words = "" if same_sentence(words) == same_sentence(heard) else " ".join(words.split())[:5000]
            row = Correction(
                ticket_no=ticket_no,
                heard=heard,
                utterance_id=first.id if first else None,
                ear=first.ear if first else "",
                kind=ticket.kind,
                words=words,
                intent=_intent(intent, kind),
                household_no=household_no.strip()[:40],
                by_staff_no=by,
                at=at,
            )
            if earlier := self._same(session, row):
                return _card(session, earlier, fresh=False)
            reason = self._refusal(session, row, kind or intent)
            others = [_looked(one) for one in self._live(session, at)]
            if reason:
                # Nobody needs 5,000 characters of it again.
                row.state, row.reason, row.words, row.decided_at = CorrectionState.refused, reason, row.words[:300], at
                row.intent = row.intent[:40]
            elif reason := doubt(_looked(row), others, self._relabels_a_day):
                row.state, row.reason = CorrectionState.waiting, reason
            session.add(row)
            session.flush()
            if row.reason == "contradiction":
                self._hold_the_others(session, row)
            card = _card(session, row)
        if card.state == CorrectionState.refused:
            raise CorrectionRefused(card.reason, f"{ticket_no}: {why(card.reason)}")
        return card

    def complete(self, number: int, by: str, *, kind: str = "", intent: str = "") -> CorrectionCard:
        """Add the kind to one's own correction of words, as a messenger asks for it afterwards."""
        with self._database.session() as session:
            row = session.get(Correction, number, with_for_update=True)
            if row is None or row.by_staff_no != by or row.state not in (CorrectionState.new, CorrectionState.waiting):
                raise CorrectionRefused("empty", f"correction {number} cannot be completed")
            row.intent = _intent(intent, kind)
            if row.intent not in intents():
                raise CorrectionRefused("intent", why("intent"))
            others = [_looked(one) for one in self._live(session, row.at) if one.id != row.id]
            if reason := doubt(_looked(row), others, self._relabels_a_day):
                row.state, row.reason = CorrectionState.waiting, reason
                if reason == "contradiction":
                    self._hold_the_others(session, row)
            return _card(session, row)

    def decide(self, number: int, by: str, confirm: bool, at: dt.datetime | None = None) -> CorrectionCard:
        """A second person confirms or refuses; → the correction, `fresh` False when that was decided before.

        Raises CorrectionRefused for whoever may not decide."""
        at = at or now()
        with self._database.session() as session:
            row = session.get(Correction, number, with_for_update=True)
            if row is None:
                raise CorrectionRefused("empty", f"there is no correction {number}")
            person = session.get(Staff, by)
            if person is None or person.role not in SECOND:
                raise CorrectionRefused("second", f"{by} may not decide about corrections (team, duty or admin may)")
            if row.by_staff_no == by:
                raise CorrectionRefused("second", f"{by} wrote correction {number}; a second person has to look at it")
            if row.state != CorrectionState.waiting:
                return _card(session, row, fresh=False)
            row.second_staff_no, row.decided_at = by, at
            row.state = CorrectionState.accepted if confirm else CorrectionState.refused
            row.reason = "" if confirm else "second"
            if confirm:
                for other in self._rivals(session, row):
                    other.state, other.reason = CorrectionState.refused, "other_confirmed"
                    other.second_staff_no, other.decided_at = by, at
            return _card(session, row)

    def judge_again(self) -> list[CorrectionCard]:
        """Before learning: all that is new is accepted, or held for what has arrived since."""
        with self._database.session() as session:
            rows = list(session.scalars(select(Correction).where(Correction.state == CorrectionState.new)))
            oldest = min((row.at for row in rows), default=now())
            live = [_looked(one) for one in self._live(session, oldest)]
            for row in rows:
                one = _looked(row)
                reason = doubt(one, [other for other in live if other.id != one.id], self._relabels_a_day)
                row.state, row.reason = (CorrectionState.waiting if reason else CorrectionState.accepted), reason
            return [_card(session, row) for row in rows]

    def corrections(self, *states: str, limit: int = 1000) -> list[CorrectionCard]:
        """Corrections in these states (all without one), newest first."""
        with self._database.reading() as session:
            query = select(Correction).order_by(Correction.at.desc(), Correction.id.desc()).limit(limit)
            if states:
                query = query.where(Correction.state.in_(states))
            return [_card(session, row) for row in session.scalars(query)]

    def heard(self, ticket_no: str) -> str:
        """What was heard of a ticket's resident; empty when there is no such ticket."""
        with self._database.reading() as session:
            ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
            return _heard(session, ticket)[0] if ticket else ""

    # ---- the rules behind the commands ----------------------------------------------------------

    def _ticket(self, session: Session, ticket_no: str) -> Ticket:
        # Locked: two people who correct one ticket are judged one after the other.
        ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no).with_for_update())
        if ticket is None:
            raise CorrectionRefused("empty", f"there is no ticket {ticket_no}")
        return ticket

    def _person(self, session: Session, by: str, ticket: Ticket, at: dt.datetime) -> None:
        try:
            person = access.known(session, by)
        except TicketRefused as refused:
            raise CorrectionRefused("second", str(refused)) from None
        if person.role == Role.supervisor:
            raise CorrectionRefused("second", f"{by} looks on and corrects nothing")
        if not access.may_see(session, person, ticket, at):
            raise CorrectionRefused("second", f"{ticket.ticket_no} is not of {by}'s grids")

    def _refusal(self, session: Session, row: Correction, named: str) -> str:
        if named and row.intent not in intents():
            return "intent"
        if row.household_no and session.get(Household, row.household_no) is None:
            return "household"
        return unusable(_looked(row))

    def _same(self, session: Session, row: Correction) -> Correction | None:
        return session.scalar(
            select(Correction).where(
                Correction.ticket_no == row.ticket_no,
                Correction.by_staff_no == row.by_staff_no,
                Correction.words == row.words,
                Correction.intent == row.intent,
                Correction.household_no == row.household_no,
                Correction.state.in_(_LIVE),
            )
        )

    def _live(self, session: Session, at: dt.datetime) -> list[Correction]:
        since = at - _LOOKED_AT
        return list(session.scalars(select(Correction).where(Correction.state.in_(_LIVE), Correction.at >= since)))

    def _rivals(self, session: Session, row: Correction) -> list[Correction]:
        """Others about the same sentence that say something else, and are not learned yet."""
        open_ones = [
            one for one in self._live(session, row.at) if one.id != row.id and one.state != CorrectionState.learned
        ]
        against = {one.id for one in contradicting(_looked(row), [_looked(one) for one in open_ones])}
        return [one for one in open_ones if one.id in against]

    def _hold_the_others(self, session: Session, row: Correction) -> None:
        for other in self._rivals(session, row):
            other.state, other.reason = CorrectionState.waiting, "contradiction"


def _heard(session: Session, ticket: Ticket) -> tuple[str, Utterance | None]:
    """What was heard, and the utterance that it was heard in."""
    spoken = list(
        session.scalars(select(Utterance).where(Utterance.session == ticket.session).order_by(Utterance.heard_at))
    )
    first = next((one for one in spoken if one.text == ticket.said), None)
    if first is None and ticket.utterance_id:
        first = session.get(Utterance, ticket.utterance_id)
    text = ticket.said or (first.text if first else "")
    return text, first


def _intent(intent: str, kind: str) -> str:
    words = learning_words().intents
    return intent or (str(words.get(kind, kind)) if kind else "")


def _looked(row: Correction) -> Corrected:
    was = learning_words().intents.get(row.kind, "") if row.kind in Kind.__members__ else ""
    return Corrected(row.id or 0, row.heard, was, row.words, row.intent, row.household_no, row.by_staff_no, row.at)


def _card(session: Session, row: Correction, fresh: bool = True) -> CorrectionCard:
    person = session.get(Staff, row.by_staff_no)
    return CorrectionCard(
        row.id,
        row.ticket_no,
        row.heard,
        row.kind,
        row.words,
        row.intent,
        row.household_no,
        row.by_staff_no,
        person.name if person else "",
        row.at,
        row.state,
        row.reason,
        row.second_staff_no or "",
        row.ear,
        row.run_id,
        fresh,
    )
