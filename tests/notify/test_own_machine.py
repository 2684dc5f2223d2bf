"""The two providers that every site has: the console and a file."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

from bot.notify.console import Console
from bot.notify.file import File
from bot.notify.provider import Message, Provider
from tests.tickets.county import AT

MESSAGE = Message(
    notification_id=7,
    ticket_no="GD2611230001",
    staff_no="M1",
    name="程远",
    role="manager",
    address="",
    text="【停电】GD2611230001\n网格:24",
    urgent=True,
    template="reported",
)


def test_the_console_prints_who_what_and_how_urgent() -> None:
    stream = io.StringIO()
    provider: Provider = Console(stream)
    asyncio.run(provider.send(MESSAGE))
    assert stream.getvalue() == (
        "── 通知 GD2611230001 → 程远（网格管理员）【紧急】\n   【停电】GD2611230001\n   网格:24\n"
    )


def test_the_file_holds_one_object_a_line(tmp_path: Path) -> None:
    path = tmp_path / "deeper" / "notifications.jsonl"
    provider: Provider = File(path, clock=lambda: AT)

    async def many() -> None:
        await asyncio.gather(*(provider.send(MESSAGE) for _ in range(20)))

    asyncio.run(many())
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(rows) == 20
    assert rows[0] == {
        "id": 7,
        "ticket_no": "GD2611230001",
        "to": "M1",
        "role": "manager",
        "urgent": True,
        "template": "reported",
        "at": "2026-11-23T02:00:00+00:00",
        "text": "【停电】GD2611230001\n网格:24",
    }


def test_a_line_that_a_crash_cut_short_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "notifications.jsonl"
    path.write_text('{"id": 6, "te', "utf-8")
    asyncio.run(File(path).send(MESSAGE))
    assert json.loads(path.read_text("utf-8").splitlines()[1])["id"] == 7
