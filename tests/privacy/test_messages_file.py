"""The file of messages is thinned while messages go on being appended to it."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

from bot.notify.file import File, keep_lines
from bot.notify.provider import Message


def message(number: int) -> Message:
    return Message(
        notification_id=number, template="reported", text=f"第{number}条", urgent=False, ticket_no=f"GD{number % 2}", staff_no="M1",
        name="程远", role="manager", address="",
    )  # fmt: skip


def test_nothing_that_is_appended_meanwhile_is_lost(tmp_path: Path) -> None:
    file, done = tmp_path / "notifications.jsonl", threading.Event()
    writers = [File(file), File(file)]  # as two processes have them

    def append(provider: File, first: int) -> None:
        for number in range(first, first + 60):
            asyncio.run(provider.send(message(number)))

    def thin() -> None:
        while not done.is_set():
            keep_lines(file, lambda row: row["ticket_no"] == "GD1")

    threads = [threading.Thread(target=append, args=(one, 1000 * at)) for at, one in enumerate(writers)]
    thinning = threading.Thread(target=thin)
    for thread in (*threads, thinning):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    thinning.join()
    keep_lines(file, lambda row: row["ticket_no"] == "GD1")
    kept = sorted(json.loads(line)["id"] for line in file.read_text().splitlines())
    assert kept == [number for first in (0, 1000) for number in range(first, first + 60) if number % 2]


def test_a_line_that_a_crash_cut_short_goes_and_a_missing_file_is_none(tmp_path: Path) -> None:
    file = tmp_path / "notifications.jsonl"
    assert keep_lines(file, lambda _: True) == 0
    file.write_text('{"id": 1}\n{"id": 2, "te')
    assert keep_lines(file, lambda _: True) == 1
    assert file.read_text() == '{"id": 1}\n'
