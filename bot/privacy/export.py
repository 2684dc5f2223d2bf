"""A person's own data as one file: a page to read, the sounds and pictures, and all of it as JSON (PIPL 45)."""

from __future__ import annotations

import datetime as dt
import json
import os
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import Database
from bot.doors.looks import LookCard, Looks
from bot.foundation.words import load
from bot.grid.models import Staff
from bot.privacy.erasure import about
from bot.privacy.looked import looks_at
from bot.privacy.record import the_record
from bot.privacy.rows import are, files_of, portions
from bot.privacy.subject import Subject
from bot.privacy.tables import tables
from bot.recordings.keys import KeyRefused
from bot.recordings.room import FOLDER, RecordingMissing, open_recording
from bot.settings import Settings
from bot.tickets.labels import labels

#: a secret of the program's tells a person nothing
_LEFT_OUT = ("secret",)
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Words:
    """words.yml."""

    title: str
    made: str
    how: str
    none: str
    parts: dict[str, str]
    household: str
    ticket: str
    said: str
    answered: str
    by_resident: str
    by_gege: str
    look: str
    what: dict[str, str]
    rights: str
    whole: str


@dataclass(frozen=True)
class Line:
    """One line of the page, and what it leads to."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Part:
    """One heading of the page."""

    title: str
    lines: list[Line] = field(default_factory=list)


@cache
def words() -> Words:
    """What stands on the page."""
    return load(Words, _HERE / "words.yml")


def export(settings: Settings, database: Database, subject: Subject, file: Path, at: dt.datetime) -> dict[str, int]:
    """Write the copy (zip, mode 600); → rows by table, and files. Raises OSError (FileExistsError when it is there)."""
    with database.reading() as session:
        found = about(session, subject)
        rows = {name: rows_of(session, name, keys, subject) for name, keys in found.items()}
        files = files_of(session, the_record(), found)
        looks = looks_at(session, Looks(database), found)
        people = {one.staff_no: one.name for one in session.scalars(select(Staff))}
    counts = {name: len(some) for name, some in rows.items()}
    out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(out, "wb") as handle, zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as archive:
            sounds, pictures = _put_files(settings, archive, files)
            page = _page(settings, subject, rows, looks, people, sounds, pictures, at)
            archive.writestr("index.html", page)
            whole = {"address": subject.address, "channel": subject.channel, "made_at": at.isoformat(), "tables": rows}
            seen = [vars(one) for one in looks]
            archive.writestr(
                "data.json", json.dumps({**whole, "looks": seen}, ensure_ascii=False, indent=1, default=_plain)
            )
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    counts["files"] = len(sounds) + len(pictures)
    return counts


def rows_of(session: Session, name: str, keys: Iterable[tuple[Any, ...]], subject: Subject) -> list[dict[str, Any]]:
    """The rows of a table as they stand, but for secrets, and for what somebody else said on a person's ticket."""
    table, record = tables()[name], the_record()
    shown = [column for column, kind in record.tables[name].columns.items() if kind not in _LEFT_OUT]
    found: list[dict[str, Any]] = []
    for some in portions(keys):
        query = select(*(table.c[column] for column in shown)).where(are(table, some))
        found += (dict(row) for row in session.execute(query).mappings())
    if name == "activity":
        found = [_own(row, subject) for row in found]
    return found


def _own(row: dict[str, Any], subject: Subject) -> dict[str, Any]:
    """A neighbour who reported the same is not this person."""
    caller = row["detail"].get("caller") if isinstance(row["detail"], dict) else None
    return {**row, "note": "", "detail": {}} if caller and caller not in subject.written else row


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else repr(value)


# ---- files ----------------------------------------------------------------------------------------


