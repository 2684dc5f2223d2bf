"""One month of one county, out of the tickets' own history: every figure with the number that it stands on.

Definitions: a month's tickets are those reported in it. *Taken in time*: before the first escalation. *There in time*: of
those that need somebody on site, without a missed deadline (45, 90 or 120 min, 供电服务"十项承诺"). *Settled in time*: of
those that are settled, without a missed deadline. *Content*: 满意 and 比较满意 of those who answered. *Again*: the same
household with the same kind within seven days."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, case, func, select

from bot.database import Database
from bot.tickets.due.deadlines import ON_SITE_DUE, RESOLVE_DUE
from bot.tickets.models import Activity, Rating, State, Ticket

AGAIN = dt.timedelta(days=7)
GOOD, FAIR, BAD = "good", "fair", "bad"
#: acts whose first moment counts
_FIRST = ("acknowledged", "on_site", "resolved", "escalated")
#: figures of a month before are kept so long (s), and of so many months
_KEPT_S, _MOST_KEPT = 600.0, 24
#: what was no report of anything: taken back, or one with another
_NOTHING = (State.cancelled, State.merged)


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    hits: int = 0
    of: int = 0

    @property
    def value(self) -> float | None:
        """0 to 1; None when there is nothing to count."""
        return self.hits / self.of if self.of else None

    def __add__(self, other: Share) -> Share:
        return Share(self.hits + other.hits, self.of + other.of)


@dataclass(frozen=True)
class Further:
    """A figure from elsewhere, for the same sheet: so many, and (where it has one) a share."""

    name: str
    count: int
    share: Share | None = None


@dataclass(frozen=True)
class Figures:
    """The six figures of a grid, or of the county."""

    reports: int = 0
    taken: Share = Share()
    there: Share = Share()
    settled: Share = Share()
    content: Share = Share()
    again: Share = Share()

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.reports + other.reports, self.taken + other.taken, self.there + other.there,
            self.settled + other.settled, self.content + other.content, self.again + other.again,
        )  # fmt: skip


@dataclass(frozen=True)
class Miss:
    """Something that would cost: a deadline that passed, or 不满意; with what speaks for and against."""

    ticket_no: str
    grid_no: str
    kind: str
    owner: str
    #: on_site_due, resolve_due or bad
    what: str
    at: dt.datetime
    #: minutes late; 0 for a rating
    late: int
    #: when it was reported, taken, reached, settled
    times: Mapping[str, dt.datetime]
    comment: str = ""
    #: what the owner says to it, and whether it was let pass: "", "asked", "excused", "counts"
    plea: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Month:
    """One month; `before` is the month before it, for comparison."""

    year: int
    month: int
    all: Figures
    before: Figures
    by_grid: Mapping[str, Figures]
    by_day: Sequence[int]
    by_kind: Sequence[tuple[str, int]]
    #: minutes from the report until somebody was there: (up to so many minutes, how many)
    arrival: Sequence[tuple[int, int]]
    misses: Sequence[Miss]


@dataclass
class _Read:
    """The rows of a month, as they came."""

    tickets: list[tuple[int, str, str, str, str, str, dt.datetime, str | None]]
    #: of a ticket, the first moment of each act of _FIRST that there was
    first: dict[int, dict[str, dt.datetime]]
    missed: dict[int, list[tuple[str, dt.datetime, int]]] = field(default_factory=lambda: defaultdict(list))
    pleas: dict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    ratings: list[tuple[int, str, str, dt.datetime]] = field(default_factory=list)
    again: set[int] = field(default_factory=set)


_ARRIVAL = (15, 30, 45, 90, 120, 240)


def bounds(year: int, month: int, zone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime]:
    """First moment of a month and of the one after it."""
    begin = dt.datetime(year, month, 1, tzinfo=zone)
    return begin, dt.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)


class Months:
    """The months of one site. What a month is held against is read anew every ten minutes, not with every look: a month
    that is over hardly changes, and it is a third of the work."""

    def __init__(self, database: Database, zone: dt.tzinfo, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._zone, self._clock = database, zone, clock
        self._before: dict[tuple[int, int], tuple[float, Figures]] = {}

    def of(self, year: int, month: int) -> Month:
        """One month. Blocks."""
        at, kept = self._clock(), self._before.get((year, month))
        before = kept[1] if kept is not None and at - kept[0] < _KEPT_S else None
        found = of_month(self._database, year, month, self._zone, before)
        if before is None:
            if len(self._before) >= _MOST_KEPT:
                self._before.clear()
            self._before[year, month] = at, found.before
        return found


def of_month(database: Database, year: int, month: int, zone: dt.tzinfo, before: Figures | None = None) -> Month:
    """Read a month, and the one before it where its figures are not known. Blocks."""
    begin, end = bounds(year, month, zone)
    earlier = begin - dt.timedelta(days=1)
    with database.reading() as session:
        # Rows, not objects: what the ORM does for each of thousands is a fifth of the time.
        connection = session.connection()
        read = _read(connection, begin, end)
        if before is None:
            was = _read(connection, bounds(earlier.year, earlier.month, zone)[0], begin)
            before = sum(_by_grid(was).values(), Figures())
    by_grid = _by_grid(read)
    days = Counter(row[6].astimezone(zone).day for row in read.tickets)
    kinds = Counter(row[2] for row in read.tickets)
    return Month(
        year, month, sum(by_grid.values(), Figures()), before, by_grid,
        [days[day] for day in range(1, (end - dt.timedelta(days=1)).day + 1)], kinds.most_common(),
        _arrival(read), _misses(read),
    )  # fmt: skip


def _read(connection: Connection, begin: dt.datetime, end: dt.datetime) -> _Read:
    columns = (
        Ticket.id, Ticket.ticket_no, Ticket.kind, Ticket.state, func.coalesce(Ticket.grid_no, ""),
        func.coalesce(Ticket.owner, ""), Ticket.opened_at, Ticket.household_no,
    )  # fmt: skip
    mine = (Ticket.opened_at >= begin, Ticket.opened_at < end, Ticket.state.not_in(_NOTHING))
    # One row a ticket, its moments beside it: a row for each act is four times as many.
    firsts = [func.min(case((Activity.kind == kind, Activity.at))) for kind in _FIRST]
    rows = connection.execute(
        select(*columns, *firsts)
        .outerjoin(Activity, and_(Activity.ticket_id == Ticket.id, Activity.kind.in_(_FIRST)))
        .where(*mine)
        .group_by(Ticket.id)
        .order_by(Ticket.opened_at)
    ).all()
    wide = len(columns)
    read = _Read(
        [tuple(row[:wide]) for row in rows],
        {row[0]: {kind: at for kind, at in zip(_FIRST, row[wide:], strict=True) if at is not None} for row in rows},
    )
    acts = (
        select(Activity.ticket_id, Activity.kind, Activity.at, Activity.note, Activity.detail)
        .join(Ticket, Ticket.id == Activity.ticket_id)
        .where(*mine, Activity.kind.in_(("overdue", "pleaded", "judged")))
        .order_by(Activity.id)
    )
    for number, kind, at, note, detail in connection.execute(acts):
        if kind == "overdue":
            read.missed[number].append((detail.get("deadline", ""), at, int(detail.get("late", 0))))
        else:
            read.pleas[number].append((kind, note if kind == "pleaded" else str(detail.get("verdict", ""))))
    rated = (
        select(Rating.ticket_id, Rating.answer, Rating.comment, Rating.answered_at)
        .join(Ticket, Ticket.id == Rating.ticket_id)
        .where(*mine, Rating.answer.in_((GOOD, FAIR, BAD)))
        .order_by(Rating.id)
    )
    read.ratings = [tuple(row) for row in connection.execute(rated)]
    read.again = _again(connection, read, begin)
    return read


def _again(connection: Connection, read: _Read, begin: dt.datetime) -> set[int]:
    """Tickets of a household that had the same kind within seven days before; also over the end of a month."""
    rows = connection.execute(
        select(Ticket.household_no, Ticket.kind, Ticket.opened_at).where(
            Ticket.opened_at >= begin - AGAIN,
            Ticket.opened_at < begin,
            Ticket.household_no.is_not(None),
            Ticket.state.not_in(_NOTHING),
        )
    )
    last: dict[tuple[str, str], dt.datetime] = {}
    for household_no, kind, at in rows:
        key = (household_no, kind)
        last[key] = max(at, last.get(key, at))
    found = set()
    for number, _, kind, _, _, _, at, household_no in read.tickets:
        if household_no is None:
            continue
        key = (household_no, kind)
        if key in last and at - last[key] <= AGAIN:
            found.add(number)
        last[key] = at
    return found


def _by_grid(read: _Read) -> dict[str, Figures]:
    rated: dict[int, str] = {number: answer for number, answer, _, _ in read.ratings}
    # Plain counts, hits and of in turn: a month has thousands of tickets.
    found: dict[str, list[int]] = {}
    for number, _, _, _, grid_no, _, _, household_no in read.tickets:
        first, missed = read.first[number], {deadline for deadline, _, _ in read.missed.get(number, ())}
        taken, up = first.get("acknowledged"), first.get("escalated")
        answer = rated.get(number)
        counted = (
            (taken or up, up is None or (taken is not None and taken <= up)),
            ("on_site" in first or ON_SITE_DUE in missed, ON_SITE_DUE not in missed),
            ("resolved" in first or RESOLVE_DUE in missed, RESOLVE_DUE not in missed),
            (answer, answer in (GOOD, FAIR)),
            (household_no, number in read.again),
        )
        one = found.setdefault(grid_no, [0] * (1 + 2 * len(counted)))
        one[0] += 1
        for at, (counts, hit) in enumerate(counted):
            if counts:
                one[1 + 2 * at] += hit
                one[2 + 2 * at] += 1
    return {grid_no: _figures(counts) for grid_no, counts in sorted(found.items())}


def _figures(counts: Sequence[int]) -> Figures:
    taken, there, settled, content, again = (Share(*counts[at : at + 2]) for at in range(1, 11, 2))
    return Figures(counts[0], taken, there, settled, content, again)


def _arrival(read: _Read) -> list[tuple[int, int]]:
    """How many were reached within 15, 30, … minutes, and (0) later."""
    counts: Counter[int] = Counter()
    for number, _, _, _, _, _, at, _ in read.tickets:
        if there := read.first[number].get("on_site"):
            minutes = (there - at).total_seconds() / 60
            counts[next((limit for limit in _ARRIVAL if minutes <= limit), 0)] += 1
    return [(limit, counts[limit]) for limit in (*_ARRIVAL, 0)]


def _misses(read: _Read) -> list[Miss]:
    bad: dict[int, tuple[str, dt.datetime]] = {}
    for number, answer, comment, at in read.ratings:
        if answer == BAD:
            bad[number] = (comment, at)
    found = []
    for number, ticket_no, kind, _, grid_no, owner, opened_at, _ in read.tickets:
        if number not in read.missed and number not in bad:
            continue
        times = {"reported": opened_at, **{act: at for act, at in read.first[number].items() if act != "escalated"}}
        plea, verdict = _plea(read.pleas.get(number, ()))
        # A deadline that is told again and again was missed once.
        for deadline, at, late in {
            deadline: (deadline, at, late) for deadline, at, late in read.missed.get(number, ())
        }.values():
            found.append(Miss(ticket_no, grid_no, kind, owner, deadline, at, late, times, "", plea, verdict))
        if number in bad:
            comment, at = bad[number]
            found.append(Miss(ticket_no, grid_no, kind, owner, BAD, at, 0, times, comment, plea, verdict))
    return sorted(found, key=lambda one: (one.grid_no, one.at))


def _plea(acts: Iterable[tuple[str, str]]) -> tuple[str, str]:
    plea = verdict = ""
    for kind, text in acts:
        if kind == "pleaded":
            plea, verdict = text, "asked"
        else:
            verdict = text
    return plea, verdict
