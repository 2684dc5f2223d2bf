"""One dialogue process of `[dialogue] processes`: reads turns on standard input, answers on standard output, ends with
whoever started it.

The first line is the site's settings; then each line is `{"n", "do": "turn" | "parse" | "take_up" | "rehearse", …}` and is answered by
a line with the same `n`. `{"owed": true}` says that somebody is owed a message, `{"fate": …}` what became
of a turn that failed (bot/dialogue/metrics.py), `{"turn": …}` tells a committed turn for statistics (bot/dialogue/events)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.app.parts import area_code_of, make_embedded
from bot.database import open_database
from bot.dialogue.embedded import EmbeddedDialogue
from bot.foundation import logs
from bot.grid.registry import Registry
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.heard import Heard
from bot.tickets.rules import rules_of

_LONGEST = 4 * 1024 * 1024


def main() -> None:
    """Serve until standard input ends."""
    os.umask(0o077)
    # Whoever started us is told to stop, and says so by closing the pipe: turns that have begun come to their end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # What a library prints must not stand between the answers.
    answers = os.dup(1)
    os.dup2(2, 1)
    settings = Settings.model_validate_json(_first_line())
    logs.start(settings.log.level, ZoneInfo(settings.site.timezone), form=settings.log.form)
    asyncio.run(_serve(settings, answers))


def _first_line() -> bytes:
    """Byte by byte: what comes behind it is for whoever reads the turns."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(0, 1)):
        line += byte
    return line


async def _serve(settings: Settings, answers: int) -> None:
    def tell(line: dict[str, Any]) -> None:
        data = json.dumps(line, ensure_ascii=False).encode() + b"\n"
        while data:
            data = data[os.write(answers, data) :]

    loop = asyncio.get_running_loop()
    database = open_database(settings.database_url)
    registry = await asyncio.to_thread(Registry.load, database, area_code_of(settings))
    desk = TicketDesk(database, lambda: _from_thread(loop, tell, {"owed": True}), rules_of(settings))
    dialogue = make_embedded(settings, database, desk, registry)
    dialogue.hurries = False  # whoever hands the turns on says the words of safety
    dialogue.on_fate = lambda fate: _from_thread(loop, tell, {"fate": fate})  # and is asked for figures
    if settings.events.on:
        dialogue.on_turn = lambda turn: _from_thread(loop, tell, {"turn": turn.as_json()})
    await dialogue.start()
    reading = asyncio.create_task(registry.background().run())
    requests = asyncio.StreamReader(limit=_LONGEST)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    tell({"ready": True})
    under_way: set[asyncio.Task[None]] = set()
    try:
        while line := await requests.readline():
            task = asyncio.create_task(_answered(dialogue, json.loads(line), tell))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
    finally:
        if under_way:
            await asyncio.wait(under_way, timeout=5.0)
        reading.cancel()
        await dialogue.close()
        database.dispose()


def _from_thread(loop: asyncio.AbstractEventLoop, tell: Callable[[dict[str, Any]], None], line: dict[str, Any]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has just closed
        loop.call_soon_threadsafe(tell, line)


async def _answered(dialogue: EmbeddedDialogue, asked: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
    try:
        told = await _done(dialogue, asked)
    except Exception as problem:
        told = {"problem": logs.described(problem)}
    with contextlib.suppress(OSError):  # nobody listens any more
        tell({**told, "n": asked["n"]})


async def _done(dialogue: EmbeddedDialogue, asked: dict[str, Any]) -> dict[str, Any]:
    if asked["do"] == "turn":
        return {"reply": (await dialogue.turn(Heard.from_json(asked["heard"]))).as_json()}
    if asked["do"] == "rehearse":
        await dialogue.rehearse()
        return {}
    if asked["do"] == "take_up":
        return {"taken": await dialogue.take_up(Path(asked["model"]))}
    found = await dialogue.parse(asked["text"], tuple(asked["alternatives"]), asked["question"])
    return {"understanding": asdict(found)}


if __name__ == "__main__":
    main()
