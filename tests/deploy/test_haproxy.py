"""HAProxy before Gege's processes: a browser stays with its process, and a process that is not ready gets nothing."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.bench.loopback import free_port, served
from bot.settings import PROJECT
from bot.web.cases import COOKIE
from bot.web.health import ready_route
from tests.deploy.programs import program, running

FILE = PROJECT / "deploy" / "haproxy" / "haproxy.cfg"


def configured(folder: Path, ports: list[int]) -> tuple[Path, int]:
    port = free_port()
    text = FILE.read_text().replace("bind 127.0.0.1:8443", f"bind 127.0.0.1:{port}")
    text = text.replace("maxconn 20000", "maxconn 200")  # what a shell may open
    for number, one in enumerate(ports, 1):
        text = text.replace(f"10.0.0.1{number}:8080", f"127.0.0.1:{one}")
    file = folder / "haproxy.cfg"
    file.write_text(text)
    return file, port


def test_haproxy_finds_nothing_wrong_with_its_file(tmp_path: Path) -> None:
    file, _ = configured(tmp_path, [1, 2])
    done = subprocess.run([program("haproxy"), "-c", "-f", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "WARNING" not in done.stdout + done.stderr, done.stderr


def test_a_browser_is_known_by_the_cookie_that_gege_gives_it() -> None:
    assert f"req.cook({COOKIE})" in FILE.read_text()


@contextlib.asynccontextmanager
async def process_of_gege(name: str) -> AsyncIterator[tuple[int, dict[str, str]]]:
    """A page that says who answers, with the real /ready; → its port, and the parts that /ready tells."""
    parts = {"database": "ok"}
    app = web.Application()

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=name)

    app.router.add_routes([ready_route(lambda: parts), web.get("/", answer)])
    async with served(app) as port:
        yield port, parts


@pytest.mark.slow
async def test_a_browser_stays_with_its_process_and_leaves_one_that_is_not_ready(tmp_path: Path) -> None:
    async with process_of_gege("one") as (one, ready), process_of_gege("two") as (two, _):
        file, port = configured(tmp_path, [one, two])
        async with (
            running(tmp_path / "log", program("haproxy"), "-db", "-f", str(file)) as haproxy,
            aiohttp.ClientSession() as client,
        ):

            async def served(browser: int, path: str = "/") -> str:
                cookies = {COOKIE: f"{browser:032x}"}
                async with client.get(f"http://127.0.0.1:{port}{path}", cookies=cookies) as answer:
                    return await answer.text() if answer.status == 200 else str(answer.status)

            async def up() -> bool:
                with contextlib.suppress(aiohttp.ClientError):
                    return await served(0) in ("one", "two")
                return False

            async with asyncio.timeout(10):
                while not await up():
                    assert haproxy.returncode is None, (tmp_path / "log").read_text()
                    await asyncio.sleep(0.05)
            first = [await served(browser) for browser in range(40)]
            assert {"one", "two"} == set(first) and 8 <= first.count("one") <= 32
            assert [await served(browser) for browser in range(40)] == first
            assert [await served(0, path) for path in ("/metrics", "/ready", "/live")] == ["403"] * 3
            # One is not ready: its browsers move, the other's do not.
            ready["database"] = "away"
            lost = first.index("one")
            async with asyncio.timeout(10):
                while await served(lost) != "two":
                    await asyncio.sleep(0.1)
            assert {await served(browser) for browser in range(40)} == {"two"}
            ready["database"] = "ok"
            async with asyncio.timeout(10):
                while await served(lost) != "one":
                    await asyncio.sleep(0.1)
            assert [await served(browser) for browser in range(40)] == first
