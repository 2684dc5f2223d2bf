"""单: the first screen of the desk. The right button within two seconds, with a thumb."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from bot.database import now
from bot.doors.devices import SignedIn
from bot.tickets import presses
from bot.tickets.cards import TicketCard
from bot.tickets.labels import labels
from bot.tickets.lists import MOST, Counts, Listed, Lists, View
from bot.tickets.models import State
from bot.tickets.owed.paging import EVERYWHERE
from bot.tickets.shadow import PROPOSED
from bot.web.desk.clock import left, spell
from bot.web.desk.layout import Desk
from bot.web.desk.live import Live
from bot.web.pages import Pages

_pages = Pages("desk/home.yml")
_verbs = Pages("staff.yml")
_register = Pages("desk/register.yml")
#: below the tickets, so many of the day's other tasks
_TASKS = 5
#: of what was said, so many characters stand in a line
_SAID = 40


class HomePage:
    """Handlers of one site."""

    def __init__(
        self, desk: Desk, lists: Lists, live: Live, clock: Callable[[], dt.datetime] = now,
        tasks: Callable[[str], Sequence[Mapping[str, Any]]] = lambda _: (),
    ) -> None:  # fmt: skip
        """`tasks`: what else somebody has to do today, in the order in which they walk (register_day.py)."""
        self._desk, self._lists, self._live, self._clock = desk, lists, live, clock
        self._tasks = tasks

    def routes(self) -> list[web.RouteDef]:
        mine = self._desk.open_to
        return [web.get("/desk", mine(self.show)), web.get("/desk/events", mine(self._live.events))]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """A list: one's own, those of one's grids, all."""
        usual = View.all if who.role in EVERYWHERE else View.mine
        view = _view(request.query.get("view", ""), usual)
        at = self._clock()
        found, counts = await asyncio.to_thread(self._read, who.staff_no, view, at)
        lines = [shown(one, at) for one in found]
        tasks = await asyncio.to_thread(self._tasks, who.staff_no) if view is View.mine else ()
        return self._desk.page(
            request, who, _pages, "desk/home.html", view=view,
            back=f"/desk?view={view}", tabs=_tabs(who, counts),
            burning=[line for line in lines if line["burns"]], rest=[line for line in lines if not line["burns"]],
            more=getattr(counts, view) - len(lines) if len(lines) == MOST else 0,
            tasks=tasks[:_TASKS], tasks_more=len(tasks) - _TASKS, day_words=_register.words["day"],
        )  # fmt: skip

    def _read(self, staff_no: str, view: View, at: dt.datetime) -> tuple[list[Listed], Counts]:
        return self._lists.open(staff_no, view, at), self._lists.count(staff_no, at)


def shown(one: Listed, at: dt.datetime) -> dict[str, Any]:
    """One line as the page shows it."""
    words, ticket = _pages.words, one.ticket
    verb = next((each.verb for each in presses.offered(ticket.state, ticket.channel) if each.page), "")
    holder = words["with"].format(who=ticket.owner_name) if ticket.state != State.reported else words["nobody"]
    if PROPOSED in ticket.facts:
        holder = labels().unconfirmed
    return {
        "ticket_no": ticket.ticket_no,
        "kind": labels().kind(ticket.kind),
        "place": ticket.place or words["no_place"],
        "said": ticket.said.replace("\n", " ")[:_SAID],
        "danger": one.danger,
        "urgent": ticket.urgent,
        "is_late": one.late(at),
        "burns": one.danger or one.late(at),
        "waited": words["waited"].format(span=spell(at - ticket.opened_at, words)),
        "left": left(one.due_at, at, words),
        "holder": holder,
        "outage": words["outage"].format(count=one.reports) if one.reports > 1 else "",
        "verb": verb,
        "verb_label": _verbs.words["verbs"][verb]["button"] if verb else "",
    }


def state_of(ticket: TicketCard) -> str:
    """The state in a word; 待确认 while somebody has to say 对 or 改."""
    return labels().unconfirmed if PROPOSED in ticket.facts else labels().state(ticket.state)


def _tabs(who: SignedIn, counts: Counts) -> list[tuple[str, str, int]]:
    names = _pages.words["views"]
    views = [View.mine, View.grid] if who.grids else [View.mine]
    if who.role in EVERYWHERE:
        views.append(View.all)
    return [(view, names[view], getattr(counts, view)) for view in views]


def _view(wanted: str, usual: View) -> View:
    return View(wanted) if wanted in View.__members__ else usual
