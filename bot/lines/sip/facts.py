"""Who calls whom: CallFacts from the headers of an INVITE. Pure."""

from __future__ import annotations

import uuid

from bot.foundation.phone_numbers import number_in
from bot.lines.line import CallFacts
from bot.lines.sip.message import Message, uri_of


def facts_of(invite: Message) -> CallFacts:
    """The caller (P-Asserted-Identity before From), the number dialled, and who diverted the call to us."""
    asserted = [number_of(value) for value in invite.all("p-asserted-identity")]
    caller = next(filter(None, asserted), "") or number_of(invite.get("from"))
    diversions = [number_of(value) for value in invite.all("diversion")]
    history = [number_of(value) for value in invite.all("history-info")]
    # The last entry of History-Info is ourselves; the one before it sent the call here.
    diverting = next(filter(None, diversions), "") or (next(filter(None, reversed(history[:-1])), ""))
    dialled = number_of(invite.get("to")) or number_in(invite.uri)
    return CallFacts(str(uuid.uuid4()), caller, dialled, diverting)


def number_of(value: str) -> str:
    """The number in a header value; empty for names and for who withholds it."""
    return number_in(uri_of(value))
