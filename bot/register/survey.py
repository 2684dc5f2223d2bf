"""A random sample of households: drawn with a seed that is written down, given to people, counted by community."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.database import Database
from bot.foundation.errors import Refused
from bot.grid.models import Community, Household, Staff
from bot.register.due import DRAWN, Made, insert_tasks
from bot.register.kind_files import Kinds
from bot.register.models import Draw, Entry, Task, TaskState
from bot.statistics.month import Share
from bot.tickets.owed.paging import EVERYWHERE

#: households of a community that anybody could still ask
MOST_EACH = 200


class DrawRefused(Refused):
    """It cannot be drawn so: `reason` is each, nobody or kind."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing is drawn: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class DrawCard:
    """One draw, and how far it is."""

    id: int
    kind: str
    day: dt.date
    by: str
    seed: str
    each: int
    #: community → (households it was drawn from, drawn, asked)
    communities: Mapping[str, tuple[int, int, int]]
    asked: int
    drawn: int


@dataclass(frozen=True)
class Counted:
    """What the households of one community, drawn together, said."""

    community: str
    drawn: int
    asked: int
    content: Share


class Survey:
    """Draws of one site; all methods block."""

    def __init__(self, database: Database, kinds: Kinds) -> None:
        self._database, self._kinds = database, kinds

    def draw(
        self, kind: str, each: int, seed: str, by: str, to: Sequence[str], today: dt.date, nonce: str
    ) -> int:  # fmt: skip
        """Draw `each` households of every community and give them to `to` in turn; → the draw's number.

        Nobody who was drawn before is drawn again. The same form again is the same draw. Raises DrawRefused."""
        if not 1 <= each <= MOST_EACH:
            raise DrawRefused("each")
        if kind not in self._kinds:
            raise DrawRefused("kind")
        try:
            with self._database.session() as session:
                earlier = session.scalar(select(Draw.id).where(Draw.nonce == nonce))
                if earlier is not None:
                    return earlier
                people = self._asking(session, to)
                drawn = _drawn(session, kind, each, seed, None)
                one = Draw(
                    kind=kind, day=today, by=by, seed=seed, each=each, nonce=nonce,
                    drawn={
                        name: {"of": len(frame), "digest": _digest(frame), "drawn": numbers}
                        for name, (frame, numbers) in drawn.items()
                    },
                )  # fmt: skip
                session.add(one)
                session.flush()
                self._give(session, one, people, today)
                return one.id
        except IntegrityError:
            with self._database.reading() as session:
                found = session.scalar(select(Draw.id).where(Draw.nonce == nonce))
            if found is None:
                raise
            return found

    def drawn_again(self, number: int) -> bool | None:
        """Whether the same seed draws the same households from the list of today; None when that list has changed
        since, so that nothing can be said. Raises DrawRefused for a number that there is no draw of."""
        with self._database.reading() as session:
            one = session.get(Draw, number)
            if one is None:
                raise DrawRefused("number")
            again = _drawn(session, one.kind, one.each, one.seed, one.id)
            now = {name: _digest(frame) for name, (frame, _) in again.items()}
            if now != {name: kept["digest"] for name, kept in one.drawn.items()}:
                return None
            return {name: numbers for name, (_, numbers) in again.items()} == {
                name: kept["drawn"] for name, kept in one.drawn.items()
            }

    def draws(self, limit: int = 12) -> list[DrawCard]:
        """The latest draws."""
        with self._database.reading() as session:
            rows = session.scalars(select(Draw).order_by(Draw.id.desc()).limit(limit)).all()
            return [self._card(session, one) for one in rows]

    def counted(self, number: int) -> list[Counted]:
        """What was said, community by community; `content` stands on those who answered."""
        with self._database.reading() as session:
            one = session.get(Draw, number)
            if one is None:
                raise DrawRefused("number")
            rows = session.execute(
                select(Task.community, Task.state, Entry.fields)
                .outerjoin(Entry, Entry.id == Task.entry_id)
                .where(Task.kind == one.kind, Task.rule == DRAWN, Task.period == str(one.id))
            ).all()
            names = list(one.drawn)
            kind = one.kind
        drawn: Counter[str] = Counter()
        asked: Counter[str] = Counter()
        content: dict[str, Share] = {name: Share() for name in names}
        for community, state, fields in rows:
            drawn[community] += 1
            asked[community] += state == TaskState.done
            content[community] = content.get(community, Share()) + share_of(self._kinds, kind, fields or {})
        return [Counted(name, drawn[name], asked[name], content[name]) for name in content]

    def to_ask(self, number: int, staff_no: str = "") -> list[tuple[int, str, str, str]]:
        """(task, household, community, place) that are still to be asked; of one person, or of all."""
        query = select(Task.id, Task.household_no, Task.community, Task.place).where(
            Task.rule == DRAWN, Task.period == str(number), Task.state == TaskState.open
        )
        if staff_no:
            query = query.where(Task.staff_no == staff_no)
        with self._database.reading() as session:
            rows = session.execute(query.order_by(Task.community, Task.place, Task.id)).all()
            return [(number, household or "", community, place) for number, household, community, place in rows]

    def people(self) -> list[tuple[str, str]]:
        """Who may ask: those of no grid of their own. A manager does not ask about himself."""
        query = select(Staff.staff_no, Staff.name).where(Staff.role.in_(EVERYWHERE)).order_by(Staff.role.desc())
        with self._database.reading() as session:
            return [(no, name) for no, name in session.execute(query)]

    # ---- blocking, within a transaction ---------------------------------------------------------

    @staticmethod
    def _asking(session: Session, to: Sequence[str]) -> list[str]:
        allowed = set(session.scalars(select(Staff.staff_no).where(Staff.role.in_(EVERYWHERE))))
        people = [no for no in dict.fromkeys(to) if no in allowed]
        if not people or len(people) < len(set(to)):
            raise DrawRefused("nobody")
        return people

    def _give(self, session: Session, one: Draw, people: list[str], today: dt.date) -> None:
        made = []
        for name, kept in one.drawn.items():
            rows = session.execute(
                select(Household.household_no, Household.grid_no, Household.compound, Household.address)
                .where(Household.household_no.in_(kept["drawn"]))
                .order_by(Household.household_no)
            )
            made += [
                Made(str(one.id), today, number, name, f"{compound}{address}", grid_no)
                for number, grid_no, compound, address in rows
            ]
        turn = {id(task): people[at % len(people)] for at, task in enumerate(made)}
        insert_tasks(session, one.kind, DRAWN, made, today, staff_of=lambda task: turn[id(task)])

    @staticmethod
    def _card(session: Session, one: Draw) -> DrawCard:
        done = select(Task.community, func.count(Task.id)).where(
            Task.kind == one.kind, Task.rule == DRAWN, Task.period == str(one.id), Task.state == TaskState.done
        )
        asked = dict(session.execute(done.group_by(Task.community)).tuples().all())
        communities = {name: (kept["of"], len(kept["drawn"]), asked.get(name, 0)) for name, kept in one.drawn.items()}
        return DrawCard(
            one.id, one.kind, one.day, one.by, one.seed, one.each, communities, sum(asked.values()),
            sum(len(kept["drawn"]) for kept in one.drawn.values()),
        )  # fmt: skip


