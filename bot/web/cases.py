"""Which report belongs to which browser: the one that was made in its own conversation."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from bot.foundation.recent import Recent
from bot.settings import SiteSettings
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.reporter import Reporter
from bot.web.guard import Refused
from bot.web.view import ResidentCase

_REMEMBERED = 1000
_SESSION = re.compile(r"[A-Za-z0-9_-]{8,64}")


def session_of(values: Mapping[str, Any]) -> str:
    """The dialogue's session that a page names as `session`; the name is its secret. Raises Refused."""
    session = values.get("session")
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise Refused("no_session")
    return f"web-{session}"


class Cases:
    """Asks the desk by the conversation alone: neither a number that was typed nor a ticket that a turn touched counts.

    A call is a conversation of its own name; which page made it is remembered for the last thousand."""

    def __init__(self, desk: TicketDesk, site: SiteSettings) -> None:
        self._desk, self._site = desk, site
        self._calls: Recent[str, str] = Recent(_REMEMBERED)

    def calls(self, session: str, call_id: str) -> None:
        """The page of this session has begun a call."""
        self._calls[session] = call_id

    def reporter(self, session: str) -> Reporter:
        """Whose reports the page of this session may see."""
        return Reporter(Caller.by(Channel.web), self._calls.get(session, session))

    async def of_session(self, session: str) -> ResidentCase:
        """The case as it stands now."""
        found = await asyncio.to_thread(self._desk.own_case, self.reporter(session))
        return ResidentCase(found, self._site)
