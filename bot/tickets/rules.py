"""The site's rules of service as tickets apply them: who may be woken, what waits, and which deadlines count."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.grid.models import Role
from bot.settings import (
    DeadlineSettings,
    FloodSettings,
    OutageSettings,
    RatingSettings,
    ServiceSettings,
    Settings,
    SettingsError,
)
from bot.tickets.due.hours import HOLIDAYS, HolidaysUnreadable, Hours, Span, read_holidays
from bot.tickets.kinds import all_kinds, further
from bot.tickets.models import Kind

if TYPE_CHECKING:
    from bot.tickets.models import Ticket

#: what a call that broke off was about, where that is known (bot/tickets/life/broken_off.py)
_ABOUT = "kind"


@dataclass(frozen=True)
class Rules:
    """Working time, and everything that is counted in it."""

    hours: Hours
    #: kinds that climb and are told at any hour
    around_the_clock: frozenset[str]
    deadlines: DeadlineSettings
    outages: OutageSettings = field(default_factory=OutageSettings)
    ratings: RatingSettings = field(default_factory=RatingSettings)
    floods: FloodSettings = field(default_factory=FloodSettings)
    #: telephone reporters with a mobile get their news by SMS
    sms_news: bool = False
    #: so long a report waits for 对 or 改
    confirm_min: int = 10
    #: what residents are told to call
    station_phone: str = ""
    _areas: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    # ---- what waits -----------------------------------------------------------------------------

    def at_any_hour(self, ticket: Ticket) -> bool:
        """Whether a ticket keeps no working hours: danger, no supply, and whatever is urgent."""
        if ticket.urgent or ticket.kind in self.around_the_clock:
            return True
        return ticket.facts.get(_ABOUT) in self.around_the_clock

    def after(self, ticket: Ticket, start: dt.datetime, span: dt.timedelta) -> dt.datetime:
        """When `span` has passed since `start`, in the time that counts for the ticket."""
        return start + span if self.at_any_hour(ticket) else self.hours.after(start, span)

    def tells(self, ticket: Ticket, role: str, at: dt.datetime) -> dt.datetime:
        """When staff may be told: an everyday matter waits for working hours, a supervisor only through the night."""
        if self.at_any_hour(ticket):
            return at
        if role == Role.supervisor:
            return self.hours.wakes(at)
        return self.hours.wakes(self.hours.opens(at))

    def tells_resident(self, ticket: Ticket, at: dt.datetime) -> dt.datetime:
        """When the reporter may be told: who sits in the dark is awake, others sleep through the quiet hours."""
        return at if self.at_any_hour(ticket) else self.hours.wakes(at)

    # ---- deadlines ------------------------------------------------------------------------------

    def area(self, grid_no: str | None) -> str:
        """town, village or remote."""
        if grid_no is None:
            return "town"
        if grid_no not in self._areas:
            limits = self.deadlines
            areas = (("remote", limits.remote_grids), ("village", limits.village_grids))
            self._areas[grid_no] = next(
                (name for name, grids in areas if any(fnmatchcase(grid_no, one) for one in grids)), "town"
            )
        return self._areas[grid_no]

    def on_site_due(self, ticket: Ticket, start: dt.datetime) -> dt.datetime | None:
        """When somebody must be there; None for what needs nobody on site."""
        if not self._without_supply(ticket):
            return None
        return start + dt.timedelta(minutes=self.deadlines.on_site_min[self.area(ticket.grid_no)])

    def resolve_due(self, ticket: Ticket, start: dt.datetime) -> dt.datetime:
        """When it must be settled, counted from arrival for what needs somebody on site, else from the report."""
        limits = self.deadlines
        if self._without_supply(ticket):
            return start + dt.timedelta(minutes=limits.restore_min[self.area(ticket.grid_no)])
        if ticket.kind in limits.hours:
            return start + dt.timedelta(hours=limits.hours[ticket.kind])
        own = further().get(ticket.kind)
        usual = (own.working_days if own else 0.0) or limits.working_days.get("other", 5.0)
        days = limits.working_days.get(ticket.kind, usual)
        return self.hours.after(start, self.hours.day_length * days)

    def asks_again(self, ticket: Ticket, start: dt.datetime) -> dt.datetime:
        """When a deadline that has passed is told again: after a day, or after a working day."""
        if self._without_supply(ticket):
            return start + dt.timedelta(days=1)
        return self.hours.after(start, self.hours.day_length)

    def _without_supply(self, ticket: Ticket) -> bool:
        return ticket.kind in (Kind.hazard, Kind.outage, Kind.breaker_fault)


def rules_of(settings: Settings) -> Rules:
    """The rules that a site has set. Raises SettingsError where they cannot be kept."""
    service = settings.service
    own = settings.home / "holidays.yml"
    file = Path(service.holidays) if service.holidays else own if own.exists() else HOLIDAYS
    return _rules(service, file, settings.site.timezone, settings.site.station_phone, settings.home / "gege.toml")


@functools.cache
def usual_rules() -> Rules:
    """The rules of a site that has set nothing."""
    settings = Settings()
    return _rules(settings.service, HOLIDAYS, settings.site.timezone, settings.site.station_phone, Path("gege.toml"))


def _rules(service: ServiceSettings, holidays: Path, zone: str, phone: str, file: Path) -> Rules:
    spans = tuple(sorted((Span.of(one) for one in service.working_hours), key=lambda one: one.begin))
    if any(one.begin >= one.end for one in spans):
        raise SettingsError(f"{file}: service.working_hours: a span ends after it begins: 08:00-17:30")
    if any(one.end > following.begin for one, following in itertools.pairwise(spans)):
        raise SettingsError(f"{file}: service.working_hours: two spans overlap")
    known = set(all_kinds())
    for key, named in (
        ("around_the_clock", service.around_the_clock),
        ("deadlines.hours", service.deadlines.hours),
        ("deadlines.working_days", set(service.deadlines.working_days) - {"other"}),
    ):
        if strange := sorted(set(named) - known):
            raise SettingsError(f"{file}: service.{key}: {strange[0]} is no kind; one of {', '.join(all_kinds())}")
    for key in ("on_site_min", "restore_min"):
        if missing := sorted({"town", "village", "remote"} - set(getattr(service.deadlines, key))):
            raise SettingsError(f"{file}: service.deadlines.{key}: {missing[0]} is missing")
    try:
        free, worked = read_holidays(holidays)
        site = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise SettingsError(f"{file}: site.timezone: {zone!r} is no time zone; write Asia/Shanghai") from problem
    except HolidaysUnreadable as problem:
        raise SettingsError(str(problem)) from problem
    return Rules(
        hours=Hours(site, frozenset(service.workdays), spans, Span.of(service.quiet_hours), free, worked),
        # Danger is not a matter of settings.
        around_the_clock=frozenset({*service.around_the_clock, Kind.hazard}),
        deadlines=service.deadlines,
        outages=service.outages,
        ratings=service.ratings,
        floods=service.floods,
        sms_news=service.sms_news,
        confirm_min=service.confirm_min,
        station_phone=phone,
    )
