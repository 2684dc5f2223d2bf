"""Which ticket belongs to which browser, as its page shows it."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bot.tickets.desk import TicketDesk
from bot.web.guard import Refused
from bot.web.view import NoticeText, case_view

_REMEMBERED = 1000
_SESSION = re.compile(r"[A-Za-z0-9_-]{8,64}")


def session_of(values: Mapping[str, Any]) -> str:
    """The dialogue's session that a page names as `session`; the name is its secret. Raises Refused."""
    session = values.get("session")
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise Refused("no_session")
    return f"web-{session}"


class Cases:
    """Remembers the tickets of the last thousand conversations."""

    def __init__(self, desk: TicketDesk, timezone: str, text_of: NoticeText) -> None:
        self._desk, self._zone, self._text_of = desk, ZoneInfo(timezone), text_of
        self._tickets: OrderedDict[str, str] = OrderedDict()

    def remember(self, session: str, ticket_no: str) -> None:
        self._tickets[session] = ticket_no
        self._tickets.move_to_end(session)
        if len(self._tickets) > _REMEMBERED:
            self._tickets.popitem(last=False)

    async def of_session(self, session: str) -> dict[str, Any]:
        """`{"ticket", "notifications"}` as they stand now."""
        return await self.of_ticket(self._tickets.get(session))

    async def of_ticket(self, ticket_no: str | None) -> dict[str, Any]:
        return await asyncio.to_thread(case_view, self._desk, ticket_no, self._zone, self._text_of)
