"""What pages load: named by its version, packed, kept for a year; foreign files are those that were fetched."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.web import assets

VENDOR = assets.STATIC / "vendor"


@pytest_asyncio.fixture
async def client() -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application()
    app.router.add_routes(assets.routes())
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


async def test_a_named_version_is_kept_for_a_year_and_packed(client: TestClient[web.Request, web.Application]) -> None:
    plain = (assets.STATIC / "design.css").read_bytes()
    answer = await client.get(assets.asset("design.css"), headers={"Accept-Encoding": "gzip"})
    assert "immutable" in answer.headers["Cache-Control"] and answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(await answer.read()) == plain
    bare = await client.get("/static/design.css", headers={"Accept-Encoding": "identity"})
    assert bare.headers["Cache-Control"] == "no-cache" and await bare.read() == plain


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e/app.py", "/etc/passwd", "vendor", "", "design.css/x", "\x00"])
async def test_nothing_but_the_folders_files_is_served(
    client: TestClient[web.Request, web.Application], name: str
) -> None:
    for path in (f"/static/{name}", f"/static/{assets.version()}/{name}"):
        assert (await client.get(path)).status == 404


def test_a_page_cannot_name_a_file_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        assets.asset("nothing.css")


def test_foreign_files_are_those_that_were_fetched() -> None:
    lines = [line.split() for line in (VENDOR / "SOURCES").read_text().splitlines() if not line.startswith("#")]
    known = {name: digest for name, digest, *_ in lines}
    found = {path.name for path in VENDOR.iterdir()} - {"SOURCES"}
    assert found == known.keys()
    for name, digest in known.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
