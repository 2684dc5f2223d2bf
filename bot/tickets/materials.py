"""Materials and cost of a case: what was used, how many, what it cost; lines of its history, taken back by another line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bot.tickets.cards import ActivityCard, TicketRefused
from bot.tickets.life.handling import Done, Handling
from bot.tickets.models import State
from bot.tickets.reading import activities, last_activity

USED, TAKEN_BACK = "used", "used_back"
#: above these somebody mistyped
_MOST, _DEAREST = Decimal(9_999), Decimal(1_000_000)
_CENT = Decimal("0.01")
#: the same again within this is a double tap
_AGAIN = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Used:
    """One line; `cny` is what all of it cost."""

    #: its place among the lines, from 0; what was taken back keeps its place
    line: int
    what: str
    count: Decimal
    cny: Decimal
    by: str
    at: dt.datetime


def use(it: Handling, what: str, count: str, cny: str) -> Done:
    """Write a line. Raises TicketRefused for what is no name, count or sum."""
    what = " ".join(what.split())[:80]
    if not what:
        raise TicketRefused("a material needs a name")
    number, cost = amount(count or "1", _MOST), amount(cny or "0", _DEAREST)
    if number <= 0:
        raise TicketRefused("a count is more than nothing")
    if it.ticket.state in (State.cancelled, State.merged):
        raise TicketRefused(f"{it.ticket.ticket_no} is {it.ticket.state}: its costs belong elsewhere")
    detail = {"what": what, "count": str(number), "cny": str(cost.quantize(_CENT))}
    last = last_activity(it.session, it.ticket, USED)
    if last is not None and last.by == it.by and last.detail == detail and it.at - last.at < _AGAIN:
        return Done(False, last.by, last.at)
    it.write(USED, f"{what} ×{number} ¥{cost.quantize(_CENT)}", detail)
    return Done(True, it.by, it.at)


def take_back(it: Handling, line: int) -> Done:
    """A line was wrong; twice is once. Raises TicketRefused for a line that is none."""
    lines = used(activities(it.session, it.ticket.ticket_no))
    found = next((one for one in lines if one.line == line), None)
    if found is None:
        raise TicketRefused(f"{it.ticket.ticket_no} has no line {line}")
    it.write(TAKEN_BACK, f"{found.what} ×{found.count} ¥{found.cny}", {"line": line})
    return Done(True, it.by, it.at)


def used(history: Iterable[ActivityCard]) -> list[Used]:
    """The lines that stand, in the order in which they were written."""
    acts = [act for act in history if act.kind in (USED, TAKEN_BACK)]
    back = {act.detail["line"] for act in acts if act.kind == TAKEN_BACK}
    lines = [act for act in acts if act.kind == USED]
    return [
        Used(number, act.detail["what"], Decimal(act.detail["count"]), Decimal(act.detail["cny"]), act.by, act.at)
        for number, act in enumerate(lines)
        if number not in back
    ]


def amount(said: str, most: Decimal) -> Decimal:
    """A number that somebody typed. Raises TicketRefused."""
    try:
        number = Decimal(said.strip().replace("，", "").replace(",", "").removesuffix("元"))
    except InvalidOperation:
        raise TicketRefused(f"{said!r} is no number") from None
    if not number.is_finite() or not 0 <= number <= most or number != round(number, 3):
        raise TicketRefused(f"{said!r} is no amount between 0 and {most}")
    return number.normalize() if number != number.to_integral() else number.quantize(Decimal(1))
