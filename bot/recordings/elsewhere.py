"""Where sealed recordings lie when they have left this machine's disk: one S3-compatible bucket, trusted with nothing.

What is written there is sealed, bound to its name, and read back before the disk lets go of it. Nothing here is asked
while a call waits."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from typing import Any, Protocol

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

    def names(self) -> Iterator[tuple[str, dt.datetime]]:
        """(name, when it was put there) of everything."""


def elsewhere_of(settings: Settings) -> Elsewhere | None:
    """The site's storage elsewhere; None: recordings stay on this machine. Raises Refused for a half setting."""
    bucket = settings.recording.bucket
    return _bucket(bucket) if bucket.url else None


@functools.lru_cache(maxsize=4)
def _bucket(settings: BucketSettings) -> Bucket:
    """One client for as long as the settings are the same: it keeps its connections."""
    return Bucket(settings)


class Bucket:
    """A bucket by the S3 protocol (MinIO, Ceph, a cloud's own), through boto3: the extra `s3`."""

    def __init__(self, settings: BucketSettings) -> None:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as problem:
            raise Refused("[recording.bucket] needs boto3: uv sync --locked --extra s3") from problem
        self._bucket, self._prefix = settings.bucket, settings.prefix
        waits = {"connect_timeout": settings.timeout_s, "read_timeout": settings.timeout_s}
        self._client = boto3.client(
            "s3",
            endpoint_url=settings.url,
            region_name=settings.region,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key,
            config=Config(
                **waits,
                # Whoever asks tries again by itself: the loop that moves, the person who listens.
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
                # Older S3-compatible servers refuse the newer checksums; ours is the seal.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, name: str, data: bytes) -> None:
        self._ask("put_object", name, Body=data, ContentType="application/octet-stream")

    def get(self, name: str, first: int | None = None) -> bytes:
        part = {} if first is None else {"Range": f"bytes=0-{first - 1}"}
        found: bytes = self._ask("get_object", name, **part)
        return found if first is None else found[:first]

    def delete(self, name: str) -> None:
        self._ask("delete_object", name)

    def names(self) -> Iterator[tuple[str, dt.datetime]]:
        more: dict[str, Any] = {}
        while True:
            page = self._ask("list_objects_v2", None, Prefix=self._prefix, **more)
            for one in page.get("Contents", ()):
                yield str(one["Key"]).removeprefix(self._prefix), one["LastModified"]
            if not page.get("IsTruncated"):
                return
            token = page.get("NextContinuationToken")
            if not token or more.get("ContinuationToken") == token:
                raise StoreUnavailable("the storage of recordings lists without an end")
            more = {"ContinuationToken": token}

    def _ask(self, what: str, name: str | None, **arguments: Any) -> Any:
        """One request; a body is read to its end in here, where what goes wrong has one name."""
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        if name is not None:
            arguments["Key"] = self._prefix + name
        try:
            answer = getattr(self._client, what)(Bucket=self._bucket, **arguments)
            return answer["Body"].read() if what == "get_object" else answer
        except ClientError as problem:
            code = str(problem.response.get("Error", {}).get("Code", ""))
            if code in ("NoSuchKey", "404"):
                raise NotElsewhere(f"{name} is not in the bucket") from problem
            raise StoreUnavailable(
                f"the storage of recordings answers {code or 'nothing that can be read'}"
            ) from problem
        except (BotoCoreError, HTTPError, OSError, ValueError) as problem:
            raise StoreUnavailable(f"the storage of recordings does not answer ({type(problem).__name__})") from problem
