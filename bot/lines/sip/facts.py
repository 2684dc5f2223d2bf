"""Who calls whom: CallFacts from the headers of an INVITE. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from bot.foundation.phone_numbers import number_in, phone_digits
from bot.lines.line import CallFacts
from bot.lines.sip.message import Message, uri_of


def facts_of(invite: Message, account: str = "") -> CallFacts:
    """The caller (P-Asserted-Identity before From), the number dialled, and who diverted the call to us.

    `account`: what this peer calls us in a request line when it rings the contact that we registered."""
    asserted = [number_of(value) for value in invite.all("p-asserted-identity")]
    caller = next(filter(None, asserted), "") or number_of(invite.get("from"))
    diversions = [number_of(value) for value in invite.all("diversion")]
    history = [number_of(value) for value in invite.all("history-info")]
    # The last entry of History-Info is ourselves; the one before it sent the call here.
    diverting = next(filter(None, diversions), "") or (next(filter(None, reversed(history[:-1])), ""))
    dialled = next(_dialled(invite, account, diverting), "")
    return CallFacts(str(uuid.uuid4()), caller, dialled, diverting)


def _dialled(invite: Message, account: str, diverting: str) -> Iterator[str]:
    """The number of ours that was dialled: what may hold it, the surest first.

    1. P-Called-Party-ID (RFC 7315, 4.2): written by a network that puts our contact into the request line, to keep this.
    2. The request line names us, also behind a diversion. In a trunk that rings the contact that we registered it names
       the account instead: then every number of the site looks alike there, and it comes last.
    3. To is what the caller dialled: our number, unless he dialled somebody whose telephone diverts to us.
    4. History-Info's last number (RFC 7044), where no entry has a cause (RFC 4458: somebody diverted): what the network
       resolved into our contact.
    """
    own, diverted = phone_digits(account), phone_digits(diverting)
    yield from filter(None, map(number_of, invite.all("p-called-party-id")))
    line, history = number_in(invite.uri), invite.all("history-info")
    yield from (each for each in (line, number_of(invite.get("to"))) if phone_digits(each) not in ("", own, diverted))
    if not any("cause" in each.lower() for each in history):
        yield from (each for each in map(number_of, reversed(history)) if phone_digits(each) not in ("", own))
    if line:
        yield line


def number_of(value: str) -> str:
    """The number in a header value; empty for names and for who withholds it."""
    return number_in(uri_of(value))
