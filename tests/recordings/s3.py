"""A storage by the S3 protocol on loopback that can be told to behave at its worst."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "recordings"
_SPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


@dataclass
class Storage:
    """What it holds, and its misbehaviour."""

    url: str = ""
    objects: dict[str, tuple[bytes, dt.datetime]] = field(default_factory=dict)
    #: answered with status 500
    broken: bool = False
    #: says that it kept, and keeps nothing, or something else
    forgets: bool = False
    changes: bool = False
    #: says that it deleted, and keeps it
    clings: bool = False
    #: closes in the middle of an answer's body
    cuts: bool = False
    #: a page of a list holds so many
    page: int = 2
    #: who asks must show an account (the signature itself is not checked)
    asked: list[str] = field(default_factory=list)
    #: the prefixes that lists were asked for
    listed: list[str] = field(default_factory=list)

    def put(self, name: str, data: bytes, at: dt.datetime) -> None:
        self.objects[name] = (data, at)


def _handler(storage: Storage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if storage.cuts and self.command == "GET" and len(body) > 200:
                self.wfile.write(body[:100])
                self.close_connection = True
                return
            if self.command != "HEAD":
                self.wfile.write(body)

        def _error(self, status: int, code: str) -> None:
            self._answer(
                status,
                f"<Error {_SPACE}><Code>{code}</Code><Message/></Error>".encode(),
                Content_Type="application/xml",
            )

        def _key(self) -> str | None:
            """None when it was answered already."""
            length = int(self.headers.get("Content-Length", 0))
            self._body = self.rfile.read(length)
            where = urlsplit(self.path)
            storage.asked.append(f"{self.command} {where.path}")
            if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=site/"):
                self._error(403, "AccessDenied")
            elif storage.broken:
                self._error(500, "InternalError")
            elif not where.path.startswith(f"/{BUCKET}"):
                self._error(404, "NoSuchBucket")
            else:
                return unquote(where.path[len(BUCKET) + 2 :])
            return None

        def do_PUT(self) -> None:
            if (key := self._key()) is None:
                return
            body = self._body[:-1] + b"!" if storage.changes else self._body
            if not storage.forgets:
                storage.put(key, body, dt.datetime.now(dt.UTC).replace(microsecond=0))
            self._answer(200, ETag='"0"')

        def do_DELETE(self) -> None:
            if (key := self._key()) is None:
                return
            if not storage.clings:
                storage.objects.pop(key, None)
            self._answer(204)

        def do_GET(self) -> None:
            if (key := self._key()) is None:
                return
            if not key:
                self._list(parse_qs(urlsplit(self.path).query))
                return
            if key not in storage.objects:
                self._error(404, "NoSuchKey")
                return
            data, at = storage.objects[key]
            status = 200
            if found := self.headers.get("Range"):
                data, status = data[: int(found.rpartition("-")[2]) + 1], 206
            self._answer(status, data, Last_Modified=format_datetime(at, usegmt=True), ETag='"0"')

        def _list(self, query: dict[str, list[str]]) -> None:
            after, prefix = query.get("continuation-token", [""])[0], query.get("prefix", [""])[0]
            storage.listed.append(prefix)
            names = sorted(name for name in storage.objects if name > after and name.startswith(prefix))
            page, more = names[: storage.page], len(names) > storage.page
            rows = "".join(
                f"<Contents><Key>{escape(name)}</Key><LastModified>{storage.objects[name][1]:%Y-%m-%dT%H:%M:%S.000Z}"
                f"</LastModified><Size>{len(storage.objects[name][0])}</Size></Contents>"
                for name in page
            )
            token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
            head = f"<Name>{BUCKET}</Name><IsTruncated>{str(more).lower()}</IsTruncated>"
            body = f"<ListBucketResult {_SPACE}>{head}{token}{rows}</ListBucketResult>"
            self._answer(200, body.encode(), Content_Type="application/xml")

    return Handler


@contextmanager
def storage_on_loopback() -> Iterator[Storage]:
    """The storage, running."""
    storage = Storage()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(storage))
    server.daemon_threads = True
    storage.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield storage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
