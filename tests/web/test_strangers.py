"""Whatever a stranger sends: 400 without a traceback, one counter, and a connection that does not stay open for ever."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import generate_latest

from bot.doors.devices import Devices
from bot.foundation import bodies, logs
from bot.web.guard import runner_of
from bot.web.metrics import metrics_route
from bot.web.signing_in import COOKIE, SignIn
from tests.web.conftest import Site

CANARY = "金丝雀"
SESSION = "0123456789abcdef"
PART = b'Content-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--'
TURN = json.dumps({"session": SESSION, "text": "停电了"}).encode()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Lines())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.fixture
async def client(site: Site) -> AsyncIterator[TestClient]:
    sign_in = SignIn(Devices(site.database))

    async def press(request: web.Request) -> web.Response:
        form = await bodies.form(request)
        allowed = await sign_in.staff_of(request) and await sign_in.own_form(request, str(form.get("csrf", "")))
        return web.Response(status=200 if allowed else 403)

    async def csrf(request: web.Request) -> web.Response:
        form = await bodies.form(request)
        return web.Response(status=200 if await sign_in.own_form(request, str(form.get("csrf", ""))) else 403)

    async def breaks(_: web.Request) -> web.Response:
        raise ValueError(CANARY)

    site.app.middlewares.append(sign_in.middleware)
    site.app.router.add_routes([web.post("/press", press), web.post("/csrf", csrf), web.get("/breaks/{token}", breaks)])
    site.app.router.add_routes([metrics_route(lambda: b"gege_up 1\n", "")])
    async with TestClient(TestServer(site.app)) as client:
        yield client


def counted() -> float:
    lines = generate_latest(bodies.REGISTRY).decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("gege_turned_away_total"))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 50_000, b'{"a":' * 3_000 + b"1" + b"}" * 3_000, b'{"session": ' + b"9" * 5_000 + b"}",
        b'{"text": 1e999999}', b"\xff\xfe", b"nonsense", b'{"text": "' + b"x" * 100_000 + b'"}',
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_read_is_400_and_counted(client: TestClient, log: io.StringIO, body: bytes) -> None:
    before = counted()
    response = await client.post("/api/turn", data=body, headers={"Content-Type": "application/json"})
    assert response.status == 400 and (await response.json())["error"]
    assert counted() == before + 1 and log.getvalue() == ""


@pytest.mark.parametrize("charset", ["nonsense", "utf-7", "base64", "é", "rot13", "\x01"])
async def test_what_a_header_says_of_characters_breaks_nothing(
    client: TestClient, log: io.StringIO, charset: str
) -> None:
    kind = f"application/json; charset={charset}".encode("utf-8", "replace").decode("latin-1")
    if charset != "\x01":
        response = await client.post("/api/turn", data=TURN, headers={"Content-Type": kind})
        assert response.status == 200
        for form in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            response = await client.post(
                "/press", data=b"csrf=%ff%fe&a=1", headers={"Content-Type": f"{form}; charset={charset}"}
            )
            assert response.status in (400, 403), charset
    assert "Traceback" not in log.getvalue() and log.getvalue() == ""


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1"),
        ("multipart/form-data; boundary=x", b"nothing of the kind"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Length: nine\r\n\r\n1\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Transfer-Encoding: odd\r\n" + PART),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: text/plain; charset=odd\r\n" + PART),
    ],
)  # fmt: skip
async def test_a_malformed_form_is_no_fault_of_ours(
    client: TestClient, log: io.StringIO, kind: str, body: bytes
) -> None:
    response = await client.post("/press", data=body, headers={"Content-Type": kind})
    assert response.status in (400, 403) and log.getvalue() == ""


@pytest.mark.parametrize("value", ["M1|²|x", "M1|1|é", f"M1|{'9' * 5000}|x", "密|1|密", "||", "M1|9999999999|\udcff"])
async def test_odd_cookies_and_signatures_are_only_wrong(client: TestClient, log: io.StringIO, value: str) -> None:
    raw = value.encode("utf-8", "surrogateescape").decode("latin-1")
    response = await client.post("/csrf", data={"csrf": value.encode("utf-8", "replace").decode()},
                                 headers={"Cookie": f"{COOKIE}={raw}"})  # fmt: skip
    assert response.status == 403 and log.getvalue() == ""
    response = await client.post("/press", data={"csrf": "é"}, headers={"Cookie": f"{COOKIE}={raw}"})
    assert response.status == 403 and log.getvalue() == ""


async def test_what_breaks_ten_times_is_told_once_without_the_path_or_the_words(
    client: TestClient, log: io.StringIO
) -> None:
    before = counted()
    for number in range(10):
        assert (await client.get(f"/breaks/secret-token-{number}")).status == 500
    assert log.getvalue().count("GET /breaks/{token} failed") == 1 and counted() == before + 10
    assert "request=" in log.getvalue()
    assert "secret-token" not in log.getvalue() and CANARY not in log.getvalue()


async def test_what_was_turned_away_is_in_the_metrics_which_no_proxy_may_read(client: TestClient) -> None:
    await client.post("/api/turn", data=b"nonsense")
    response = await client.get("/metrics")
    told = await response.text()
    assert response.status == 200 and 'gege_turned_away_total{reason="json"}' in told
    assert "# TYPE gege_second_ear_turns_total counter" in told, "what became of turns elsewhere stands beside it"
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert (await client.get("/metrics", headers={header: "203.0.113.9"})).status == 403


async def _serve(site: Site, idle_s: float) -> tuple[web.AppRunner, int]:
    runner = runner_of(site.app, idle_s)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /api/turn HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"POST /api/turn HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
    ],
)
async def test_a_connection_that_does_not_get_on_is_cut(
    site: Site, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, sent: bytes
) -> None:
    monkeypatch.setattr(bodies, "SLOWEST_S", 0.5)
    runner, port = await _serve(site, 0.5)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)

        async def trickle() -> None:
            while True:
                await asyncio.sleep(0.1)
                writer.write(b"x")

        trickling = asyncio.create_task(trickle()) if sent else None
        try:
            answer = await asyncio.wait_for(reader.read(), 5)
        except ConnectionResetError:
            answer = b""  # what trickled in when it had been cut
        if trickling:
            trickling.cancel()
            await asyncio.gather(trickling, return_exceptions=True)
        assert answer == b"" or b" 408 " in answer.split(b"\r\n")[0]
        writer.close()
        assert log.getvalue() == ""
    finally:
        await runner.cleanup()


async def test_what_is_no_http_is_counted_and_not_logged(site: Site, log: io.StringIO) -> None:
    runner, port = await _serve(site, 2.0)
    before = counted()
    try:
        for _ in range(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nBad Header\x00: y\r\n\r\n")
            assert b"400" in await asyncio.wait_for(reader.read(), 5)
            writer.close()
    finally:
        await runner.cleanup()
    assert counted() >= before + 5 and log.getvalue() == ""
