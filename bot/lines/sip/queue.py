"""Callers of one host that come in one moment: each has its turn when one before it is acknowledged, or goes elsewhere."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from bot.lines.sip.endpoint import Address
from bot.lines.sip.message import Message

log = logging.getLogger(__name__)

#: an INVITE waits for so long (s), and so many of one host at the same time
_ROOM_S, _MOST = 2.0, 30
_LOOK_S = 0.02

Does = Callable[[Message, Address], None]


class Queue:
    """INVITEs that wait, in their order."""

    def __init__(
        self, work: Callable[[Awaitable[object]], None], crowded: Callable[[str], bool], take: Does, turn_away: Does
    ) -> None:
        """`work` runs something; `crowded(host)`: it has to acknowledge calls first; `take`, `turn_away`: what becomes of
        one that has waited."""
        self._work, self._crowded, self._take, self._turn_away = work, crowded, take, turn_away
        self._waiting: dict[str, tuple[Message, Address, float]] = {}

    def __contains__(self, call_id: object) -> bool:
        return call_id in self._waiting

    def join(self, invite: Message, source: Address) -> bool:
        """False when too many of this host wait already."""
        if sum(host == source[0] for _, (host, _), _ in self._waiting.values()) >= _MOST:
            return False
        if not self._waiting:
            self._work(self._serve())
        self._waiting[invite.call_id] = (invite, source, time.monotonic() + _ROOM_S)
        return True

    def leave(self, call_id: str) -> Message:
        """The caller does not want to wait any longer; his INVITE."""
        return self._waiting.pop(call_id)[0]

    async def _serve(self) -> None:
        while self._waiting:
            await asyncio.sleep(_LOOK_S)
            full: set[str] = set()
            for call_id, (invite, source, until) in list(self._waiting.items()):
                if source[0] not in full and not self._crowded(source[0]):
                    del self._waiting[call_id]
                    try:
                        self._take(invite, source)
                    except Exception:
                        # One that we cannot digest must not keep the others waiting.
                        log.exception("a call that waited could not be taken")
                    continue
                full.add(source[0])
                if time.monotonic() >= until:
                    del self._waiting[call_id]
                    self._turn_away(invite, source)
