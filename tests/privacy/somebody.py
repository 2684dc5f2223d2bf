"""A resident of whom every table holds a row: what the record calls personal holds a word that stands nowhere else."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Float, Integer, Numeric, insert, select
from sqlalchemy.orm import Session

from bot.database import Database, UTCDateTime
from bot.privacy.record import the_record
from bot.privacy.tables import tables
from bot.recordings.room import keep_recording
from bot.settings import Settings

BORN = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
#: these are not the person's to fill: the county that is there, and counters
_NOT = {
    "household", "community", "feeder", "transformer", "grid", "staff", "grid_staff", "contact", "household_contact",
    "registry_version", "sample_county", "person_act", "ticket_number", "kf_cursor", "learning_run", "password", "outage",
}  # fmt: skip
#: columns with one meaning in every table
_ALWAYS = {
    "grid_no": "24", "by_staff_no": "M1", "second_staff_no": None, "withdrawn_by": None, "owner": "M1", "run_id": None,
    "outage_id": None, "transformer_id": None, "withdrawn_at": None, "stands_in": "M1",
}  # fmt: skip
_FLAGS = {"half_told": False}
_STATES = {"ticket": "closed", "notification": "sent", "entry": "done", "task": "done", "owed_call": "answered"}


class Somebody:
    """`word` stands in all that is theirs; `address` is their telephone."""

    def __init__(self, address: str, word: str, number: int = 7000) -> None:
        self.address, self.word, self.number = address, word, number
        self.ticket_no, self.call, self.utterance = f"GD{number}", f"c{number}", f"u{number}"
        self.recording, self.picture = f"recordings/c{number}/turn-01.sealed", f"attachments/aa/{number}.jpg"
        self.session = f"{word}-session"

    def fill(
        self,
        database: Database,
        site: Settings,
        at: dt.datetime,
        channel: str = "phone",
        only: Collection[str] = (),
    ) -> None:
        """A row in each table that may hold one (or in `only` these), two recordings, a picture, a message in the file."""
        keep_recording(site, self.recording, b"\x01\x02" * 4000, 8000)
        keep_recording(site, f"recordings/{self.call}/call.sealed", b"\x03\x04" * 4000, 8000)
        (site.home / self.picture).parent.mkdir(parents=True, exist_ok=True)
        (site.home / self.picture).write_bytes(b"picture of " + self.word.encode())
        line = {"id": 1, "ticket_no": self.ticket_no, "at": at.isoformat(), "text": self.word}
        with (site.home / "notifications.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        with database.session() as session:
            self._register(session)
            for name, table in tables().items():
                entry = the_record().tables[name]
                if name in _NOT or entry.whose != "resident" or (only and name not in only):
                    continue
                row = {one.name: self._value(name, one, at, channel) for one in table.columns}
                session.execute(insert(table).values(row))

    def _register(self, session: Session) -> None:
        """Their household, and their number with it."""
        known = tables()
        one = select(known["household_contact"].c.household_no).where(
            known["household_contact"].c.household_no == self.word
        )
        if session.scalar(one) is None:
            row = {
                "householder": self.word,
                "community_id": 1,
                "compound": "",
                "address": self.word,
                "transformer_id": 1,
            }
            figures = {"grid_no": "24", "tags": [], "balance": 0, "months_owed": 0, "ytd_kwh": 0}
            session.execute(insert(known["household"]).values(household_no=self.word, **row, **figures))
            session.execute(insert(known["contact"]).values(id=self.number, channel="phone", address=self.address))
            link = {"contact_id": self.number, "household_no": self.word, "verifies": True, "source": "import"}
            session.execute(insert(known["household_contact"]).values(link))

    def _value(self, table: str, column: Column[Any], at: dt.datetime, channel: str) -> Any:
        name, kind = column.name, the_record().tables[table].columns[column.name]
        ways = the_record().tables[table].person
        linked = {
            "call_id": self.call,
            "ticket_no": self.ticket_no,
            "utterance_id": self.utterance,
            "session": self.session,
        }
        if (table, name) in (("ticket", "id"), ("call", "id"), ("utterance", "id"), ("chat_opening", "chat")):
            return {"ticket": self.number, "call": self.call, "utterance": self.utterance}.get(table, self.session)
        if the_record().tables[table].of.get(name) == "utterance.id":
            return self.utterance
        if name == "ticket_id":
            return self.number
        if name in linked:
            return linked[name]
        if name in _ALWAYS:
            return _ALWAYS[name]
        if any(one.column.table.name == "staff" for one in column.foreign_keys):
            return "M1"
        if name == "household_no":
            return self.word
        if name == "state":
            return _STATES.get(table, "done")
        if name == "channel":
            return channel
        if name == "assurance":
            return "network"
        if name in ways:
            return {"caller": f"caller:{self.address}"}.get(ways[name], self.address)
        if kind == "file":
            return self.picture if table == "attachment" else self.recording
        return self._by_type(column, kind, at)

    def _by_type(self, column: Column[Any], kind: str, at: dt.datetime) -> Any:
        if isinstance(column.type, JSON):
            return [self.word] if kind == "words" and column.name == "alternatives" else {"words": self.word}
        if isinstance(column.type, UTCDateTime | DateTime):
            return at
        if isinstance(column.type, Date):
            return at.date()
        if isinstance(column.type, Boolean):
            return _FLAGS.get(column.name, True)
        if isinstance(column.type, Integer | Float | Numeric):
            return self.number
        forgets = the_record().classes[kind].forgets
        if column.name == "day":
            return f"{at:%y%m%d}"
        return (
            self.word[: column.type.length or 99]
            if forgets
            else f"x{self.number}"[: getattr(column.type, "length", None) or 99]
        )


def traces(database: Database, site: Settings, who: Somebody) -> list[str]:
    """Where somebody's word, number or files still stand: rows (but for the county's own) and files."""
    found = []
    kept = {"household", "contact", "household_contact", "no_call"}
    with database.reading() as session:
        for name, table in tables().items():
            for row in session.execute(select(table)).mappings() if name not in kept else ():
                for column, value in row.items():
                    if any(each in str(value) for each in (who.word, who.address, who.recording, who.picture)):
                        found.append(f"{name}.{column}")
    for file in site.home.rglob("*"):
        if file.is_file() and (who.word.encode() in file.read_bytes() or who.call in file.as_posix()):
            found.append(file.relative_to(site.home).as_posix())
    return sorted(found)
