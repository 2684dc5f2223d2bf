"""One service for all conversations: loading Rasa once keeps the suite short. Callers and sessions keep them apart."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import Service, running
from bot.settings import Settings


@pytest.fixture(scope="module")
def service(county: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with the real Rasa model, without background tasks; usable from any event loop."""
    home = tmp_path_factory.mktemp("conversations")
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, home)
    loop = asyncio.new_event_loop()
    context = running(Settings(home=home), relay=False)
    try:
        yield loop.run_until_complete(context.__aenter__())
    finally:
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.close()
