"""One large file, brought from whichever of its addresses serves it, however often the line breaks."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path

import aiohttp
from multidict import CIMultiDictProxy

from bot.foundation.backoff import Backoff
from bot.foundation.errors import Broken, Unavailable
from bot.speech.catalogue import Archive
from bot.speech.model_errors import ModelRefused

Progress = Callable[[int, int], None]
#: between two tries of a download that broke off
AGAIN = Backoff(first_s=0.2, most_s=5.0, tries=5)
#: no speech model is larger, packed or not
LARGEST = 8 << 30
#: what is unpacked takes room as well, beside the archive
_ROOM = 3
_CHUNK = 1 << 16
_WHERE = {"connect": 20, "sock_read": 30}
_PAGE = "answers with a web page instead of the file"
#: what an archive begins with
_BEGINS = (b"PK\x03\x04", b"BZh", b"\x1f\x8b", b"\xfd7zXZ\x00")


class DownloadFailed(Unavailable):
    """No address served the file; the message tells each one's reason, and what is kept for the next time."""


class _Wrong(Broken):
    """What this address serves is not the file."""


async def download(
    archive: Archive,
    folder: Path,
    progress: Progress | None = None,
    *,
    sha256: str | None = None,
    again: Backoff = AGAIN,
) -> Path:
    """The file in `folder` with `.part` behind its name, whole, not checked. `progress(bytes so far, in all)`; `sha256`: the
    checksum that will be asked of it (without one, parts of two addresses never mix).

    What broke off goes on where it stopped, in this run or the next. Raises DownloadFailed, ModelRefused."""
    folder.mkdir(parents=True, exist_ok=True)
    troubles: list[str] = []
    for number, address in enumerate(archive.addresses, start=1):
        part = folder / f"{archive.name}{'' if sha256 else '-' + _short(address)}.part"
        try:
            await _patiently(address, part, archive.bytes, progress, again, number == len(archive.addresses))
            return part
        except (_Wrong, TimeoutError, aiohttp.ClientError, OSError) as problem:
            kept = part.stat().st_size if part.exists() else 0
            more = f"; {kept} bytes are kept, the next fetch goes on there" if kept else ""
            troubles.append(f"{address}: {_reason(problem)}{more}")
    raise DownloadFailed("the download failed. " + " ".join(f"[{one}]" for one in troubles))


async def _patiently(
    address: str, part: Path, size: int | None, progress: Progress | None, again: Backoff, last: bool
) -> None:
    for failed in itertools.count(1):
        try:
            return await _once(address, part, size, progress)
        except (TimeoutError, aiohttp.ClientError) as problem:
            # An address that gives nothing is left at once where there is another.
            lost = not last and isinstance(problem, (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError))
            wait = None if lost else again.wait(failed)
            if wait is None:
                raise
            await asyncio.sleep(wait)


async def _once(address: str, part: Path, size: int | None, progress: Progress | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    if size is not None and have >= size:
        if have == size:
            return
        have = 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, **_WHERE), trust_env=True)
    async with session, session.get(address, headers=headers, auto_decompress=False) as answer:
        if answer.status == 416:
            # Nothing is left to send: either all is here, or the checksum will tell.
            return
        if address.startswith("https:") and answer.url.scheme != "https":
            raise _Wrong(f"leads to {answer.url.host}, which is not https")
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise aiohttp.ClientError(f"status {answer.status}")
        if answer.status not in (200, 206):
            raise _Wrong(f"status {answer.status}")
        if answer.status == 206 and _start(answer.headers) != have:
            raise _Wrong("goes on somewhere else than where it was asked to")
        if answer.content_type == "text/html":
            raise _Wrong(_PAGE)
        if answer.status == 200:
            have = 0
        total = have + (answer.content_length or 0) if answer.content_length is not None else size or 0
        _check_total(total, size, part, have)
        with part.open("ab" if have else "wb") as file:
            async for chunk in answer.content.iter_chunked(_CHUNK):
                if have == 0:
                    _check_beginning(chunk)
                file.write(chunk)
                have += len(chunk)
                if have > (size or LARGEST):
                    file.truncate(0)
                    raise _Wrong(f"sends more than {size or LARGEST} bytes")
                if progress:
                    progress(have, total)
        if have < (total or size or 1):
            raise aiohttp.ClientError(f"broke off: {have} of {total or size or 'some'} bytes came")


def _check_total(total: int, size: int | None, part: Path, have: int) -> None:
    if size is not None and total and total != size:
        raise _Wrong(f"has {total} bytes where the published file has {size}")
    if total > LARGEST:
        raise _Wrong(f"says that it has {total} bytes, more than any speech model")
    room = shutil.disk_usage(part.parent).free
    if room < _ROOM * total - have:
        raise ModelRefused(
            f"{part.parent}: {room >> 20} MB are free, and about {(_ROOM * total - have) >> 20} MB are needed"
        )


def _check_beginning(chunk: bytes) -> None:
    if chunk.lstrip()[:1] == b"<":
        raise _Wrong(_PAGE)
    if not chunk.startswith(tuple(begin[: len(chunk)] for begin in _BEGINS)):
        raise _Wrong(f"sends no archive (it begins with {chunk[:8]!r})")


def _start(headers: CIMultiDictProxy[str]) -> int:
    said = headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 16 else -1


def _short(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:8]


def _reason(problem: Exception) -> str:
    return " ".join(str(problem).split())[:200] or type(problem).__name__


def sha256_of(file: Path) -> str:
    """Of a file's bytes, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
