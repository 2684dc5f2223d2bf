"""A ticket's checklist on its page: what is done, what comes next, and the day that a step names."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from bot.doors.devices import SignedIn
from bot.tickets.cards import ActivityCard, NotYours, TicketCard, TicketRefused
from bot.tickets.checklist import following, pressed, spoken_day, steps_of
from bot.tickets.desk import TicketDesk
from bot.tickets.life.states import OPEN
from bot.web.desk.layout import TICKET, Desk
from bot.web.forms import Form
from bot.web.pages import Pages

_pages = Pages("desk/ticket_steps.yml")


class _Step(Form):
    step: Annotated[str, Field(max_length=20)] = ""
    day: Annotated[str, Field(max_length=20)] = ""
    note: Annotated[str, Field(max_length=300)] = ""


def steps_shown(ticket: TicketCard, history: Sequence[ActivityCard], today: dt.date) -> dict[str, Any]:
    """The checklist of a ticket; `steps` is empty for a kind that has none."""
    steps = steps_of(ticket.kind)
    done = pressed((one.kind, one.at, one.by, one.detail) for one in history)
    later = {one.name: any(two.name in done for two in steps[at + 1 :]) for at, one in enumerate(steps)}
    offered = following(steps, done) if ticket.state in OPEN else []
    rows = [
        {
            "words": one.done, "is_done": one.name in done,
            "day": spoken_day(day) if one.name in done and (day := done[one.name].day) else "",
            "late": one.name in done and not later[one.name] and bool(one.asks) and (done[one.name].day or today) < today,
        }
        for one in steps
    ]  # fmt: skip
    return {"words": _pages.words, "steps": rows, "next": offered, "today": today.isoformat()}


class TicketSteps:
    """Handlers of one site."""

    def __init__(self, desk: Desk, tickets: TicketDesk) -> None:
        self._desk, self._tickets = desk, tickets

    def routes(self) -> list[web.RouteDef]:
        return [web.post(f"/desk/{TICKET}/step", self._desk.open_to(self.press))]

    async def press(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """One step; twice is once."""
        form, number, words = await self._desk.form(request, who, _Step), request.match_info["ticket_no"], _pages.words
        try:
            day = dt.date.fromisoformat(form.day) if form.day else None
            done = await asyncio.to_thread(self._tickets.step, number, who.staff_no, form.step, day, form.note)
            said = words["done" if done.fresh else "already"]
        except ValueError:
            said = words["no_day"]
        except NotYours:
            said = words["not_yours"]
        except TicketRefused:
            said = words["refused"]
        raise self._desk.on(f"/desk/{number}", said)
