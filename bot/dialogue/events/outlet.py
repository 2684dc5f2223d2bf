"""The way out for statistics: turns that are committed wait here, and a thread of its own hands their events to the broker.

Nothing here waits for anybody who talks: `put` is a place in a bounded queue, and a broker that is away, slow or full is
met by this thread alone. What finds no place is dropped and counted (`gege_events`), and the log tells it once."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import hmac
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.dialogue import metrics
from bot.dialogue.events.allowed import NotAllowed, only_allowed
from bot.dialogue.events.broker import NotTaken, Publisher, open_publisher, read_broker
from bot.dialogue.events.told import TurnTold
from bot.foundation import logs
from bot.foundation.backoff import Backoff

log = logging.getLogger(__name__)

#: a broker that is away is tried again
_AGAIN = Backoff(first_s=1.0, most_s=60.0)
#: turns of one batch; the broker has confirmed it before the next one goes
_BATCH = 50
#: hexadecimal digits of an id and of a conversation's hash
_DIGITS = 24
#: when the service stops, a broker that answers gets what is left, for so long (s)
_LAST_S = 1.0


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What a ticket is told by, and nothing of whoever reported it."""

    kind: str
    grid_no: str
    urgent: bool
    opened_at: dt.datetime


class Outlet:
    """Takes turns from any thread; `start` and `close` begin and end the thread that empties it."""

    def __init__(
        self,
        endpoints: Path,
        home: Path,
        key: bytes,
        zone: ZoneInfo,
        ticket_of: Callable[[str], TicketFacts | None],
        waiting: int = 5_000,
        every_s: float = 1.0,
        again: Backoff = _AGAIN,
    ) -> None:
        """`endpoints` describes the broker (`read_broker`); `key`: of the site, conversations are hashed with what is derived
        of it each day; `zone`: in which days begin; `ticket_of` looks a ticket up, in this thread."""
        self._endpoints, self._home, self._key, self._zone, self._ticket_of = endpoints, home, key, zone, ticket_of
        self._most, self._every_s, self._again = waiting, every_s, again
        self._queue: deque[TurnTold] = deque()
        self._lock = threading.Lock()
        #: events that were handed over and not taken
        self._back: list[dict[str, Any]] = []
        self._away = self._full = False
        self._dropped = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop, self._ended = asyncio.Event(), False

    def put(self, turn: TurnTold) -> None:
        """A turn that is committed. Never waits and never raises; without a place it is dropped."""
        with self._lock:
            full = len(self._queue) >= self._most
            if not full:
                self._queue.append(turn)
        if full:
            self._drop(turn.events)
            if not self._full:
                self._full = True
                log.error(
                    "events for statistics: %d turns wait, more are dropped (counted in gege_events_total)", self._most
                )
        metrics.events_waiting.set(len(self._queue))

    def start(self) -> None:
        """Begin to hand over."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="events", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End it. A broker that answers gets what is left; nobody waits for one that does not."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._ended = True
        if (loop := self._loop) is not None:
            with contextlib.suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(self._stop.set)
        thread.join(2 * _LAST_S)
        if left := sum(turn.events for turn in self._queue) + len(self._back):
            self._drop(left)
            log.warning("events for statistics: %d are dropped at the end", left)
        self._queue.clear()
        metrics.events_waiting.set(0)

    # ---- in its thread --------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._until_stopped())
        except Exception as problem:
            log.error("events for statistics: no more leave (%s)", logs.described(problem), exc_info=True)

    async def _until_stopped(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._ended:
            self._stop.set()
        publisher: Publisher | None = None
        failed, last = 0, False
        try:
            while not last:
                # What came until the end is sent too; a broker that was away then is not waited for.
                last = self._stop.is_set()
                if last and failed:
                    return
                try:
                    publisher = publisher or await open_publisher(read_broker(self._endpoints), self._home)
                    async with asyncio.timeout(_LAST_S if last else None):
                        await self._empty(publisher)
                    failed = 0
                    self._there()
                except Exception as problem:
                    failed += 1
                    self._is_away(problem)
                    if publisher is not None:
                        await publisher.close()
                    publisher = None
                await self._pause((self._again.wait(failed) or self._again.most_s) if failed else self._every_s)
        finally:
            if publisher is not None:
                await publisher.close()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()

    async def _empty(self, publisher: Publisher) -> None:
        while self._queue or self._back:
            with self._lock:
                turns = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))] if not self._back else []
            batch = self._back or [event for turn in turns for event in self._allowed(turn)]
            self._back = batch
            try:
                await publisher.publish(batch)
            except NotTaken as problem:
                metrics.events.labels("sent").inc(len(batch) - len(problem.events))
                self._back = [dict(event) for event in problem.events]
                raise
            self._back = []
            metrics.events.labels("sent").inc(len(batch))
            metrics.events_waiting.set(len(self._queue))

    def _allowed(self, turn: TurnTold) -> Iterator[dict[str, Any]]:
        for event in self._events(turn):
            try:
                yield only_allowed(event)
            except NotAllowed as problem:
                metrics.events.labels("refused").inc()
                log.error("an event for statistics does not leave: %s", problem)

    def _events(self, turn: TurnTold) -> Iterator[dict[str, Any]]:
        """In Rasa's own form, as far as Rasa has one."""
        at, sender = int(turn.at), self._hash(turn.session, int(turn.at))

        def event(of: str, **fields: Any) -> dict[str, Any]:
            id = secrets.token_hex(_DIGITS // 2)
            return {"id": id, "sender_id": sender, "event": of, "timestamp": at, **fields}

        if turn.begins:
            yield event("session_started")
        understood: dict[str, Any] = {"intent": {"name": turn.intent, "confidence": round(float(turn.confidence), 2)}}
        if turn.act:
            understood["act"] = {"name": turn.act}
        yield event("user", input_channel=turn.channel, parse_data={**understood, "fallback": turn.fallback})
        for action in turn.actions:
            yield event("action", name=action)
        for response in turn.responses:
            yield event("bot", metadata={"utter_action": response})
        question = {"question": turn.question} if turn.question else {}
        yield event("turn", **question, hand_over=turn.hand_over, ended=turn.ended)
        if turn.ticket_no and (ticket := self._ticket(turn.ticket_no)):
            grid = {"grid_no": ticket.grid_no} if ticket.grid_no else {}
            opened = ticket.opened_at.timestamp() >= turn.began
            yield event("ticket", kind=ticket.kind, **grid, urgent=ticket.urgent, opened=opened)

    def _ticket(self, ticket_no: str) -> TicketFacts | None:
        try:
            return self._ticket_of(ticket_no)
        except Exception as problem:  # the database is away: the turn is told without it
            self._drop(1)
            log.debug("events for statistics: a ticket cannot be looked up (%s)", type(problem).__name__)
            return None

    def _hash(self, session: str, at: int) -> str:
        """Of a conversation, the same for a day of the site's: nobody follows a resident from one day to the next."""
        day = dt.datetime.fromtimestamp(at, self._zone).date().isoformat()
        today = hmac.digest(self._key, f"events for statistics {day}".encode(), hashlib.sha256)
        return hmac.new(today, session.encode(), hashlib.sha256).hexdigest()[:_DIGITS]

    def _drop(self, events: int) -> None:
        self._dropped += events
        metrics.events.labels("dropped").inc(events)

    def _is_away(self, problem: Exception) -> None:
        if not self._away:
            self._away = True
            log.error("events for statistics wait: %s", problem)

    def _there(self) -> None:
        if self._away or self._full:
            log.warning("events for statistics leave again; %d were dropped", self._dropped)
        self._away, self._full, self._dropped = False, False, 0
