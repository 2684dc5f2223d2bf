"""Gege in a terminal: one conversation, and readable tickets."""

from __future__ import annotations

import asyncio
import sys
import uuid
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.dialogue.port import Dialogue, Reply
from bot.foundation.local_time import local
from bot.tickets.desk import NotificationCard, TicketCard, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard
from bot.tickets.labels import labels

console = Console(highlight=False)


def show_reply(reply: Reply, desk: TicketDesk, zone: ZoneInfo) -> None:
    """Print what Gege says; a ticket below it when this turn made or touched one."""
    for sentence in reply.sentences:
        console.print(Text(labels().gege + sentence, style="green"))
    if reply.ticket_no:
        show_ticket(desk, reply.ticket_no, zone)


def show_ticket(desk: TicketDesk, ticket_no: str, zone: ZoneInfo) -> None:
    """A ticket with its history and what was owed to whom."""
    ticket = desk.ticket(ticket_no)
    if ticket is None:
        return
    names = labels()
    table = Table(show_header=False, box=None, padding=(0, 1))
    rows = {
        "kind": names.kind(ticket.kind) + (names.urgent if ticket.urgent else ""),
        "state": names.state(ticket.state),
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
            table.add_row(Text(names.fields[key], style="dim"), Text(value))
    owed = desk.notifications(ticket_no)
    known = {note.staff_no: note.name for note in owed} | {ticket.owner or "": ticket.owner_name}

    def who(by: str) -> str:
        return names.people.get(by) or f"{known.get(by, '')} {by}".strip()

    for one in desk.activities(ticket_no):
        table.add_row(
            Text(names.fields["activity"], style="dim"),
            Text(f"{local(one.at, zone)} {names.activity(one.kind)} {who(one.by)} {one.note}".rstrip()),
        )
    for note in owed:
        table.add_row(
            Text(names.fields["notification"], style="dim"),
            Text(f"{names.notification_state(note.state)} → {who(note.staff_no or note.role)}"),
        )
    console.print(Panel(table, title=names.ticket + ticket.ticket_no, title_align="left", expand=False))


def show_tickets(tickets: list[TicketCard], zone: ZoneInfo) -> None:
    names = labels()
    if not tickets:
        return console.print(names.no_tickets)
    table = Table()
    for column in ("ticket_no", "opened_at", "kind", "state", "grid_no", "owner", "said"):
        table.add_column(names.fields[column])
    for one in tickets:
        table.add_row(
            one.ticket_no,
            local(one.opened_at, zone),
            names.kind(one.kind) + (names.urgent if one.urgent else ""),
            names.state(one.state),
            one.grid_no or "",
            one.owner_name or "",
            one.said[:40],
        )
    console.print(table)


def show_notifications(notifications: list[NotificationCard], zone: ZoneInfo) -> None:
    names = labels()
    if not notifications:
        return console.print(names.no_notifications)
    table = Table()
    for column in ("ticket_no", "created_at", "to", "state"):
        table.add_column(names.fields[column])
    for one in notifications:
        to = f"{one.name} {one.staff_no}" if one.staff_no else names.people["resident"]
        state = names.notification_state(one.state)
        table.add_row(one.ticket_no or "", local(one.created_at, zone), to, state)
    console.print(table)


async def converse(dialogue: Dialogue, desk: TicketDesk, zone: ZoneInfo, *, caller: str, dialled: str = "") -> None:
    """Read lines until an empty one or the end of input; answer each."""
    names = labels()
    session = f"chat-{uuid.uuid4().hex[:12]}"
    console.print(Text(names.chat_begins, style="dim"))
    while True:
        line = await asyncio.to_thread(_line, names.you)
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
