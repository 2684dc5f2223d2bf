"""A large file comes whole, from whichever address serves it, or it is said why it does not: real servers at their worst."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.foundation.backoff import Backoff
from bot.speech import download as downloading
from bot.speech.catalogue import Archive
from bot.speech.download import DownloadFailed, download, sha256_of
from bot.speech.model_errors import ModelRefused

DATA = b"BZh9" + bytes(range(256)) * 2000
SHA256 = hashlib.sha256(DATA).hexdigest()
SOON = Backoff(0.01, 0.02, tries=3)
Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


class Mirror:
    """A download server; `breaks` answers stop in the middle."""

    def __init__(self, data: bytes = DATA, breaks: int = 0, ranges: bool = True) -> None:
        self.data, self.breaks, self.ranges = data, breaks, ranges
        self.asked: list[str] = []
        #: bytes of the model that left
        self.sent = 0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        wanted = request.headers.get("Range", "")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(self.data):
            return web.Response(status=416)
        body = self.data[start:]
        response = web.StreamResponse(status=206 if start else 200)
        if start:
            response.headers["Content-Range"] = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
        response.content_length = len(body)
        await response.prepare(request)
        if self.breaks:
            self.breaks -= 1
            await response.write(body[: len(body) // 2])
            self.sent += len(body) // 2
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(body)
        self.sent += len(body)
        return response


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server around a handler; → the address of its file."""
    servers: list[TestServer] = []

    async def start(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> str:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await handler(request)

        app = web.Application()
        app.router.add_get("/model.tar.bz2", answer)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        return str(servers[-1].make_url("/model.tar.bz2"))

    yield start
    for server in servers:
        await server.close()


def nowhere() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/model.tar.bz2"


async def brought(
    folder: Path, *addresses: str, size: int | None = len(DATA), sha256: str | None = SHA256
) -> tuple[Path, list[tuple[int, int]]]:
    seen: list[tuple[int, int]] = []
    archive = Archive((*addresses, *addresses)[: max(2, len(addresses))], size, sha256, "us" if sha256 else "")
    part = await download(archive, folder, lambda *bar: seen.append(bar), sha256=sha256, again=SOON)
    return part, seen


async def test_a_file_comes_whole_and_its_progress_is_told(tmp_path: Path, serve: Serve) -> None:
    part, seen = await brought(tmp_path, await serve(Mirror()))
    assert part.read_bytes() == DATA and sha256_of(part) == SHA256
    assert seen[-1] == (len(DATA), len(DATA)) and seen == sorted(seen)


async def test_what_breaks_off_goes_on_where_it_stopped(tmp_path: Path, serve: Serve) -> None:
    mirror = Mirror(breaks=2)
    part, _ = await brought(tmp_path, await serve(mirror))
    assert part.read_bytes() == DATA
    assert (
        mirror.asked[0] == "" and all(one.startswith("bytes=") for one in mirror.asked[1:]) and len(mirror.asked) == 3
    )


async def test_what_was_kept_serves_the_next_run_and_the_other_address(tmp_path: Path, serve: Serve) -> None:
    address = await serve(Mirror(breaks=99))
    with pytest.raises(DownloadFailed, match="bytes are kept, the next fetch goes on there"):
        await brought(tmp_path, address)
    second = Mirror()
    part, _ = await brought(tmp_path, await serve(second))
    assert part.read_bytes() == DATA and second.asked[0].startswith("bytes=")


async def test_without_a_checksum_two_addresses_never_mix(tmp_path: Path, serve: Serve) -> None:
    other = Mirror(b"BZh9" + b"other" * 50_000)
    part, _ = await brought(tmp_path, await serve(Mirror(breaks=99)), await serve(other), size=None, sha256=None)
    assert other.asked == [""] and part.read_bytes() == other.data


async def test_a_server_without_ranges_starts_from_the_beginning(tmp_path: Path, serve: Serve) -> None:
    mirror = Mirror(breaks=1, ranges=False)
    part, _ = await brought(tmp_path, await serve(mirror))
    assert part.read_bytes() == DATA and mirror.asked[1].startswith("bytes=")


async def test_a_complete_part_needs_no_more_bytes(tmp_path: Path, serve: Serve) -> None:
    (tmp_path / "model.tar.bz2.part").write_bytes(DATA)
    mirror = Mirror()
    await brought(tmp_path, await serve(mirror))
    assert mirror.sent == 0


async def page(_: web.Request) -> web.Response:
    return web.Response(text="<!DOCTYPE html><title>Sign in</title>", content_type="text/html")


async def gone(_: web.Request) -> web.Response:
    raise web.HTTPNotFound


async def busy(_: web.Request) -> web.Response:
    raise web.HTTPServiceUnavailable


async def elsewhere(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=206, headers={"Content-Range": f"bytes 7-{len(DATA)}/{len(DATA)}"})
    await response.prepare(request)
    await response.write(DATA[7:])
    return response


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(40):
        await response.write(DATA)
    return response


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (page, "a web page instead of the file"),
        (gone, "status 404"),
        (busy, "status 503"),
        (elsewhere, "goes on somewhere else"),
        (endless, f"more than {len(DATA)} bytes"),
        (Mirror(DATA + b"more"), f"has {len(DATA) + 4} bytes where the published file has {len(DATA)}"),
        (Mirror(b"BZh9" + b"short"), f"has 9 bytes where the published file has {len(DATA)}"),
    ],
    ids=["web page", "gone", "busy", "other range", "endless", "too long", "too short"],
)
async def test_what_is_wrong_with_an_address_is_told_and_the_next_one_serves(
    tmp_path: Path, serve: Serve, bad: Callable[[web.Request], Awaitable[web.StreamResponse]], words: str
) -> None:
    address = await serve(bad)
    if bad is elsewhere:
        (tmp_path / "model.tar.bz2.part").write_bytes(DATA[:1000])
    with pytest.raises(DownloadFailed, match=words) as caught:
        await brought(tmp_path, address, nowhere())
    assert str(caught.value).count("http://127.0.0.1") >= 2
    part, _ = await brought(tmp_path, address, await serve(Mirror()))
    assert part.read_bytes() == DATA


