"""A double of an SMS gateway or another system: takes the signed posts of the provider `webhook`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.bench.loopback import served
from bot.foundation import bodies


@dataclass
class Gateway:
    """What arrived: (Idempotency-Key, body), in order."""

    url: str = ""
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@contextlib.asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    """Listen on a free port of loopback."""
    made, app = Gateway(), web.Application()

    async def take(request: web.Request) -> web.Response:
        made.taken.append((request.headers["Idempotency-Key"], await bodies.body_json(request)))
        return web.Response()

    app.router.add_post("/", take)
    async with served(app) as port:
        made.url = f"http://127.0.0.1:{port}/"
        yield made
