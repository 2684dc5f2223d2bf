"""A running service makes each part once: two databases would not queue for SQLite's one writer, two registries disagree."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot.app import serve
from bot.bench.loopback import free_port
from bot.chat.store import ChatShelf
from bot.database import Database
from bot.grid.present import Present
from bot.grid.registry import Registry
from bot.notify.links import Links
from bot.settings import Settings, VoiceSettings, WebSettings
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.spool import Spool
from bot.voice.repertoire import Repertoire

PARTS = (Database, Registry, Links, Present, ChatShelf, Repertoire, TicketDesk, Spool)


async def test_a_running_service_makes_each_part_once(
    home: Path, dialogue_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEGE_HOME", str(home))
    made: Counter[str] = Counter()

    def counted(part: type) -> None:
        init = part.__init__  # type: ignore[misc]

        def __init__(self: Any, *given: Any, **named: Any) -> None:
            made[part.__name__] += 1
            init(self, *given, **named)

        monkeypatch.setattr(part, "__init__", __init__)

    for part in PARTS:
        counted(part)
    up = asyncio.Event()
    monkeypatch.setattr(serve, "tell", lambda line: up.set() if line.startswith("Gege is at") else None)
    voice = VoiceSettings(audiosocket=f"127.0.0.1:{free_port()}", fastagi=f"127.0.0.1:{free_port()}", sip="")
    settings = Settings(home=home, web=WebSettings(port=free_port()), voice=voice)
    serving = asyncio.create_task(serve._serve(settings))
    starting = asyncio.create_task(up.wait())
    done, _ = await asyncio.wait({serving, starting}, timeout=120, return_when=asyncio.FIRST_COMPLETED)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert starting in done
    assert made == {part.__name__: 1 for part in PARTS}
