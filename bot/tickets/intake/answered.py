"""What became of an utterance, beside it: whoever writes that first has answered it, and the same id again gets it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, Connection, bindparam, select, text
from sqlalchemy.orm import Session

from bot.database import UTCDateTime
from bot.foundation.errors import Refused
from bot.tickets.models import Utterance

#: beside `ticket_no`, in what is kept of an utterance that went to a person instead of being answered
FOR_A_PERSON = "for_a_person"

_ANSWER = text("UPDATE utterance SET reply = :reply WHERE id = :id AND reply IS NULL RETURNING id").bindparams(
    bindparam("reply", type_=JSON())
)
_LAST = (
    select(Utterance.reply)
    .where(
        Utterance.session == bindparam("session"),
        Utterance.heard_at > bindparam("since", type_=UTCDateTime()),
        Utterance.reply.is_not(None),
    )
    .order_by(Utterance.heard_at.desc())
    .limit(bindparam("most"))
)
_ANSWERED = select(Utterance.reply).where(Utterance.id == bindparam("id"))


class AnsweredAlready(Refused):
    """Somebody else has answered the utterance meanwhile: what was done for it here must not count."""


def answered(session: Session, id: str) -> dict[str, Any] | None:
    """What became of it; None while it waits, or when nobody knows it."""
    found = session.execute(_ANSWERED, {"id": id}).scalar_one_or_none()
    return dict(found) if found else None


def last_answers(session: Session, name: str, since: dt.datetime, most: int) -> list[dict[str, Any]]:
    """What was answered last in a dialogue to what was heard after `since`, newest first."""
    return [dict(one) for one in session.execute(_LAST, {"session": name, "since": since, "most": most}).scalars()]


def answer(session: Session | Connection, id: str, reply: Mapping[str, Any]) -> None:
    """Write down what became of it, in the transaction in which that happened. Raises AnsweredAlready."""
    written = session.execute(_ANSWER, {"id": id, "reply": dict(reply)})
    if written.scalar_one_or_none() is None:
        raise AnsweredAlready