def share_of(kinds: Kinds, kind: str, values: Mapping[str, Any]) -> Share:
    """Content or not, by the field of a kind that counts it; nothing for who was not found."""
    fields = kinds[kind].fields if kind in kinds else ()
    for field in fields:
        if field.good or field.bad:
            said = values.get(field.name)
            return Share(int(said in field.good), 1) if said in (*field.good, *field.bad) else Share()
    return Share()


def _drawn(
    session: Session, kind: str, each: int, seed: str, before: int | None
) -> dict[str, tuple[list[str], list[str]]]:
    """Community → (households that could be drawn, those that were); what earlier draws took is no part of it."""
    query = select(Draw.drawn).where(Draw.kind == kind)
    taken: set[str] = set()
    for drawn in session.scalars(query.where(Draw.id < before) if before is not None else query):
        taken.update(number for kept in drawn.values() for number in kept["drawn"])
    frames: dict[str, list[str]] = {}
    rows = session.execute(
        select(Community.name, Household.household_no)
        .join(Household, Household.community_id == Community.id)
        .order_by(Community.name, Household.household_no)
    )
    for name, number in rows:
        if number not in taken:
            frames.setdefault(name, []).append(number)
    return {name: (frame, _sample(frame, each, f"{seed}:{name}")) for name, frame in sorted(frames.items())}


def _sample(frame: Sequence[str], each: int, seed: str) -> list[str]:
    """Python's own generator (MT19937, seeded by text as of version 2): the same on every machine."""
    ordered = sorted(frame)
    return random.Random(seed).sample(ordered, min(each, len(ordered)))


def _digest(frame: Collection[str]) -> str:
    return hashlib.sha256("\n".join(sorted(frame)).encode()).hexdigest()[:16]
