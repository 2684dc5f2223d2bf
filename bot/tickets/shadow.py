"""试听: whether a report waits for a person's 对 or 改 before it goes its way, and how often Gege was right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from bot.tickets.kinds import all_kinds
from bot.tickets.models import Kind, ShadowSwitch, ShadowVerdict, Ticket
from bot.tickets.owed.paging import UNHEARD

#: fact of a ticket that waits: what Gege made of the report
PROPOSED = "proposed"
#: fact of a report that somebody of the staff wrote down: Gege proposed nothing
ENTERED = "entered_by"
#: verdicts of so long count: what was heard by a model of last year says nothing of today's
COUNTED = dt.timedelta(days=90)

# Prepared once: it runs for every report.
_LAST = (
    select(ShadowSwitch.on)
    .where(ShadowSwitch.grid_no == bindparam("grid_no"), ShadowSwitch.kind == bindparam("kind"))
    .order_by(ShadowSwitch.id.desc())
    .limit(1)
)


def kinds() -> tuple[str, ...]:
    """What can be listened to. Danger waits for nobody, and of what was not understood nothing is proposed."""
    return tuple(kind for kind in all_kinds() if kind != Kind.hazard and kind not in UNHEARD)


def waits(session: Session, kind: str, urgent: bool, grid_no: str | None, facts: Mapping[str, Any]) -> bool:
    """Whether a report waits for a person: what is urgent never does, and where nothing was switched nothing does."""
    if urgent or grid_no is None or ENTERED in facts or kind == Kind.hazard or kind in UNHEARD:
        return False
    return bool(session.scalar(_LAST, {"grid_no": grid_no, "kind": str(kind)}))


def proposal(kind: str, grid_no: str | None, household_no: str | None) -> dict[str, Any]:
    """What Gege made of a report."""
    return {"kind": str(kind), "grid_no": grid_no, "household_no": household_no}


def drop(ticket: Ticket) -> None:
    """The ticket waits for nobody's word any more."""
    if PROPOSED in ticket.facts:
        ticket.facts = {name: value for name, value in ticket.facts.items() if name != PROPOSED}


@dataclass(frozen=True)
class Standing:
    """One kind in one grid."""

    grid_no: str
    kind: str
    on: bool
    #: who switched it last, and when; empty and None where nobody ever did
    by: str
    since: dt.datetime | None
    #: so many verdicts of the last 90 days (COUNTED), and how many of them were 对
    judged: int
    right: int

    @property
    def accuracy(self) -> float | None:
        """Share that was right; None while nobody judged."""
        return self.right / self.judged if self.judged else None


def standings(session: Session, at: dt.datetime) -> list[Standing]:
    """Every kind and grid that was ever switched, by grid and kind."""
    counted = {
        (grid_no, kind): (judged, int(right or 0))
        for grid_no, kind, judged, right in session.execute(
            select(
                ShadowVerdict.grid_no,
                ShadowVerdict.kind,
                func.count(),
                func.sum(case((ShadowVerdict.right.is_(True), 1), else_=0)),
            )
            .where(ShadowVerdict.at > at - COUNTED)
            .group_by(ShadowVerdict.grid_no, ShadowVerdict.kind)
        )
    }
    newest = select(func.max(ShadowSwitch.id)).group_by(ShadowSwitch.grid_no, ShadowSwitch.kind)
    rows = session.scalars(select(ShadowSwitch).where(ShadowSwitch.id.in_(newest)))
    found = [
        Standing(one.grid_no, one.kind, one.on, one.by, one.at, *counted.get((one.grid_no, one.kind), (0, 0)))
        for one in rows
    ]
    return sorted(found, key=lambda one: (one.grid_no.zfill(8), one.kind))
