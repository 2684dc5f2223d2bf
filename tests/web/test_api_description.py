"""The description of the HTTP interface is what the routes are, and requests that are made of it break nothing."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import yaml
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.foundation import logs
from bot.grid.registry import Registry
from bot.settings import PROJECT
from bot.tickets.outside import Outside
from bot.web.guard import runner_of
from bot.web.outside_api import OutsideApi
from tests.web.conftest import Site

DESCRIBED: dict[str, Any] = yaml.safe_load((PROJECT / "bot" / "web" / "openapi.yml").read_text("utf-8"))
TOKEN = "b9f3c1d07a5e4e62"
#: of the service itself (bot/app), of staff who signed in, and files
ELSEWHERE = re.compile(r"/(static|desk|demo|studio|api/studio|case|calls|learning|phone/line|t)\b")
#: examples of each operation; schemathesis' command line makes thousands
EXAMPLES = 5


@pytest.fixture
def served(site: Site) -> Iterator[tuple[str, io.StringIO]]:
    """(its address, what it logged) of a site that answers whatever is said, in a thread of its own."""
    site.dialogue.answers = [site.dialogue.answers[0]] * 10_000
    site.app.router.add_routes(
        OutsideApi(Outside(site.database, site.desk), Registry.load(site.database), TOKEN).routes()
    )
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Lines())
    logging.getLogger().addHandler(handler)
    loop, found, done = asyncio.new_event_loop(), [], threading.Event()

    async def begin() -> web.AppRunner:
        runner = runner_of(site.app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.append(runner.addresses[0][1])
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(begin())
        done.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert done.wait(20)
    try:
        yield f"http://127.0.0.1:{found[0]}", stream
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        logging.getLogger().removeHandler(handler)


def test_every_route_of_strangers_is_described_and_no_other(site: Site) -> None:
    site.app.router.add_routes(
        OutsideApi(Outside(site.database, site.desk), Registry.load(site.database), TOKEN).routes()
    )
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in site.app.router.routes()
        if route.resource is not None and route.method != "HEAD" and not ELSEWHERE.match(route.resource.canonical)
    }
    described = {(method, path) for path, methods in DESCRIBED["paths"].items() for method in methods}
    assert routes == described


OPERATIONS = [(method, path) for path, methods in DESCRIBED["paths"].items() for method in methods]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{method} {path}" for method, path in OPERATIONS])
def test_whatever_is_sent_gets_an_answer_that_is_described(
    served: tuple[str, io.StringIO], method: str, path: str
) -> None:
    """Positive and negative data: no 5xx, no status, type or body that the description does not know, no traceback."""
    address, log = served
    schema = schemathesis.openapi.from_dict(DESCRIBED)
    operation = schema[path][method.upper()]
    headers = {"Authorization": f"Bearer {TOKEN}"} if "95598" in path else {}
    checks = [
        schemathesis.checks.not_a_server_error,
        schemathesis.specs.openapi.checks.status_code_conformance,
        schemathesis.specs.openapi.checks.content_type_conformance,
        schemathesis.specs.openapi.checks.response_schema_conformance,
    ]

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode)))
    def sends(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=address, headers=headers, checks=checks, allow_redirects=False)

    sends()
    assert "Traceback" not in log.getvalue() and log.getvalue() == ""
