"""`/metrics`: for this machine, and for whoever shows the site's token."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST


def metrics_route(text: Callable[[], bytes], token: str) -> web.RouteDef:
    """`text()` is what Prometheus reads; without a token only loopback may ask."""

    async def metrics(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        shown = bool(token) and hmac.compare_digest(given.encode(), token.encode())
        # A proxy on this machine asks from loopback for others: with a token set, only the token counts.
        if not shown and (token or not _loopback(request.remote)):
            return web.Response(status=403, text="metrics: on this machine only, or with [metrics] token\n")
        return web.Response(body=text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return web.get("/metrics", metrics)


def _loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address((address or "").partition("%")[0]).is_loopback
    except ValueError:
        return False
