"""`gege leave` and `gege audit`: who stands in for whom, and what is stuck."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.commands import completing
from bot.commands.line import Failure, JsonFlag, out
from bot.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(leave)
    app.command()(audit)


def leave(
    staff_no: Annotated[str, typer.Argument(autocompletion=completing.staff_numbers, help="Who is on leave.")] = "",
    begins: Annotated[str, typer.Option("--from", help="First day, 2026-12-01, or moment, 2026-12-01T14:00.")] = "",
    until: Annotated[str, typer.Option("--until", help="Last day, or moment of return.")] = "",
    to: Annotated[
        str, typer.Option("--to", autocompletion=completing.staff_numbers, help="Staff number of who stands in.")
    ] = "",
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
    columns = ("staff_no", "name", "stands_in", "stands_in_name", "begins_at", "ends_at")
    _show(
        [dataclasses.asdict(one) for one in found],
        columns,
        as_json,
        "nobody_on_leave" if list_all else "was_not_on_leave",
        zone,
    )


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
    columns = ("kind", "which", "since", "ticket_no", "urgent")
    _show([dataclasses.asdict(one) for one in found], columns, as_json, "nothing_stuck", zone)
    if found:
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


@dataclass(frozen=True)
class _Words:
    """escalation.yml, and in English escalation.en.yml."""

    columns: dict[str, str]
    #: of what is stuck
    kinds: dict[str, str]
    urgent: str
    nobody_on_leave: str
    was_not_on_leave: str
    nothing_stuck: str


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool, nothing: str, zone: ZoneInfo) -> None:
    if as_json:
        return out([{name: _in_zone(value, zone) for name, value in row.items()} for row in rows])
    from bot.commands.names import words
    from bot.commands.tables import Column, show

    shown = words(_Words, "escalation")
    heads = [Column(shown.columns[name], text=name == "kind") for name in columns]
    show(heads, [[_cell(shown, row[name]) for name in columns] for row in rows], getattr(shown, nothing), zone)


def _in_zone(value: Any, zone: ZoneInfo) -> Any:
    return value.astimezone(zone).isoformat(timespec="minutes") if isinstance(value, dt.datetime) else value


def _cell(shown: _Words, value: Any) -> Any:
    if isinstance(value, bool):
        return shown.urgent if value else ""
    return value if isinstance(value, dt.datetime) else shown.kinds.get(value, value)
