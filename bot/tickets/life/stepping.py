"""A step of a checklist is pressed: it stands in the history, its day is watched, the resident hears of it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from bot.tickets.cards import TicketRefused
from bot.tickets.checklist import STEP, STEP_DUE, following, pressed, spoken_day, steps_of
from bot.tickets.due import timers
from bot.tickets.life import opening
from bot.tickets.life.handling import FARTHEST, Done, Handling
from bot.tickets.life.states import OPEN
from bot.tickets.models import Activity, State, Timer
from bot.tickets.owed import news


def press_step(it: Handling, name: str, day: dt.date | None, note: str = "") -> Done:
    """Press one step, or the last one again with another day. Raises TicketRefused for what is no step now."""
    ticket, session = it.ticket, it.session
    if ticket.state not in OPEN:
        raise TicketRefused(f"{ticket.ticket_no} is {ticket.state}: its steps are over")
    steps = steps_of(ticket.kind)
    rows = session.execute(
        select(Activity.kind, Activity.at, Activity.by, Activity.detail)
        .where(Activity.ticket_id == ticket.id, Activity.kind.in_((STEP, "reopened")))
        .order_by(Activity.id)
    ).tuples()
    done = pressed(rows)
    step = next((one for one in steps if one.name == name), None)
    last = next((one for one in reversed(steps) if one.name in done), None)
    if step is None or not (step in following(steps, done) or step is last):
        raise TicketRefused(f"{name!r} is no step of {ticket.ticket_no} now")
    if step.date and day is None:
        raise TicketRefused(f"{name} needs a day")
    today = it.at.astimezone(it.rules.hours.zone).date()
    if day is not None and not today <= day <= today + FARTHEST:
        raise TicketRefused("the day must lie ahead, within 60 days")
    earlier = done.get(name)
    if earlier is not None and earlier.day == (day if step.date else None):
        return Done(False, earlier.by, earlier.at)
    if ticket.state == State.reported:
        it.acknowledge()  # whoever presses a step has taken the case
    said = spoken_day(day) if step.date and day else ""
    told = step.tells.format(day=said)
    detail = {"step": name, "told": told, **({"day": day.isoformat()} if step.date and day else {})}
    words = "　".join(filter(None, [f"{step.done} {said}".strip(), note]))
    opening.note(session, ticket, STEP, it.by, it.at, words, detail)
    ticket.changed_at = it.at
    timers.stop(session, ticket, it.at, STEP_DUE)
    if step.date and step.asks and day is not None:
        morning = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), it.rules.hours.zone)
        due_at = it.rules.hours.opens(morning.astimezone(dt.UTC))
        session.add(Timer(ticket_id=ticket.id, kind=STEP_DUE, step=steps.index(step), due_at=due_at))
    if told:
        news.tell(session, ticket, "news_step", it.at, it.rules, {"note": told})
    return Done(True, it.by, it.at)
