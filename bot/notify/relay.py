"""The relay: takes what is due from the outbox to people's providers, at least once, danger first."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, select, update
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.foundation import logs
from bot.foundation.background import Background, More
from bot.grid.models import Role, Staff
from bot.notify import routes
from bot.notify.links import Links
from bot.notify.pace import Group, Minutes, forget, share_out
from bot.notify.provider import Message, Provider, Refused, Transient
from bot.notify.registered_names import RegisteredNames
from bot.notify.routes import Due, Parcel
from bot.notify.taken import Taken
from bot.replicas.place import ALONE, Owner
from bot.settings import NotifySettings
from bot.tickets.models import Notification
from bot.tickets.owed import outbox, paging
from bot.tickets.owed.outbox import Owed
from bot.tickets.rules import usual_rules

log = logging.getLogger(__name__)

#: messages on their way at once to one provider; danger does not count
SLOTS = 8
#: due messages looked at for one round
LOOK = 2_000
#: rows that one message stands for at most
AT_MOST = 60
UNDELIVERED = "undelivered"
#: what one service at a time does: sending what has a minute to keep to
OUTBOX = "outbox"


@dataclass
class _Outcome:
    """What became of one parcel."""

    taken: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    retry_after: float = 0.0

    @property
    def reasons(self) -> str:
        return "; ".join(f"{name}: {reason}" for name, reason in (self.failed | self.refused).items())


class Relay:
    """Delivers the outbox: `background` for ever, `deliver_due(at)` one moment; both may run in several processes.

    `timeout_s` (default: the setting) bounds one send; a claimed message that is never settled (a crash) is due again five seconds
    after that."""

    def __init__(
        self,
        database: Database,
        providers: Mapping[str, Provider],
        settings: NotifySettings,
        timeout_s: float | None = None,
        poll_s: float = 1.0,
        clock: Callable[[], dt.datetime] = now,
        links: Links | None = None,
        zone: dt.tzinfo | None = None,
        owner: Owner = ALONE,
        taken: Taken | None = None,
    ) -> None:
        """`links` for staff's buttons; `taken`: survives us; `zone`: the site's, in which times are written. Of several services one sends
        everyday messages, so that a reader's minute is one minute; danger has none and leaves by whoever sees it first."""
        if missing := [name for name in settings.providers if name not in providers]:
            raise ValueError(f"notify.providers names {', '.join(missing)}; there is only {', '.join(providers)}")
        self._database = database
        self._providers = dict(providers)
        self._settings = settings
        self._timeout_s = settings.timeout_s if timeout_s is None else timeout_s
        self._lease = dt.timedelta(seconds=self._timeout_s + 5)
        self._poll_s = poll_s
        self._clock = clock
        self._owner, self._had = owner, False
        self._taken = taken or Taken()
        self._busy: Counter[str] = Counter()
        self._site = routes.Site(RegisteredNames(database), zone or usual_rules().hours.zone, links)
        self._minutes = Minutes(providers)
        #: when each reader was last written to, danger left out
        self._told: defaultdict[str, deque[dt.datetime]] = defaultdict(deque)
        self._under_way: set[asyncio.Task[Any]] = set()
        #: delivers for ever; a stuck message keeps its own slot and nothing else
        self.background = Background("outbox", poll_s, self._look)

    @property
    def in_groups(self) -> bool:
        """Whether staff's messages also go where others read them: a robot writes into a group."""
        return any(name.endswith("_robot") for name in self._settings.providers)

    def nudge(self) -> None:
        """Something is owed: look now. From any thread; unless the background runs it does nothing."""
        self.background.nudge()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            await self.background.run()
        finally:
            await self._let_go()

    async def _look(self) -> More | None:
        parcels = await asyncio.to_thread(self._claim, self._clock())
        for parcel in parcels:
            self._spawn(self._deliver(parcel, None)).add_done_callback(lambda _: self.nudge())
        return More.at_once if parcels else None

    async def _let_go(self) -> None:
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def close(self) -> None:
        """Leave what is under way to the next one, and let go of the providers' connections."""
        await self._let_go()
        for provider in self._providers.values():
            if close := getattr(provider, "close", None):
                with contextlib.suppress(Exception):
                    await close()

    async def deliver_due(self, at: dt.datetime) -> int:
        """Try everything that is due at `at` once; returns how many rows were delivered."""
        delivered = 0
        while parcels := await asyncio.to_thread(self._claim, at):
            delivered += sum(await asyncio.gather(*(self._deliver(parcel, at) for parcel in parcels)))
        return delivered

    # ---- claiming -------------------------------------------------------------------------------

    def _claim(self, at: dt.datetime) -> list[Parcel]:
        """Take what is due and may leave now. Being claimed is a later `due_at`, so a crash only delays."""
        ours = self._owner.claim(OUTBOX)
        with self._database.reading() as session:
            if ours and not self._had:
                self._look_back(session, at)
            found = routes.due(session, at, LOOK)
        self._had = ours
        groups, nowhere = self._choose(found if ours else [one for one in found if self._anybodys(one)], at)
        if not groups and not nowhere:
            return []
        self._site.names.refresh()
        with self._database.session() as session:
            for lost in nowhere:
                _skip(session, lost, at)
            return self._take(session, groups, at)

    def _look_back(self, session: Session, at: dt.datetime) -> None:
        """What left within the last minute, before we came or by whoever sent until now, counts."""
        sent = routes.sent_lately(session, at)
        self._minutes.look_back(sent)
        self._told.clear()
        for one in sent:
            if not one.urgent:
                self._told[one.reader].append(one.at)

    def _anybodys(self, one: Due) -> bool:
        """Danger; but a robot that loses what is more than its minute holds is one service's to count."""
        return one.urgent and not any(
            self._minutes.strict(name) for name in routes.route(one, self._providers, self._settings.providers)
        )

    def _choose(self, found: list[Due], at: dt.datetime) -> tuple[list[Group], list[Due]]:
        """(what leaves now, what has no way to its reader). Danger leaves alone and at once; the rest of a reader's
        messages leave one by one while there are few, together when there are many, and wait for their minute."""
        free = {name: SLOTS - self._busy[name] for name in self._providers}
        left = {name: self._minutes.left(name, at) for name in self._providers}
        groups: list[Group] = []
        nowhere: list[Due] = []
        together: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        through_robots: defaultdict[tuple[str, ...], list[Due]] = defaultdict(list)
        for one in found:
            ways = tuple(
                name for name in routes.route(one, self._providers, self._settings.providers) if name not in one.had
            )
            if not ways:
                nowhere.append(one)
            elif one.urgent and any(self._minutes.strict(name) for name in ways):
                through_robots[ways].append(one)
            elif one.urgent:
                # Danger waits for nothing, but it uses up the minute for the others.
                for name in ways:
                    left[name] -= 1
                groups.append(Group((one.id,), ways, one.reader))
            else:
                together.setdefault((one.reader, ways), []).append(one.id)
        for group in share_out(through_robots, self._minutes.strict, self._minutes.room_for_danger(at)):
            groups.append(group)
            for name in group.ways:
                left[name] -= 1
        for (reader, ways), rows in together.items():
            may = self._left_for(reader, at)
            many = len(rows) >= self._settings.together_from or len(rows) > may
            for part in [rows[:AT_MOST]] if many else [[row] for row in rows]:
                if may <= 0 or any(free[name] <= 0 or left[name] <= 0 for name in ways):
                    break
                may -= 1
                for name in ways:
                    left[name] -= 1
                    free[name] -= 1
                groups.append(Group(tuple(part), ways, reader))
        return groups, nowhere

    def _left_for(self, reader: str, at: dt.datetime) -> int:
        """Messages that a reader may still get in this minute."""
        window = self._told[reader]
        forget(window, at)
        return self._settings.per_person_a_minute - len(window)

    def _take(self, session: Session, groups: list[Group], at: dt.datetime) -> list[Parcel]:
        wanted = [row for group in groups for row in group.rows]
        rows = session.scalars(
            select(Notification)
            .where(Notification.id.in_(wanted), Notification.state == "pending", Notification.due_at <= at)
            # Another relay's rows are the other relay's business (PostgreSQL; SQLite has one writer).
            .with_for_update(skip_locked=True)
        ).all()
        free = {row.id: row for row in rows}
        parcels = []
        for group in groups:
            mine = [free[row] for row in group.rows if row in free]
            if not mine:
                continue
            for row in mine:
                row.due_at = at + self._lease
                row.attempts += 1
                row.service = self._owner.id
            try:
                ways = [self._providers[name] for name in group.ways]
                parcel = routes.parcel(session, mine, ways, self._site, at)
            except Exception as problem:
                # One message that cannot be written must not hold up those behind it.
                log.exception("notification %s cannot be written", mine[0].id)
                for row in mine:
                    self._after_failure(session, row, _Outcome(failed={"text": logs.described(problem)}), at)
                continue
            parcel = dataclasses.replace(parcel, rest=group.rest)
            parcels.append(parcel)
            if not parcel.urgent:
                self._told[group.reader].append(at)
            for name in parcel.messages:
                self._minutes.used(name, at)
                if not parcel.urgent:
                    self._busy[name] += 1
        return parcels

    # ---- sending --------------------------------------------------------------------------------

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._landed)
        return task

    def _landed(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.debug("a delivery ended badly: %s", task.exception())

    async def _deliver(self, parcel: Parcel, at: dt.datetime | None) -> int:
        """Send one parcel by all of its ways at once and write down what came of it; rows that are delivered."""
        outcome = _Outcome()
        logs.note(session=parcel.talk, ticket=next((one.ticket_no for one in parcel.messages.values()), ""))
        try:
            await asyncio.gather(*(self._send(name, one, parcel, outcome) for name, one in parcel.messages.items()))
        finally:
            if not parcel.urgent:
                self._busy.subtract(parcel.messages.keys())
        number, taken = parcel.notification_ids[0], ", ".join(outcome.taken) or "nobody"
        log.info("notification %s (%d in one): taken by %s", number, len(parcel.notification_ids), taken)
        try:
            delivered = await asyncio.to_thread(self._settle, parcel, outcome, at or self._clock())
            self._taken.done(name for way in outcome.taken for name in parcel.names(way))
            return delivered
        except Exception:
            log.exception(
                "notification %s was tried but could not be marked; it will go out again",
                parcel.notification_ids[0],
            )
            return 0

    async def _send(self, name: str, message: Message, parcel: Parcel, outcome: _Outcome) -> None:
        sending = self._spawn(self._providers[name].send(message))
        try:
            done, _ = await asyncio.wait({sending}, timeout=self._timeout_s)
        except asyncio.CancelledError:
            sending.cancel()
            raise
        if not done:
            # Not awaited: a provider that hangs may also refuse to be cancelled.
            sending.cancel()
            outcome.failed[name] = f"no answer in {self._timeout_s:g} s"
            return
        try:
            sending.result()
        except Refused as problem:
            outcome.refused[name] = str(problem)
        except Transient as problem:
            outcome.failed[name] = str(problem)
            outcome.retry_after = max(outcome.retry_after, problem.retry_after or 0.0)
        except Exception as problem:
            outcome.failed[name] = logs.described(problem)
        else:
            self._taken.note(parcel.names(name))
            outcome.taken.append(name)

    # ---- settling -------------------------------------------------------------------------------

    def _settle(self, parcel: Parcel, outcome: _Outcome, at: dt.datetime) -> int:
        with self._database.session() as session:
            return sum(self._mark(session, one, outcome, at, parcel.rest) for one in parcel.notification_ids)

    def _mark(self, session: Session, notification_id: int, outcome: _Outcome, at: dt.datetime, rest: bool) -> bool:
        row = session.get_one(Notification, notification_id, with_for_update=True)
        if row.state != "pending":
            return False
        row.provider = ",".join(filter(None, [row.provider, *outcome.taken]))
        row.error = outcome.reasons[:2000]
        if rest:
            row.due_at = at + dt.timedelta(seconds=self._poll_s)
            return False
        if not outcome.failed and row.provider:
            row.state, row.sent_at = "sent", at
            return True
        self._after_failure(session, row, outcome, at)
        return False

    def _after_failure(self, session: Session, row: Notification, outcome: _Outcome, at: dt.datetime) -> None:
        """Try again later, or give up: at once when every way refused, else after a day."""
        row.error = outcome.reasons[:2000] or "no way to this person"
        hopeless = bool(outcome.refused) and not outcome.failed and not self._another_way(session, row, outcome)
        age = (at - (row.held_until or row.created_at)).total_seconds()
        backoff = self._settings.backoff(row.urgent)
        wait = None if hopeless else backoff.wait(row.attempts, asked_s=outcome.retry_after, age_s=age)
        if wait is not None:
            row.due_at = at + dt.timedelta(seconds=wait)
        elif row.provider:
            row.state, row.sent_at = "sent", at  # one way of several reached the person
        else:
            row.state = "dead"
            log.error("notification %s to %s is given up: %s", row.id, row.staff_no or row.channel, row.error)
            # A resident's news that cannot be delivered (they blocked us) is no emergency.
            if row.template != UNDELIVERED and row.staff_no:
                self._page_desk(session, row, at)

    def _another_way(self, session: Session, row: Notification, outcome: _Outcome) -> bool:
        """Danger that a person's own messenger refuses goes by the site's ways next (`routes.route`)."""
        if not row.urgent or not row.staff_no or row.provider:
            return False
        own = routes.own_ways(session.get_one(Staff, row.staff_no), self._providers)
        return bool(own) and not {*routes.second_ways(own, self._settings.providers)} <= outcome.refused.keys()

    def _page_desk(self, session: Session, dead: Notification, at: dt.datetime) -> None:
        """Tell the duty desk who was not reached; that message, when it dies, tells nobody (no loop)."""
        person = session.get_one(Staff, dead.staff_no)
        station = paging.roster(session, None).station
        everybody = [one for role in (Role.duty, Role.team, Role.admin) for one in station.get(role, [])]
        others = [one for one in everybody if one.staff_no != dead.staff_no]
        if not others:
            log.error("nobody else is left to be told that notification %s is dead", dead.id)
        detail = {"notification": dead.id, "person": person.name, "reason": dead.error}
        owed = (
            Owed(UNDELIVERED, dead.ticket_id, other.staff_no, urgent=dead.urgent, detail=detail)
            for other in others
            if other.role == others[0].role
        )
        outbox.owe(session, owed, at)


def _skip(session: Session, lost: Due, at: dt.datetime) -> None:
    """Settle a row that has no way to its reader, or none left that has not taken it; there is nothing to try again."""
    row = session.get_one(Notification, lost.id, with_for_update=True)
    if row.state != "pending":
        return
    if row.provider:
        row.state, row.sent_at = "sent", at
    else:
        row.state, row.error = "skipped", f"no way to this reader ({lost.channel or 'no messenger'})"


def release(database: Database, at: dt.datetime, living: Collection[str] = (), *, anybodys: bool = True) -> int:
    """What a fallen relay had claimed, none of the `living` services', is due at once. With `anybodys` (at start-up)
    also what was claimed by no service of a name. Returns how many."""
    left: list[ColumnElement[bool]] = [Notification.service.not_in(living)]
    if not anybodys:
        left.append(Notification.service != "")
    claimed = (
        select(Notification.id)
        .where(Notification.state == "pending", Notification.error == "", Notification.due_at > at)
        .where(Notification.attempts > 0, *left)
        .order_by(Notification.id)
        # What the fallen one's last transaction still holds comes free by its lease: to wait for it can be a deadlock.
        .with_for_update(skip_locked=True)
    )
    with database.session() as session:
        freed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
            update(Notification)
            .where(Notification.id.in_(claimed))
            .values(due_at=at)
            .execution_options(synchronize_session=False)
        )
    return freed.rowcount
