"""What was heard, kept before anybody tries to understand it (promise 7)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, bindparam, text
from sqlalchemy.orm import Session

from bot.database import UTCDateTime
from bot.tickets.intake.heard import Heard
from bot.tickets.models import Call

# Prepared once: the dialects' own ON CONFLICT inserts are compiled anew each time.
_KEEP = text(
    "INSERT INTO utterance (id, session, call_id, caller, channel, assurance, text, alternatives, recording, ear, origin, heard_at)"
    " VALUES (:id, :session, :call_id, :caller, :channel, :assurance, :text, :alternatives, :recording, :ear, :origin, :heard_at)"
    " ON CONFLICT (id) DO NOTHING RETURNING id"
).bindparams(bindparam("alternatives", type_=JSON()), bindparam("heard_at", type_=UTCDateTime()))


def fit(words: str, length: int | None = None) -> str:
    """Words that both databases store: no NUL, no lone surrogate, at most `length` characters."""
    return words.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")[:length]


def keep(session: Session, heard: Heard, at: dt.datetime) -> bool:
    """Keep an utterance; False when its id is there already. An unknown call is no reason to lose the words."""
    call_id = heard.call_id or None
    if call_id is not None and session.get(Call, call_id) is None:
        call_id = None
    kept = session.connection().execute(
        _KEEP,
        {
            "id": heard.id,
            "session": fit(heard.session, 80),
            "channel": str(heard.channel),
            "assurance": str(heard.caller.assurance),
            "text": fit(heard.text),
            "alternatives": [fit(other) for other in heard.alternatives],
            "caller": fit(heard.caller.address, 80),
            "recording": heard.recording,
            "ear": fit(heard.ear, 80),
            "origin": heard.origin[:32],
            "call_id": call_id,
            "heard_at": at,
        },
    )
    return kept.scalar_one_or_none() is not None
