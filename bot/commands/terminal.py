"""Gege in a terminal: one conversation, and readable tickets."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import uuid
from collections import Counter
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.commands.names import names, role
from bot.commands.tables import Column, show
from bot.dialogue.port import Dialogue, Reply
from bot.foundation.local_time import at_a_glance
from bot.tickets.desk import NotificationCard, TicketCard, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard
from bot.tickets.labels import Labels

console = Console(highlight=False)


def show_reply(reply: Reply, desk: TicketDesk, zone: ZoneInfo) -> None:
    """Print what Gege says; a ticket below it when this turn made or touched one."""
    for sentence in reply.sentences:
        console.print(Text(names().gege + sentence, style="green"))
    if reply.ticket_no:
        show_ticket(desk, reply.ticket_no, zone)


def show_ticket(desk: TicketDesk, ticket_no: str, zone: ZoneInfo, *, told_in: Labels | None = None) -> None:
    """A ticket with its history and what was owed to whom, in the language of whoever types or as it is `told_in`."""
    ticket = desk.ticket(ticket_no)
    if ticket is None:
        return
    shown, now = told_in or names(), dt.datetime.now(zone)
    table = Table(show_header=False, box=None, padding=(0, 1))
    rows = {
        "kind": shown.kind(ticket.kind) + (shown.urgent if ticket.urgent else ""),
        "state": shown.state(ticket.state),
        "said": ticket.said,
        "place": ticket.place,
        "householder": ticket.householder,
        "household_no": ticket.household_no or "",
        "grid_no": ticket.grid_no or "",
        "owner": f"{ticket.owner_name} {ticket.owner_phone}" if ticket.owner else "",
        "reporter": ticket.reporter,
    }
    for key, value in rows.items():
        if value:
            table.add_row(Text(shown.fields[key], style="dim"), Text(value))
    owed = desk.notifications(ticket_no)
    known = {note.staff_no: note.name for note in owed} | {ticket.owner or "": ticket.owner_name}

    def who(by: str) -> str:
        return shown.people.get(by) or f"{known.get(by, '')} {by}".strip()

    for one in desk.activities(ticket_no):
        table.add_row(
            Text(shown.fields["activity"], style="dim"),
            Text(f"{at_a_glance(one.at, zone, now)} {shown.activity(one.kind)} {who(one.by)} {one.note}".rstrip()),
        )
    # A danger rings the same people again and again: one line for each.
    times = Counter((note.state, who(note.staff_no) if note.staff_no else role(note.role)) for note in owed)
    for (state, name), count in times.items():
        line = f"{shown.notification_state(state)} → {name}{f' ×{count}' if count > 1 else ''}"
        table.add_row(Text(shown.fields["notification"], style="dim"), Text(line))
    console.print(Panel(table, title=shown.ticket + ticket.ticket_no, title_align="left", expand=False))


def show_tickets(tickets: list[TicketCard], zone: ZoneInfo) -> None:
    """A line a ticket."""
    shown = names()
    columns = [
        Column(shown.fields[name], text=name == "said")
        for name in ("ticket_no", "opened_at", "kind", "state", "grid_no", "owner", "said")
    ]
    rows = [
        (
            one.ticket_no, one.opened_at, shown.kind(one.kind) + (shown.urgent if one.urgent else ""), shown.state(one.state),
            one.grid_no, one.owner_name, one.said,
        )
        for one in tickets
    ]  # fmt: skip
    show(columns, rows, shown.no_tickets, zone)


def show_notifications(notifications: list[NotificationCard], zone: ZoneInfo) -> None:
    """A line a message."""
    shown = names()
    columns = [Column(shown.fields[name]) for name in ("ticket_no", "created_at", "to", "state")]
    rows = [
        (one.ticket_no, one.created_at, f"{one.name} {one.staff_no}" if one.staff_no else shown.people["resident"],
         shown.notification_state(one.state))
        for one in notifications
    ]  # fmt: skip
    show(columns, rows, shown.no_notifications, zone)


async def converse(dialogue: Dialogue, desk: TicketDesk, zone: ZoneInfo, *, caller: str, dialled: str = "") -> None:
    """Read lines until an empty one or the end of input; answer each."""
    shown = names()
    session = f"chat-{uuid.uuid4().hex[:12]}"
    console.print(Text(shown.chat_begins, style="dim"))
    while True:
        line = await asyncio.to_thread(_line, shown.you)
        if not line:
            return
        heard = Heard(
            id=uuid.uuid4().hex, session=session, text=line, caller=Caller.by(Channel.terminal, caller), dialled=dialled
        )
        reply = await dialogue.turn(heard)
        show_reply(reply, desk, zone)
        if reply.ended:
            return


def _line(prompt: str) -> str:
    if sys.stdin.isatty():
        try:
            return input(prompt).strip()
        except EOFError:
            return ""
    line = sys.stdin.buffer.readline().decode("utf-8", "replace").strip()
    if line:
        console.print(Text(prompt + line))
    return line
