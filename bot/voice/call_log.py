"""The call log: what calls told while they went on, as rows; and looking them up again."""

from __future__ import annotations

import datetime as dt
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.voice.events import CallEnded, CallEvent, CallStarted, Rung, Settled, TurnTold
from bot.voice.models import LoggedCall, LoggedTurn

log = logging.getLogger(__name__)

#: the log never holds up a call: when the database is away so long that this is full, lines are lost, not calls
_WAITING = 10_000


class CallLog:
    """A watcher of calls; its thread writes, calls go on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lines: queue.Queue[Callable[[Session], None] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._write, name="call-log", daemon=True)
        self._thread.start()

    def __call__(self, event: CallEvent) -> None:
        """Take one event."""
        call_id, at = event.call_id, now()
        match event:
            case CallStarted():
                values = {key: str(getattr(event, key))[:80] for key in ("caller", "dialled", "diverting")}
                self._put(lambda session: _begin(session, call_id, values, at))
            case TurnTold():
                # The turn is still being written to; what it holds now is told again at the end.
                story, number = asdict(event.turn), event.number
                self._put(lambda session: _turn(session, call_id, number, story, at))
            case CallEnded():
                told = event.story.as_json()
                self._put(lambda session: _end(session, call_id, told, at))
            case Settled():
                outcome, ticket_no = event.outcome, event.ticket_no or ""
                self._put(lambda session: _settled(session, call_id, outcome, ticket_no))
            case Rung():
                rung = {"to": event.to, "status": event.status}
                self._put(lambda session: _rung(session, call_id, rung, at))

    def close(self) -> None:
        """Write what waits."""
        self._lines.put(None)
        self._thread.join(10.0)

    def _put(self, line: Callable[[Session], None]) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            log.error("the call log lost a line: the database does not take it")

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                with self._database.noting() as session:
                    line(session)
            except Exception:
                log.exception("a line of the call log was not written")


def _row(session: Session, call_id: str, at: dt.datetime) -> LoggedCall:
    row = session.scalar(select(LoggedCall).where(LoggedCall.call_id == call_id))
    if row is None:
        row = LoggedCall(call_id=call_id, started_at=at, greeting=[], rung=[])
        session.add(row)
    return row


def _begin(session: Session, call_id: str, values: dict[str, str], at: dt.datetime) -> None:
    row = _row(session, call_id, at)
    for name, value in values.items():
        setattr(row, name, value)


def _turn(session: Session, call_id: str, number: int, story: dict[str, Any], at: dt.datetime) -> None:
    row = session.scalar(select(LoggedTurn).where(LoggedTurn.call_id == call_id, LoggedTurn.turn == number))
    if row is None:
        row = LoggedTurn(call_id=call_id, turn=number, at=at)
        session.add(row)
    row.heard, row.recording, row.story = story["heard"], story["recording"], story


def _end(session: Session, call_id: str, told: dict[str, Any], at: dt.datetime) -> None:
    row = _row(session, call_id, at)
    row.outcome, row.hand_over_to = told["outcome"], told["hand_over_to"][:40]
    row.ticket_no, row.recording = told["ticket_no"] or "", told["recording"]
    row.seconds, row.first_audio, row.greeting = told["seconds"], told["first_audio"], told["greeting"]
    for number, story in enumerate(told["turns"], start=1):
        _turn(session, call_id, number, story, at)


def _settled(session: Session, call_id: str, outcome: str, ticket_no: str) -> None:
    """What came of a call that Gege took; others are in the table `call` alone."""
    row = session.scalar(select(LoggedCall).where(LoggedCall.call_id == call_id))
    if row is not None:
        row.outcome, row.ticket_no = outcome, ticket_no or row.ticket_no


def _rung(session: Session, call_id: str, rung: dict[str, str], at: dt.datetime) -> None:
    row = _row(session, call_id, at)
    row.rung = [*row.rung, rung]


@dataclass(frozen=True)
class CallRecord:
    """One call of the log; `turns` as bot.voice.record tells them."""

    number: int
    call_id: str
    caller: str
    dialled: str
    diverting: str
    started_at: dt.datetime
    outcome: str
    hand_over_to: str
    ticket_no: str
    recording: str
    seconds: float
    first_audio: float
    greeting: list[str]
    rung: list[dict[str, Any]]
    turns: list[dict[str, Any]] = field(default_factory=list)


def latest_calls(database: Database, limit: int = 50, before: int | None = None) -> list[CallRecord]:
    """The newest calls, or those with a lower number than `before`, without their turns."""
    with database.reading() as session:
        query = select(LoggedCall).order_by(LoggedCall.number.desc()).limit(limit)
        rows = session.scalars(query if before is None else query.where(LoggedCall.number < before))
        return [_record(row) for row in rows]


def find_call(database: Database, name: str) -> CallRecord | None:
    """A call with its turns, by its number in the log, its id, or its ticket."""
    with database.reading() as session:
        ways = [LoggedCall.call_id == name.lower(), LoggedCall.ticket_no == name]
        if name.isdecimal() and len(name) < 10:
            ways.append(LoggedCall.number == int(name))
        row = session.scalar(select(LoggedCall).where(or_(*ways)).order_by(LoggedCall.number.desc()).limit(1))
        if row is None:
            return None
        turns = session.scalars(select(LoggedTurn).where(LoggedTurn.call_id == row.call_id).order_by(LoggedTurn.turn))
        return _record(row, [{"at": turn.at, **turn.story} for turn in turns])


def _record(row: LoggedCall, turns: list[dict[str, Any]] | None = None) -> CallRecord:
    return CallRecord(
        row.number, row.call_id, row.caller, row.dialled, row.diverting, row.started_at, row.outcome,
        row.hand_over_to, row.ticket_no, row.recording, row.seconds, row.first_audio, list(row.greeting),
        list(row.rung), turns or [],
    )  # fmt: skip