async def test_an_address_that_is_not_there_is_left_at_once(tmp_path: Path, serve: Serve) -> None:
    part, _ = await asyncio.wait_for(brought(tmp_path, nowhere(), await serve(Mirror())), 20)
    assert part.read_bytes() == DATA


async def test_a_server_that_says_nothing_more_is_left(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "_WHERE", {"connect": 5, "sock_read": 0.2})

    async def silent(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = len(DATA)
        await response.prepare(request)
        await response.write(DATA[:1000])
        await asyncio.sleep(3)
        return response

    part, _ = await brought(tmp_path, await serve(silent), await serve(Mirror()))
    assert part.read_bytes() == DATA


async def test_no_room_is_told_before_anything_comes(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        free = 1 << 20

    monkeypatch.setattr(downloading.shutil, "disk_usage", lambda _: Full)
    with pytest.raises(ModelRefused, match="1 MB are free"):
        await brought(tmp_path, await serve(Mirror(b"BZh9" + bytes(1 << 20))), size=(1 << 20) + 4)
    assert not list(tmp_path.iterdir())


async def test_letters_instead_of_an_archive_are_refused(tmp_path: Path, serve: Serve) -> None:
    # A page that calls itself a file is known by what it begins with.
    with pytest.raises(DownloadFailed, match="a web page"):
        await brought(tmp_path, await serve(Mirror(b"\n<html>")), size=None)
    with pytest.raises(DownloadFailed, match="sends no archive"):
        await brought(tmp_path, await serve(Mirror(b"Dear Sir")), size=None)
