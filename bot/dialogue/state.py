"""Where dialogues rest between turns: in memory while they go on, and as a row that survives a restart."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import JSON, bindparam, select, text

from bot.database import Database, UTCDateTime, now
from bot.foundation.recent import Recent
from bot.tickets.models import DialogueState

#: what of Rasa's parse result a later turn may need
_KEPT = ("text", "intent", "entities", "message_id", "metadata")
#: one statement, prepared once: the row is written after every turn
_SAVE = text(
    "INSERT INTO dialogue_state (session, caller, events, unfinished, half_told, changed_at)"
    " VALUES (:session, :caller, :events, :unfinished, :half_told, :changed_at)"
    " ON CONFLICT (session) DO UPDATE SET events = excluded.events, unfinished = excluded.unfinished,"
    " half_told = excluded.half_told, changed_at = excluded.changed_at,"
    " caller = CASE WHEN excluded.caller = '' THEN dialogue_state.caller ELSE excluded.caller END"
).bindparams(bindparam("unfinished", type_=JSON()), bindparam("changed_at", type_=UTCDateTime()))
#: when a dialogue was last written; on PostgreSQL no sweep takes its form while its turn goes on
_CHANGED = select(DialogueState.changed_at).where(DialogueState.session == bindparam("session")).with_for_update()
#: until the end of the turn's transaction; SQLite has one writer
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:session, 0))")
#: events after which a dialogue is shortened
_LONG = 40
#: dialogues kept in memory
_WARM = 2_000


class DialogueStore(TrackerStore):
    """Rasa's tracker store on `dialogue_state`.

    A dialogue is shortened again and again (Rasa's cost grows with every event: 35 ms a turn at 100 turns, decision 4):
    what it remembers stands in its slots."""

    def __init__(self, database: Database, session_minutes: int) -> None:
        super().__init__(Domain.empty())
        self._database = database
        self._many = database.engine.dialect.name == "postgresql"
        self._rest = dt.timedelta(minutes=session_minutes)
        self._warm: Recent[str, tuple[DialogueStateTracker, dt.datetime]] = Recent(_WARM)

    async def save(self, tracker: DialogueStateTracker) -> None:
        tracker = self._shortened(tracker)
        at = now()
        events = json.dumps([_compact(event) for event in tracker.events], ensure_ascii=False)
        unfinished: dict[str, Any] = {}
        matters = tracker.get_slot("unfinished")
        message = tracker.latest_message
        caller: dict[str, Any] = ((message.metadata or {}).get("caller") or {}) if message else {}
        if matters:
            unfinished = {"matters": matters, "caller": caller}
        row = {
            "session": tracker.sender_id,
            "caller": str(caller.get("address") or ""),
            "events": events,
            "unfinished": unfinished,
            "half_told": bool(unfinished),
            "changed_at": at,
        }
        with self._database.noting() as session:
            session.connection().execute(_SAVE, row)
            self._database.on_rollback(lambda: self.forget(tracker.sender_id))
        self._warm[tracker.sender_id] = (tracker, at)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        with self._database.reading() as session:
            if self._many:
                # Two processes that take turns of one dialogue at once take them one after the other.
                session.connection().execute(_ONE_AT_A_TIME, {"session": sender_id})
            if known := self._warm.get(sender_id):
                tracker, at = known
                if session.connection().execute(_CHANGED, {"session": sender_id}).scalar_one_or_none() == at:
                    return tracker if now() - at < self._rest else None
                # Somebody else has gone on with it, or taken its form.
                self.forget(sender_id)
            row = session.get(DialogueState, sender_id)
            if row is None or now() - row.changed_at >= self._rest:
                return None
            events = self._known(json.loads(row.events))
        return DialogueStateTracker.from_events(
            sender_id, deserialise_events(events), slots=self.domain.slots if self.domain else None
        )

    def _known(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Without the slots that only an earlier version had: a dialogue may have begun before an upgrade."""
        slots = {slot.name for slot in self.domain.slots} if self.domain else set()
        return [one for one in events if one["event"] != "slot" or one["name"] in slots]

    async def keys(self) -> Iterable[str]:
        with self._database.reading() as session:
            return list(session.scalars(select(DialogueState.session)))

    def latest(self, sender_id: str) -> DialogueStateTracker | None:
        """The dialogue as this process has just saved it."""
        known = self._warm.get(sender_id)
        return known[0] if known else None

    def forget(self, sender_id: str) -> None:
        """Drop what is in memory, so that the next turn starts from the row (after a turn that failed)."""
        self._warm.pop(sender_id, None)

    def _shortened(self, tracker: DialogueStateTracker) -> DialogueStateTracker:
        events = list(tracker.events)
        if len(events) < _LONG:
            return tracker
        # The last two sentences stay: what was said to the one before is said again when somebody asks for it.
        users = [number for number, event in enumerate(events) if isinstance(event, UserUttered)]
        kept = events[users[-2] if len(users) > 1 else 0 :]
        slots = [SlotSet(name, slot.value) for name, slot in tracker.slots.items() if slot.value is not None]
        begin: list[Event] = [ActionExecuted("action_session_start"), SessionStarted(), *slots]
        begin.append(ActionExecuted("action_listen"))
        return DialogueStateTracker.from_events(
            tracker.sender_id, [*begin, *kept], slots=self.domain.slots if self.domain else None
        )


def _compact(event: Event) -> dict[str, Any]:
    row: dict[str, Any] = event.as_dict()
    if "parse_data" in row:
        row["parse_data"] = {key: row["parse_data"][key] for key in _KEPT if key in row["parse_data"]}
    return row
