"""`gege outage …`, `gege reliability` and `gege ratings`: outages, their indices, and how content residents were."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from bot.commands.escalation import moment
from bot.commands.line import Failure, out
from bot.foundation.words import load
from bot.settings import load_settings
from bot.tickets.outages.cards import OutageCard
from bot.tickets.owed.ratings import MonthlyRating

_Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
_By = Annotated[str, typer.Option("--by", help="Staff number of who does it.")]
_Transformer = Annotated[str, typer.Option("--transformer", help="Name of the transformer area.")]
_Feeder = Annotated[str, typer.Option("--feeder", help="Name of the feeder (of all of it, or of the transformer).")]
_Household = Annotated[str, typer.Option("--household", help="A household number: its transformer is meant.")]
_Cause = Annotated[str, typer.Option("--cause", help="What happened, or what is done.")]
_MOMENT = "2026-11-23T14:00, in the site's own time"

_MOMENTS = re.compile(r"\d{4}-\d\d-\d\dT")

outage_app = typer.Typer(help="Outages: list, open, plan, estimate, restored, cancel, add.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(outage_app, name="outage")
    app.command()(reliability)
    app.command()(ratings)


@contextmanager
def _site() -> Iterator[tuple[Any, ZoneInfo]]:
    from bot.app.parts import existing_site
    from bot.tickets.desk import TicketDesk
    from bot.tickets.rules import rules_of

    settings = load_settings()
    rules = rules_of(settings)
    database = existing_site(settings)
    try:
        yield TicketDesk(database, rules=rules), ZoneInfo(settings.site.timezone)
    finally:
        database.dispose()


def _act(as_json: bool, act: Callable[[Any, ZoneInfo], OutageCard]) -> None:
    with _site() as (desk, zone):
        _show([_row(act(desk.outages, zone), zone)], as_json, one=True)


@outage_app.command("list")
def list_(
    active: Annotated[bool, typer.Option("--active", help="Only those that go on or are announced.")] = False,
    limit: int = 100,
    as_json: _Json = False,
) -> None:
    """The outages, the latest first."""
    with _site() as (desk, zone):
        _show([_row(one, zone) for one in desk.outages.list(active, limit)], as_json)


@outage_app.command("open")
def open_(
    by: _By = "",
    transformer: _Transformer = "",
    feeder: _Feeder = "",
    household: _Household = "",
    since: Annotated[str, typer.Option("--since", help=f"When it began: {_MOMENT}; default: now.")] = "",
    estimate: Annotated[str, typer.Option("--estimate", help="When it will be back, as far as is known.")] = "",
    cause: _Cause = "",
    as_json: _Json = False,
) -> None:
    """Enter an outage that staff know of; open reports from there become its reports."""
    _act(
        as_json,
        lambda desk, zone: desk.open(
            _who(by),
            transformer=transformer,
            feeder=feeder,
            household_no=household,
            started_at=moment(since, zone) if since else None,
            estimate=moment(estimate, zone) if estimate else None,
            cause=cause,
        ),
    )


@outage_app.command()
def plan(
    begins: Annotated[str, typer.Option("--from", help=_MOMENT)] = "",
    ends: Annotated[str, typer.Option("--until", help=_MOMENT)] = "",
    by: _By = "",
    transformer: _Transformer = "",
    feeder: _Feeder = "",
    household: _Household = "",
    cause: _Cause = "",
    as_json: _Json = False,
) -> None:
    """Enter a planned outage; from its beginning on callers hear of it."""
    if not (begins and ends):
        raise Failure("a planned outage needs --from and --until")
    _act(
        as_json,
        lambda desk, zone: desk.plan(
            _who(by),
            moment(begins, zone),
            moment(ends, zone),
            transformer=transformer,
            feeder=feeder,
            household_no=household,
            cause=cause,
        ),
    )


@outage_app.command()
def estimate(
    outage_no: str,
    when: Annotated[str, typer.Argument(help=_MOMENT)],
    by: _By = "",
    as_json: _Json = False,
) -> None:
    """Say when the power will be back; everybody who reported is told."""
    _act(as_json, lambda desk, zone: desk.estimate(outage_no, _who(by), moment(when, zone)))


@outage_app.command()
def restored(
    outage_no: str,
    by: _By = "",
    when: Annotated[str, typer.Option("--at", help=f"When it came back: {_MOMENT}; default: now.")] = "",
    as_json: _Json = False,
) -> None:
    """The power is back: everybody who reported is told and asked whether their light is on."""
    _act(
        as_json,
        lambda desk, zone: desk.restored(outage_no, _who(by), restored_at=moment(when, zone) if when else None),
    )


@outage_app.command()
def cancel(outage_no: str, by: _By = "", as_json: _Json = False) -> None:
    """Call a planned outage off."""
    _act(as_json, lambda desk, zone: desk.cancel(outage_no, _who(by)))


@outage_app.command()
def add(outage_no: str, ticket_no: str, by: _By = "", as_json: _Json = False) -> None:
    """Add a report to an outage by hand."""
    _act(as_json, lambda desk, zone: desk.add(outage_no, ticket_no, _who(by)))


def reliability(
    begin: Annotated[str, typer.Option("--from", help="First day, 2026-11-01.")] = "",
    until: Annotated[str, typer.Option("--until", help="Last day, 2026-11-30.")] = "",
    as_json: _Json = False,
) -> None:
    """SAIDI, SAIFI and CAIDI as reported: gege reliability --from 2026-11-01 --until 2026-11-30."""
    from bot.app.parts import existing_site
    from bot.tickets.outages.indices import reliability as compute

    if not (begin and until):
        raise Failure("which days? add --from and --until")
    settings = load_settings()
    zone = ZoneInfo(settings.site.timezone)
    span = moment(begin, zone), moment(until, zone, end=True)
    if span[1] <= span[0]:
        raise Failure("--until lies before --from")
    database = existing_site(settings)
    try:
        found = compute(database, *span)
    finally:
        database.dispose()
    values = {
        name: {
            "saidi": one.saidi,
            "saifi": one.saifi,
            "caidi": one.caidi,
            **dataclasses.asdict(one),
        }
        for name, one in (("unplanned", found.unplanned), ("planned", found.planned), ("all", found.all))
    }
    if as_json:
        print(json.dumps({"from": _local(span[0], zone), "until": _local(span[1], zone), **values}), flush=True)
    else:
        _table([{"sort": name, **one} for name, one in values.items()])


def ratings(
    month: Annotated[str, typer.Option("--month", help="2026-11; default: this month.")] = "",
    as_json: _Json = False,
) -> None:
    """How content residents were, grid by grid: gege ratings --month 2026-11."""
    from bot.app.parts import existing_site
    from bot.tickets.owed.ratings import of_month

    settings = load_settings()
    zone = ZoneInfo(settings.site.timezone)
    try:
        day = dt.date.fromisoformat(f"{month}-01") if month else dt.datetime.now(zone).date()
        if month and len(month) != len("2026-11"):
            raise ValueError(month)
        if not 1 < day.year < 9999:
            raise ValueError(month)
    except ValueError:
        raise Failure(f"{month!r} is no month; write 2026-11") from None
    database = existing_site(settings)
    try:
        found = of_month(database, day.year, day.month, zone)
    finally:
        database.dispose()
    rate = (lambda one: one.rate) if as_json else _share
    _show([{**dataclasses.asdict(one), "rate": rate(one)} for one in found], as_json, nothing="no_ratings")


def _share(one: MonthlyRating) -> str:
    """满意率 with what it is a share of: 75% (3/4)."""
    answered = one.good + one.fair + one.bad
    return f"{one.rate:.0%} ({one.good + one.fair}/{answered})" if one.rate is not None else ""


def _who(by: str) -> str:
    if not by:
        raise Failure("who does it? add --by STAFF_NO")
    return by


def _local(at: dt.datetime | None, zone: ZoneInfo) -> str | None:
    return at.astimezone(zone).isoformat(timespec="minutes") if at else None


def _row(card: OutageCard, zone: ZoneInfo) -> dict[str, Any]:
    moments = ("started_at", "estimated_restore_at", "restored_at")
    return {**dataclasses.asdict(card), **{name: _local(getattr(card, name), zone) for name in moments}}


_COLUMNS = (
    "outage_no",
    "state",
    "scope",
    "started_at",
    "estimated_restore_at",
    "restored_at",
    "households",
    "owner_name",
)


def _show(rows: list[dict[str, Any]], as_json: bool, one: bool = False, nothing: str = "no_outages") -> None:
    if as_json:
        out(rows[0] if one else rows)
    elif not rows:
        print(getattr(_words(), nothing), file=sys.stderr, flush=True)
    elif "outage_no" in rows[0]:
        scoped = [{**row, "scope": row["transformer"] or row["feeder"]} for row in rows]
        _table([{name: row[name] for name in _COLUMNS} for row in scoped])
    else:
        _table(rows)


@dataclass(frozen=True)
class _Words:
    """outage.yml."""

    columns: dict[str, str]
    values: dict[str, str]
    no_outages: str
    no_ratings: str


def _words() -> _Words:
    return load(_Words, Path(__file__).with_name("outage.yml"))


def _table(rows: list[dict[str, Any]]) -> None:
    words = _words()
    table = Table()
    for column in rows[0]:
        table.add_column(words.columns[column], no_wrap=column == "outage_no")
    for row in rows:
        table.add_row(*(_cell(words, value) for value in row.values()))
    Console(highlight=False).print(table)


def _cell(words: _Words, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and _MOMENTS.match(value):
        return value[5:16].replace("T", " ")
    return str(words.values.get(str(value), value))
