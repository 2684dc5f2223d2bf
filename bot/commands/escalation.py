"""`gege leave` and `gege audit`: who stands in for whom, and what is stuck."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from bot.commands.line import Failure, JsonFlag, out
from bot.foundation.words import load
from bot.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(leave)
    app.command()(audit)


def leave(
    staff_no: Annotated[str, typer.Argument(help="Who is on leave.")] = "",
    begins: Annotated[str, typer.Option("--from", help="First day, 2026-12-01, or moment, 2026-12-01T14:00.")] = "",
    until: Annotated[str, typer.Option("--until", help="Last day, or moment of return.")] = "",
    to: Annotated[str, typer.Option("--to", help="Staff number of who stands in.")] = "",
    back: Annotated[bool, typer.Option("--back", help="Back already: end this leave, drop those to come.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="The leaves that go on or are to come.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write down who is on leave and who stands in: gege leave M11 --from 2026-12-01 --until 2026-12-05 --to M12."""
    from bot.app.parts import existing_site
    from bot.database import now
    from bot.grid.leave import come_back, leaves_from, write_leave

    settings = load_settings()
    zone = ZoneInfo(settings.site.timezone)
    if not list_all and not staff_no:
        raise Failure("who is on leave? gege leave STAFF_NO --from … --until … --to …, or gege leave --list")
    if not list_all and not back and not (begins and until and to):
        raise Failure("a leave needs --from, --until and --to")
    # Read before the database is touched: a bad date changes nothing.
    span = (moment(begins, zone), moment(until, zone, end=True)) if begins and until else None
    database = existing_site(settings)
    try:
        if list_all:
            found = leaves_from(database)
        elif back:
            found = come_back(database, staff_no, now())
        else:
            assert span is not None
            found = [write_leave(database, staff_no, to, *span)]
    finally:
        database.dispose()
    rows = [
        {
            **dataclasses.asdict(one),
            "begins_at": _local(one.begins_at, zone),
            "ends_at": _local(one.ends_at, zone),
        }
        for one in found
    ]
    columns = ("staff_no", "name", "stands_in", "stands_in_name", "begins_at", "ends_at")
    _show(rows, columns, as_json, "nobody_on_leave" if list_all else "was_not_on_leave")


def audit(as_json: JsonFlag = False) -> None:
    """Say what is stuck, and whom danger reaches by one way only; ends with 1 when there is something. It changes nothing."""
    from bot.app.parts import existing_site, make_providers
    from bot.database import now
    from bot.notify.routes import reach
    from bot.tickets.due.audit import Finding, find

    settings = load_settings()
    zone = ZoneInfo(settings.site.timezone)
    database = existing_site(settings)
    try:
        with database.reading() as session:
            found = find(session, now())
            told = reach(session, make_providers(settings), settings.notify.providers, rings=settings.calling.enabled)
            found += [
                Finding("one_way" if one.ways else "no_way", " ".join([one.staff_no, *one.ways]), now(), urgent=True)
                for one in told
                if len(one.ways) < 2
            ]
    finally:
        database.dispose()
    rows = [{**dataclasses.asdict(one), "since": _local(one.since, zone)} for one in found]
    _show(rows, ("kind", "which", "since", "ticket_no", "urgent"), as_json, "nothing_stuck")
    if rows:
        raise typer.Exit(1)


def moment(text: str, zone: ZoneInfo, end: bool = False) -> dt.datetime:
    """A day (its beginning, or with `end` its end) or a moment in the site's own time."""
    try:
        if len(text) == len("2026-12-01"):
            day = dt.date.fromisoformat(text) + dt.timedelta(days=1 if end else 0)
            return dt.datetime.combine(day, dt.time(), zone)
        found = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Failure(f"{text!r} is no day; write 2026-12-01 or 2026-12-01T14:00") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _local(at: dt.datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="minutes")


@dataclass(frozen=True)
class _Words:
    """escalation.yml."""

    columns: dict[str, str]
    #: of what is stuck
    kinds: dict[str, str]
    urgent: str
    nobody_on_leave: str
    was_not_on_leave: str
    nothing_stuck: str


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool, nothing: str) -> None:
    if as_json:
        return out(rows)
    words = load(_Words, Path(__file__).with_name("escalation.yml"))
    if not rows:
        print(getattr(words, nothing), file=sys.stderr, flush=True)
        return
    table = Table()
    for column in columns:
        table.add_column(words.columns[column])
    for row in rows:
        table.add_row(*(_cell(words, row[column]) for column in columns))
    Console(highlight=False).print(table)


def _cell(words: _Words, value: Any) -> str:
    if isinstance(value, bool):
        return words.urgent if value else ""
    return str(words.kinds.get(value, value or "")).replace("T", " ").removesuffix("+08:00")
