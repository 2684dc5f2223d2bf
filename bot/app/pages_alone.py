"""The pages of a site that runs, on a port of this machine, without telephone and voice: for measurements and pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.app.parts import Parts
from bot.app.staff_side import staff_side
from bot.web.app import make_app
from bot.web.guard import runner_of

HOST = "127.0.0.1"


@asynccontextmanager
async def pages_alone(service: Parts, port: int = 0) -> AsyncIterator[str]:
    """The pages as `gege serve` makes them; gives their address. `port` 0: one that is free."""
    app = make_app(
        service.dialogue, None, None, service.desk, service.registry, service.settings,
        staff=staff_side(service, None), sample=service.registry.is_sample, repertoire=service.repertoire,
        intake=service.spool,
    )  # fmt: skip
    runner = runner_of(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
