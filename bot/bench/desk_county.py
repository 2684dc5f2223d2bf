"""A county that has been served for three months, as rows: what `gege bench desk` looks at."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.database import Database
from bot.grid.models import GridStaff, Household, Role, Staff, Transformer
from bot.tickets.models import Activity, Outage, OutageState, Rating, State, Ticket, Timer, Utterance

DAYS = 90
#: of a hundred reports so many of each kind
_KINDS = Counter(outage=38, breaker_fault=20, arrears=12, pricing=8, indoor_repair=8, complaint=4, care=6, hazard=4)
#: what has become of older ones, and of those of the last two days
_ENDED = (State.closed, State.closed, State.closed, State.closed, State.resolved, State.cancelled, State.merged)
_GOING = (State.reported, State.acknowledged, State.acknowledged, State.on_site, State.resolved, State.closed)
_SAID = "我屋里停电了，隔壁也没有，冰箱里还有药，麻烦快一点"
_MANY = 2_000


class Rows:
    """Writes rows of one table after the other, many at a time."""

    def __init__(self, database: Database, dice: random.Random, now: dt.datetime) -> None:
        self._database, self._dice, self._now = database, dice, now
        with database.reading() as session:
            self._homes = session.execute(
                select(Household.household_no, Household.grid_no, Household.transformer_id, Household.address)
            ).all()
            self._managers = _managers(session)
            self._areas = session.execute(select(Transformer.id, Transformer.feeder_id)).all()
        self._next = 1

    def history(self, count: int) -> None:
        """`count` tickets of three months with all that was done to them; those of the last two days go on."""
        ages = sorted((self._dice.random() ** 2 * DAYS for _ in range(count)), reverse=True)
        self._write([self._ticket(dt.timedelta(days=age)) for age in ages], outages=False)

    def storm(self, reports: int, sections: int) -> None:
        """`reports` of one hour that nobody has taken: most belong to the outages of so many transformer areas."""
        areas = self._dice.sample(self._areas, min(sections, len(self._areas)))
        with self._database.session() as session:
            first = int(session.scalar(select(Outage.id).order_by(Outage.id.desc()).limit(1)) or 0) + 1
            session.execute(
                insert(Outage),
                [{"id": first + n, "outage_no": f"TD{first + n:06}", "transformer_id": area, "grids": [],
                  "state": OutageState.open, "started_at": self._now - dt.timedelta(hours=1), "told": [],
                  "planned": False, "cause": "", "entered_at": self._now} for n, (area, _) in enumerate(areas)],
            )  # fmt: skip
        rows = []
        for n in range(reports):
            one = self._ticket(dt.timedelta(seconds=self._dice.uniform(0, 3600)), State.reported)
            one["outage_id"] = first + n % len(areas) if n % 20 else None
            rows.append({**one, "kind": "hazard" if n % 400 == 0 else "outage", "urgent": n % 100 == 0})
        self._write(rows, outages=True)

    def _ticket(self, age: dt.timedelta, state: str = "") -> dict[str, Any]:
        number, dice = self._next, self._dice
        self._next += 1
        household_no, grid_no, transformer_id, address = dice.choice(self._homes)
        opened = self._now - age
        kind = dice.choice([*_KINDS.elements()])
        return {
            "id": number, "ticket_no": f"GD{opened:%y%m%d}{number:05}", "kind": kind,
            "state": state or dice.choice(_ENDED if age > dt.timedelta(days=2) else _GOING),
            "urgent": kind == "hazard" or dice.random() < 0.05, "grid_no": grid_no, "household_no": household_no,
            "reporter": f"139{number:08}", "channel": "phone", "assurance": "network", "session": f"bench-{number}",
            "place": address, "householder": "", "said": _SAID, "facts": {}, "owner": self._managers.get(grid_no),
            "transformer_id": transformer_id, "outage_id": None, "opened_at": opened, "changed_at": opened,
        }  # fmt: skip

    def _write(self, tickets: Sequence[dict[str, Any]], *, outages: bool) -> None:
        for begin in range(0, len(tickets), _MANY):
            part = tickets[begin : begin + _MANY]
            acts = [act for one in part for act in _acts(one, self._dice)]
            with self._database.session() as session:
                session.execute(insert(Ticket), part)
                session.execute(insert(Utterance), [_utterance(one) for one in part])
                session.execute(insert(Activity), acts)
                session.execute(insert(Timer), [_timer(one, self._dice, self._now) for one in part])
                if rated := [_rating(one, self._dice) for one in part if one["state"] == State.closed]:
                    session.execute(insert(Rating), rated)


def _managers(session: Session) -> dict[str, str]:
    rows = session.execute(
        select(GridStaff.grid_no, GridStaff.staff_no)
        .join(Staff, Staff.staff_no == GridStaff.staff_no)
        .where(Staff.role == Role.manager)
    )
    return {grid_no: staff_no for grid_no, staff_no in rows}


def _acts(one: dict[str, Any], dice: random.Random) -> Iterator[dict[str, Any]]:
    """What was done, so far as the state says; one in twelve came late."""
    at, by = one["opened_at"], one["owner"] or "D1"
    steps = {State.reported: 0, State.acknowledged: 1, State.on_site: 2}.get(one["state"], 3)
    yield _act(one, at, "reported", "resident")
    if dice.random() < 1 / 12 and steps > 1:
        yield _act(one, at + dt.timedelta(minutes=46), "overdue", "gege", {"deadline": "on_site_due", "late": 1})
    for kind in ("acknowledged", "on_site", "resolved")[:steps]:
        at += dt.timedelta(minutes=dice.uniform(2, 25))
        yield _act(one, at, kind, by)


def _act(
    one: dict[str, Any], at: dt.datetime, kind: str, by: str, detail: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {"ticket_id": one["id"], "at": at, "kind": kind, "by": by, "note": "", "detail": detail or {}}


def _utterance(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": one["session"], "session": one["session"], "channel": "phone", "assurance": "network", "text": _SAID,
        "alternatives": [], "recording": "", "ear": "", "heard_at": one["opened_at"], "caller": one["reporter"],
    }  # fmt: skip


def _timer(one: dict[str, Any], dice: random.Random, now: dt.datetime) -> dict[str, Any]:
    going = one["state"] in (State.reported, State.acknowledged, State.on_site)
    due = one["opened_at"] + dt.timedelta(minutes=dice.uniform(45, 240))
    return {
        "ticket_id": one["id"], "kind": "resolve_due" if one["state"] == State.on_site else "on_site_due", "step": 0,
        "due_at": due, "done_at": None if going else min(due, now),
    }  # fmt: skip


def _rating(one: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    at = one["opened_at"] + dt.timedelta(hours=3)
    answer = dice.choice(("", "", "good", "good", "good", "fair", "bad"))
    return {
        "ticket_id": one["id"],
        "asked_at": at,
        "answer": answer,
        "comment": "",
        "answered_at": at if answer else None,
    }
