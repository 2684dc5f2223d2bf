"""Many reports of one source: from some number on they join one case that a person sees. None is refused, danger least.

A source is whoever can be told apart and cannot be made anew at no cost: a number or chat that is vouched for; of the
page, which anybody may open a hundred times, the browser's conversation and the network address. Each has a bucket of
tokens (Turner 1986, "leaky bucket as a meter"); a report that finds one empty is a line of that source's case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Float, Table, bindparam, delete, select, text
from sqlalchemy.orm import Session

from bot.database import Database, UTCDateTime
from bot.tickets.cards import Report
from bot.tickets.facts import GROUPED
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.kept import fit
from bot.tickets.life import opening
from bot.tickets.life.handling import Handling
from bot.tickets.life.opening import Opened
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Notification, ReportSource, Ticket, Utterance
from bot.tickets.owed import outbox, paging
from bot.tickets.owed.outbox import Owed
from bot.tickets.rules import Rules

#: the case's conversation is nobody's: what is said in another one does not move or end it
_SESSION = "flood:"
#: whoever has the case hears of it at most so often, however many reports come; what came meanwhile comes with it
_TOLD_EVERY = dt.timedelta(seconds=60)
_ROWS = cast(Table, ReportSource.__table__)
# Prepared once: the dialects' own ON CONFLICT inserts are compiled anew each time.
_BUCKET = (
    text(
        "INSERT INTO report_source (source, tokens, at) VALUES (:source, :tokens, :at)"
        " ON CONFLICT (source) DO UPDATE SET source = report_source.source RETURNING tokens, at"
    )
    .bindparams(bindparam("at", type_=UTCDateTime()))
    .columns(tokens=Float(), at=UTCDateTime())
)


def joined(session: Session, report: Report, at: dt.datetime, rules: Rules) -> Opened | None:
    """The case of the report's source, which has this report as one line more; None while the source has tokens left."""
    if report.session.startswith(_SESSION) or opening.of_utterance(session, report.utterance_id, report.kind):
        return None
    limits = rules.floods
    # All are taken from, in one order: two writers do not wait for each other for ever.
    empty = [source for source, most in _sources(session, report, limits.reports, limits.network)
             if not _take(session, source, most, dt.timedelta(minutes=limits.window_min), at)]  # fmt: skip
    if not empty:
        return None
    danger = report.kind == Kind.hazard or report.urgent
    group = _case(session, empty[0], danger)
    if group is None:
        return opening.open_ticket(session, _first(report, empty[0], danger), at, rules)
    _one_more(session, group, report, at)
    _tell(session, group, report, at)
    return Opened(group, None, True)


def is_group(ticket: Ticket) -> bool:
    """Whether a ticket stands for many reports of one source."""
    return GROUPED in ticket.facts


def said_of_it(it: Handling, note: str, place: str, facts: Mapping[str, Any]) -> None:
    """A resident says more of a report that is a line of the case: one line more, and the case stays what it is."""
    detail = {name: value for name, value in {"place": place, "facts": facts}.items() if value}
    opening.note(it.session, it.ticket, "added", it.by, it.at, note, detail)
    it.ticket.changed_at = it.at


def forget(database: Database, window: dt.timedelta, at: dt.datetime) -> None:
    """Buckets that are full again need no row."""
    with database.session() as session:
        session.execute(delete(ReportSource).where(ReportSource.at < at - window))


def _sources(session: Session, report: Report, of_one: int, of_network: int) -> list[tuple[str, int]]:
    """(name, tokens of a full bucket), in the order of their names. Whoever sits at the server's own terminal is no
    stranger, and speaks for many: that is no source."""
    if report.caller.channel is Channel.terminal:
        return []
    contact = report.caller.contact
    if contact is not None:
        return [(f"caller:{contact.address}"[:80], of_one)]
    found = [(f"session:{report.session}"[:80], of_one)]
    origin = session.scalar(select(Utterance.origin).where(Utterance.id == report.utterance_id))
    return [(f"network:{origin}"[:80], of_network), *found] if origin else found


def _take(session: Session, source: str, most: int, window: dt.timedelta, at: dt.datetime) -> bool:
    """Take a token; False when there is none. The row is this transaction's until it ends."""
    tokens, since = session.execute(_BUCKET, {"source": source, "tokens": float(most), "at": at}).one()
    tokens = min(float(most), tokens + max((at - since) / window, 0.0) * most)
    left = tokens - 1 if tokens >= 1 else tokens
    session.execute(_ROWS.update().where(_ROWS.c.source == source).values(tokens=left, at=max(at, since)))
    return bool(tokens >= 1)


def _case(session: Session, source: str, danger: bool) -> Ticket | None:
    query = select(Ticket).where(Ticket.session == _named(source), Ticket.state.in_(OPEN))
    query = query.where(Ticket.kind == str(Kind.hazard) if danger else Ticket.kind != str(Kind.hazard))
    return session.scalar(query.order_by(Ticket.id.desc()).limit(1).with_for_update())


def _first(report: Report, source: str, danger: bool) -> Report:
    """The report with which the case begins; where it is stands in its words, and binds nobody."""
    return Report(
        kind=Kind.hazard if danger else Kind.unclear, said=report.said, session=_named(source), caller=report.caller,
        utterance_id=report.utterance_id, urgent=danger, facts={GROUPED: 1, **_told(report)},
    )  # fmt: skip


def _named(source: str) -> str:
    return fit(f"{_SESSION}{source}", 80)


def _told(report: Report) -> dict[str, Any]:
    """Of a report, what the case keeps beside the words."""
    known = {
        "kind": str(report.kind), "place": report.place, "household_no": report.household_no, "grid_no": report.grid_no,
        "caller": report.caller.address, "session": report.session,
    }  # fmt: skip
    return {"of_reports": {name: value for name, value in known.items() if value}}


def _one_more(session: Session, group: Ticket, report: Report, at: dt.datetime) -> None:
    before = group.facts.get(GROUPED)
    count = before + 1 if isinstance(before, int) else 2
    words = "：".join(filter(None, (report.place, report.said)))
    opening.note(session, group, "grouped", "resident", at, words, {"times": count, **_told(report)})
    group.facts = {**group.facts, GROUPED: count}
    group.changed_at = at


def _tell(session: Session, group: Ticket, report: Report, at: dt.datetime) -> None:
    """Whoever has the case reads of what came, together with what comes in the next minute."""
    owner = paging.owner_of(session, group, at)
    if owner is None:
        return
    of_it = select(Notification).where(Notification.ticket_id == group.id, Notification.staff_no == owner.staff_no)
    last = session.scalar(of_it.order_by(Notification.id.desc()).limit(1))
    if last is not None and last.state == "pending" and last.attempts == 0:
        return  # it says so when it leaves
    due_at = at if last is None else max(at, last.created_at + _TOLD_EVERY, last.due_at + _TOLD_EVERY)
    detail = {"note": report.said}
    outbox.owe(
        session, [Owed("added", group.id, owner.staff_no, urgent=group.urgent, detail=detail, due_at=due_at)], at
    )
