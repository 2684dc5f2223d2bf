"""What a caller is told of known outages before he takes a seat, when seats are scarce."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.database import now
from bot.grid.dialled import grid_of_numbers
from bot.grid.registry import Registry
from bot.lines.line import CallFacts
from bot.sound.times import say_time
from bot.tickets.intake.caller import Caller
from bot.tickets.outages.desk import OutageCard, OutageDesk
from bot.voice.prompts import prompts

#: more than these of one grid nobody listens to
_MOST = 2


@dataclass(frozen=True)
class Known:
    """Sentences of what is known where somebody calls from, none when nothing is."""

    sentences: tuple[str, ...] = ()
    #: it is the caller's own house: who has heard it and hangs up has heard what he called for
    own: bool = False


class KnownOutages:
    """Asked before a seat is taken or a message. Tells what is known of the caller's own house when the number has one, otherwise
    of the grid whose number was dialled; nothing of what it says names a household."""

    def __init__(
        self, outages: OutageDesk, registry: Registry, zone: ZoneInfo, clock: Callable[[], dt.datetime] = now
    ) -> None:
        self._outages, self._registry, self._zone, self._clock = outages, registry, zone, clock

    async def __call__(self, facts: CallFacts) -> Known:
        return await asyncio.to_thread(self._known, facts)

    def _known(self, facts: CallFacts) -> Known:
        at = self._clock()
        homes = {number for number, _ in self._registry.linked(Caller.by(facts.channel, facts.caller).contact)}
        if len(homes) == 1:
            found = self._outages.known(homes.pop(), at=at)
            return Known((self._sentence(found, prompts().known_here, at),), own=True) if found else Known()
        grid_no = grid_of_numbers(self._registry, facts.dialled, facts.diverting)
        if grid_no is None:
            return Known()
        known = self._outages.known_in_grid(grid_no, at, most=_MOST)
        wheres = (prompts().known_there.format(community=community) for _, community in known)
        return Known(tuple(self._sentence(card, where, at) for (card, _), where in zip(known, wheres, strict=True)))

    def _sentence(self, card: OutageCard, where: str, at: dt.datetime) -> str:
        until = card.expected_at(at)
        said = prompts().known_until if until else prompts().known_open
        return said.format(
            where=where,
            since=say_time(card.started_at, at, self._zone),
            until=say_time(until, at, self._zone) if until else "",
        )
