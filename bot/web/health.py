"""`/live` (the loop turns) and `/ready` (a report would be taken): for whoever restarts a service, or sends it calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web


def ready_route(parts: Callable[[], Mapping[str, str]]) -> web.RouteDef:
    """`parts()`: {part: "ok" or a word for what is wrong}. 503 names what fails; nothing of it is a secret, and the
    answer asks neither database nor disk, however often strangers come."""

    async def ready(_request: web.Request) -> web.Response:
        found = parts()
        failed = sorted(name for name, said in found.items() if said != "ok")
        return web.json_response(
            {"ready": not failed, "failed": failed, "parts": dict(found)}, status=503 if failed else 200
        )

    return web.get("/ready", ready)
