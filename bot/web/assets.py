"""What pages load: files with a name of this version, packed once, kept by browsers for a year."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

STATIC = Path(__file__).with_name("static")
_YEAR = "public, max-age=31536000, immutable"
#: smaller than this (bytes) a file is not worth packing
_WORTH = 600
_PACKED = (".css", ".js", ".html", ".svg", ".json", ".webmanifest")


class _Asset(NamedTuple):
    plain: bytes
    packed: bytes | None
    kind: str


@cache
def version() -> str:
    """Names all files together: modules load each other by relative names, so they change as one."""
    found = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            found.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a file of static/. Raises FileNotFoundError for one that is not there."""
    if not (STATIC / name).is_file():
        raise FileNotFoundError(f"there is no {name} in {STATIC}")
    return f"/static/{version()}/{name}"


def routes() -> list[web.RouteDef]:
    """`/static/VERSION/NAME`, kept for a year, and `/static/NAME`, asked for anew each time."""
    return [web.get("/static/{name:.+}", serve)]


async def serve(request: web.Request) -> web.StreamResponse:
    """One file, packed where the browser takes that."""
    name = request.match_info["name"]
    first, _, rest = name.partition("/")
    named = first == version()
    found = _load(rest if named else name)
    if found is None:
        raise web.HTTPNotFound
    headers = {"Cache-Control": _YEAR if named else "no-cache", "Vary": "Accept-Encoding"}
    if found.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=found.packed, content_type=found.kind, charset=_charset(found.kind), headers=headers)
    return web.Response(body=found.plain, content_type=found.kind, charset=_charset(found.kind), headers=headers)


def _charset(kind: str) -> str | None:
    return "utf-8" if kind.startswith("text/") or kind.endswith(("json", "javascript", "xml")) else None


@cache
def _names() -> frozenset[str]:
    return frozenset(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


def _load(name: str) -> _Asset | None:
    # Only names that were found in the folder: nothing that a stranger writes becomes a path, or stays in memory.
    return _read(name) if name in _names() else None


@cache
def _read(name: str) -> _Asset:
    plain = (STATIC / name).read_bytes()
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packs = name.endswith(_PACKED) and len(plain) >= _WORTH
    return _Asset(plain, gzip.compress(plain, 9, mtime=0) if packs else None, kind)
