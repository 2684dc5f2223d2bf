"""Where sealed recordings lie when they have left this machine's disk: one S3-compatible bucket, trusted with nothing.

What is written there is sealed, bound to its name, and read back before the disk lets go of it. Nothing here is asked
while a call waits."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import io
from collections.abc import Iterator
from typing import Protocol
from urllib.parse import urlsplit

from bot.foundation.errors import Refused, Unavailable
from bot.settings import BucketSettings, Settings


class StoreUnavailable(Unavailable):
    """The storage does not answer, or not as it should; what lies on the disk stays there."""


class NotElsewhere(Refused):
    """The storage has no such recording."""


class Elsewhere(Protocol):
    """A place for whole sealed recordings by their names. Blocking; every method may raise StoreUnavailable."""

    def put(self, name: str, data: bytes) -> None:
        """Keep it, in place of what had the name before."""

    def get(self, name: str, first: int | None = None) -> bytes:
        """Its bytes, or the first so many. Raises NotElsewhere."""

    def delete(self, name: str) -> None:
        """Delete it; nothing happens when it is not there."""

    def names(self, under: str = "") -> Iterator[tuple[str, dt.datetime]]:
        """(name, when it was put there) of everything whose name begins so."""


def elsewhere_of(settings: Settings) -> Elsewhere | None:
    """The site's storage elsewhere; None: recordings stay on this machine. Raises Refused for a half setting."""
    bucket = settings.recording.bucket
    return _bucket(bucket) if bucket.url else None


@functools.lru_cache(maxsize=4)
def _bucket(settings: BucketSettings) -> Bucket:
    """One client for as long as the settings are the same: it keeps its connections."""
    return Bucket(settings)


class Bucket:
    """A bucket by the S3 protocol (MinIO, Ceph, a cloud's own): the extra `s3`."""

    def __init__(self, settings: BucketSettings) -> None:
        try:
            import urllib3
            from minio import Minio
        except ImportError as problem:
            raise Refused("[recording.bucket] needs the library minio: uv sync --locked --extra s3") from problem
        self._bucket, self._prefix = settings.bucket, settings.prefix
        where = urlsplit(settings.url)
        self._client = Minio(
            where.netloc,
            settings.access_key,
            settings.secret_key,
            region=settings.region,
            secure=where.scheme == "https",
            # Whoever asks tries again by itself: the loop that moves, the person who listens.
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(settings.timeout_s), retries=urllib3.Retry(0), maxsize=4
            ),
        )

    def put(self, name: str, data: bytes) -> None:
        with _told(name):
            self._client.put_object(self._bucket, self._prefix + name, io.BytesIO(data), len(data))

    def get(self, name: str, first: int | None = None) -> bytes:
        with _told(name):
            answer = self._client.get_object(self._bucket, self._prefix + name, length=first or 0)
            try:
                found: bytes = answer.read(decode_content=False)
            finally:
                answer.close()
                answer.release_conn()
        return found if first is None else found[:first]

    def delete(self, name: str) -> None:
        with _told(name), contextlib.suppress(NotElsewhere):
            self._client.remove_object(self._bucket, self._prefix + name)

    def names(self, under: str = "") -> Iterator[tuple[str, dt.datetime]]:
        last = ""
        with _told("the list"):
            for one in self._client.list_objects(self._bucket, prefix=self._prefix + under, recursive=True):
                name, put_at = one.object_name or "", one.last_modified
                # In order, as the protocol has it: so that a list comes to an end whoever makes it.
                if name <= last or put_at is None:
                    raise StoreUnavailable("the storage of recordings lists without order")
                last = name
                yield name.removeprefix(self._prefix), put_at


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """What goes wrong with the storage under one of our two names."""
    from minio.error import MinioException, S3Error
    from urllib3.exceptions import HTTPError

    try:
        yield
    except S3Error as problem:
        if problem.code == "NoSuchKey":
            raise NotElsewhere(f"{name} is not in the bucket") from problem
        raise StoreUnavailable(f"the storage of recordings answers {problem.code}") from problem
    except (MinioException, HTTPError, OSError, ValueError) as problem:
        raise StoreUnavailable(f"the storage of recordings does not answer ({type(problem).__name__})") from problem
    except SyntaxError as problem:  # what it calls a list is no XML
        raise StoreUnavailable("the storage of recordings answers nonsense") from problem