def _put_files(settings: Settings, archive: zipfile.ZipFile, names: set[str]) -> tuple[list[str], list[str]]:
    """(sounds, pictures) by their names in the archive. What is gone, or cannot be opened, is left out."""
    sounds, pictures = [], []
    for name in sorted(names):
        if name.startswith(f"{FOLDER}/"):
            inside = f"{Path(name).with_suffix('').as_posix()}.wav"
            try:
                archive.writestr(inside, open_recording(settings, name))
            except (RecordingMissing, KeyRefused):
                continue
            sounds.append(inside)
        elif (settings.home / name).is_file():
            inside = f"pictures/{Path(name).name}"
            archive.write(settings.home / name, inside)
            pictures.append(inside)
    return sounds, pictures


# ---- the page -------------------------------------------------------------------------------------


def _page(
    settings: Settings,
    subject: Subject,
    rows: dict[str, list[dict[str, Any]]],
    looks: list[LookCard],
    people: dict[str, str],
    sounds: list[str],
    pictures: list[str],
    at: dt.datetime,
) -> str:
    said, zone = words(), ZoneInfo(settings.site.timezone)

    def when(moment: Any) -> str:
        return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if isinstance(moment, dt.datetime) else str(moment)

    def who(name: str) -> str:
        return {"resident": said.by_resident, "gege": said.by_gege}.get(name, people.get(name, name))

    def part(title: str, lines: Iterable[Line]) -> Part:
        return Part(said.parts[title], list(lines))

    def of(name: str, by: str) -> list[dict[str, Any]]:
        return sorted(rows.get(name, []), key=lambda row: str(row[by]))

    parts = [
        part("household", (Line(said.household.format(**row)) for row in of("household", "household_no"))),
        part("talks", _talk(of("utterance", "heard_at"), when)),
        part("tickets", (_ticket(row, when) for row in of("ticket", "opened_at"))),
        part("done", (_done(row, when, who) for row in of("activity", "at"))),
        part("visits", (Line(_joined(when(row["day"]), row["place"], row["word"])) for row in of("entry", "day"))),
        part("messages", (_message(row, when) for row in of("notification", "created_at") if row["address"])),
        part("sounds", (Line(one, one) for one in sounds)),
        part("pictures", (Line(one, one) for one in pictures)),
        part("looks", (_look(one, when, who) for one in looks)),
    ]  # fmt: skip
    found = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    return found.get_template("export.html.j2").render(
        words=said, parts=parts, title=said.title.format(site=settings.site.name),
        made=said.made.format(day=when(at), address=subject.address),
        rights=said.rights.format(station=settings.site.station, phone=settings.site.station_phone),
    )  # fmt: skip


When = Callable[[Any], str]


def _talk(rows: list[dict[str, Any]], when: When) -> Iterable[Line]:
    for row in rows:
        yield Line(_joined(when(row["heard_at"]), words().said + str(row["text"])))
        texts = (row["reply"] or {}).get("texts", []) if isinstance(row["reply"], dict) else []
        if texts:
            yield Line(words().answered + "".join(str(one) for one in texts))


def _ticket(row: dict[str, Any], when: When) -> Line:
    head = words().ticket.format(
        at=when(row["opened_at"]), ticket_no=row["ticket_no"], kind=labels().kind(row["kind"]), state=labels().state(row["state"])
    )  # fmt: skip
    return Line(_joined(head, row["place"], row["householder"], row["said"]))


def _message(row: dict[str, Any], when: When) -> Line:
    return Line(_joined(when(row["created_at"]), row["channel"], labels().notification_state(row["state"])))


def _done(row: dict[str, Any], when: When, who: Callable[[str], str]) -> Line:
    return Line(_joined(when(row["at"]), labels().activity(row["kind"]), who(row["by"]), row["note"]))


def _look(one: LookCard, when: When, who: Callable[[str], str]) -> Line:
    return Line(words().look.format(at=when(one.at), who=who(one.staff_no), what=words().what.get(one.what, one.what)))


def _joined(*pieces: Any) -> str:
    return "\u3000".join(str(one) for one in pieces if one)
