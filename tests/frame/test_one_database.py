"""A running service has one database: two would not queue behind each other for SQLite's one writer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.app import parts, serve
from bot.database import Database, open_database
from bot.settings import Settings, VoiceSettings, WebSettings
from tests.frame.test_serving import free_port


async def test_a_running_service_opens_its_database_once(
    home: Path, dialogue_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEGE_HOME", str(home))
    opened: list[Database] = []

    def counted(url: str) -> Database:
        opened.append(open_database(url))
        return opened[-1]

    monkeypatch.setattr(parts, "open_database", counted)
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
    assert len(opened) == 1
