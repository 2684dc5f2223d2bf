"""`/metrics`: for this machine, and for whoever shows the site's token."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.database import metrics as database_metrics
from bot.dialogue import metrics as dialogue_metrics
from bot.foundation import bodies
from bot.foundation.background import Backgrounds
from bot.foundation.untrusted import same
from bot.speech import ear_metrics

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
LOOP_LATE = Histogram(
    "gege_loop_late_seconds",
    "How late the event loop came to what it does twice a second",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
    registry=REGISTRY,
)
#: what counts by itself, in whichever room
EVERYWHERE = (REGISTRY, bodies.REGISTRY, ear_metrics.REGISTRY, dialogue_metrics.REGISTRY, database_metrics.REGISTRY)

#: what a proxy adds to a request that it passes on
_PROXYS = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")


def metrics_route(text: Callable[[], bytes], token: str) -> web.RouteDef:
    """`text()` is what Prometheus reads; without a token only loopback may ask, and no proxy."""

    async def metrics(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        shown = bool(token) and same(given, token)
        # A proxy on this machine asks from loopback for others: with a token set, or behind one that says so, only the
        # token counts.
        behind = any(name in request.headers for name in _PROXYS)
        if not shown and (token or behind or not _loopback(request.remote)):
            return web.Response(status=403, text="metrics: on this machine only, or with [metrics] token\n")
        everywhere = b"".join(map(generate_latest, EVERYWHERE))
        return web.Response(body=text() + everywhere, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return web.get("/metrics", metrics)


class BackgroundMetrics(Collector):
    """The loops that run on, as they are when Prometheus looks."""

    def __init__(self, backgrounds: Backgrounds, clock: Callable[[], float] = time.time) -> None:
        self._backgrounds, self._clock = backgrounds, clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One value a loop."""
        last = _gauge("last_success_seconds", "When a loop last did its work, seconds since 1970 (0: never)")
        took = _gauge("duration_seconds", "What its last success took")
        failures = _gauge("failures", "Failures since its last success")
        stuck = _gauge("stuck", "1 when it has not done its work for longer than it may")
        at = self._clock()
        for state in self._backgrounds.states:
            last.add_metric([state.name], 0.0 if state.idle_s is None else at - state.idle_s)
            took.add_metric([state.name], state.took_s)
            failures.add_metric([state.name], state.failures)
            stuck.add_metric([state.name], float(state.stuck))
        yield from (last, took, failures, stuck)


class ReadyMetrics(Collector):
    """What `/ready` says, part by part."""

    def __init__(self, parts: Callable[[], Mapping[str, str]]) -> None:
        self._parts = parts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """1 for a part that is well."""
        found = GaugeMetricFamily("gege_ready", "1: this part of the service is well", labels=["part"])
        for name, said in self._parts().items():
            found.add_metric([name], float(said == "ok"))
        yield found


def _gauge(name: str, help: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"gege_background_{name}", help, labels=["name"])


def _loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address((address or "").partition("%")[0]).is_loopback
    except ValueError:
        return False
