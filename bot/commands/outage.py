"""`gege outage …`, `gege reliability` and `gege ratings`: outages, their indices, and how content residents were."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.commands import completing
from bot.commands.escalation import moment
from bot.commands.line import Failure, JsonFlag, out
from bot.settings import load_settings

if TYPE_CHECKING:
    from bot.tickets.outages.cards import OutageCard
    from bot.tickets.owed.ratings import MonthlyRating

_By = Annotated[str, typer.Option("--by", autocompletion=completing.staff_numbers, help="Staff number of who does it.")]
_Transformer = Annotated[str, typer.Option("--transformer", help="Name of the transformer area.")]
_Feeder = Annotated[str, typer.Option("--feeder", help="Name of the feeder (of all of it, or of the transformer).")]
_Household = Annotated[str, typer.Option("--household", help="A household number: its transformer is meant.")]
_Cause = Annotated[str, typer.Option("--cause", help="What happened, or what is done.")]
_Outage = Annotated[str, typer.Argument(autocompletion=completing.outage_numbers, help="Number of the outage.")]
_Ticket = Annotated[str, typer.Argument(autocompletion=completing.ticket_numbers, help="Number of the ticket.")]
_MOMENT = "2026-11-23T14:00, in the site's own time"

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
        _show([dataclasses.asdict(act(desk.outages, zone))], as_json, zone, one=True)


@outage_app.command("list")
def list_(
    active: Annotated[bool, typer.Option("--active", help="Only those that go on or are announced.")] = False,
    limit: Annotated[int, typer.Option(help="How many are listed.")] = 100,
    as_json: JsonFlag = False,
) -> None:
    """The outages, the latest first."""
    with _site() as (desk, zone):
        _show([dataclasses.asdict(one) for one in desk.outages.list(active, limit)], as_json, zone)


@outage_app.command("open")
def open_(
    by: _By = "",
    transformer: _Transformer = "",
    feeder: _Feeder = "",
    household: _Household = "",
    since: Annotated[str, typer.Option("--since", help=f"When it began: {_MOMENT}; default: now.")] = "",
    estimate: Annotated[str, typer.Option("--estimate", help="When it will be back, as far as is known.")] = "",
    cause: _Cause = "",
    as_json: JsonFlag = False,
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
    as_json: JsonFlag = False,
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
    outage_no: _Outage,
    when: Annotated[str, typer.Argument(help=_MOMENT)],
    by: _By = "",
    as_json: JsonFlag = False,
) -> None:
    """Say when the power will be back; everybody who reported is told."""
    _act(as_json, lambda desk, zone: desk.estimate(outage_no, _who(by), moment(when, zone)))


@outage_app.command()
def restored(
    outage_no: _Outage,
    by: _By = "",
    when: Annotated[str, typer.Option("--at", help=f"When it came back: {_MOMENT}; default: now.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """The power is back: everybody who reported is told and asked whether their light is on."""
    _act(
        as_json,
        lambda desk, zone: desk.restored(outage_no, _who(by), restored_at=moment(when, zone) if when else None),
    )


@outage_app.command()
def cancel(outage_no: _Outage, by: _By = "", as_json: JsonFlag = False) -> None:
    """Call a planned outage off."""
    _act(as_json, lambda desk, zone: desk.cancel(outage_no, _who(by)))


@outage_app.command()
def add(outage_no: _Outage, ticket_no: _Ticket, by: _By = "", as_json: JsonFlag = False) -> None:
    """Add a report to an outage by hand."""
    _act(as_json, lambda desk, zone: desk.add(outage_no, ticket_no, _who(by)))


def reliability(
    begin: Annotated[str, typer.Option("--from", help="First day, 2026-11-01.")] = "",
    until: Annotated[str, typer.Option("--until", help="Last day, 2026-11-30.")] = "",
    as_json: JsonFlag = False,
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
        out({"from": _local(span[0], zone), "until": _local(span[1], zone), **values})
    else:
        _table([{"sort": name, **one} for name, one in values.items()], zone)


def ratings(
    month: Annotated[str, typer.Option("--month", help="2026-11; default: this month.")] = "",
    as_json: JsonFlag = False,
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
    _show([{**dataclasses.asdict(one), "rate": rate(one)} for one in found], as_json, zone, nothing="no_ratings")


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


def _show(
    rows: list[dict[str, Any]], as_json: bool, zone: ZoneInfo, one: bool = False, nothing: str = "no_outages"
) -> None:
    if as_json:
        shown = [{name: _in_zone(value, zone) for name, value in row.items()} for row in rows]
        return out(shown[0] if one else shown)
    if rows and "outage_no" in rows[0]:
        scoped = [{**row, "scope": row["transformer"] or row["feeder"]} for row in rows]
        rows = [{name: row[name] for name in _COLUMNS} for row in scoped]
    _table(rows, zone, nothing)


@dataclass(frozen=True)
class _Words:
    """outage.yml, and in English outage.en.yml."""

    columns: dict[str, str]
    values: dict[str, str]
    no_outages: str
    no_ratings: str


def _table(rows: list[dict[str, Any]], zone: ZoneInfo, nothing: str = "") -> None:
    from bot.commands.names import words
    from bot.commands.tables import Column, show

    shown = words(_Words, "outage")
    columns = (
        [Column(shown.columns[name], text=name == "scope", right=_counts(rows[0][name])) for name in rows[0]]
        if rows
        else []
    )
    cells = [
        [shown.values.get(value, value) if isinstance(value, str) else value for value in row.values()] for row in rows
    ]
    show(columns, cells, getattr(shown, nothing, ""), zone)


def _counts(value: Any) -> bool:
    return isinstance(value, int | float)


def _in_zone(value: Any, zone: ZoneInfo) -> Any:
    return _local(value, zone) if isinstance(value, dt.datetime) else value
