"""One POST to a messenger's server, with the network's ways of failing turned into Transient and Refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from bot.notify.provider import Refused, Transient

#: what a server that answers at all may take; the relay bounds the whole send
_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=5)


class TooLarge(Refused):
    """The file is larger than we take."""


class Wire:
    """A connection pool for one event loop, opened when first used."""

    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None

    async def post(
        self, url: str, *, json: Any = None, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The server's JSON answer ({} when it is none). Raises Transient (network, 429, 5xx) or Refused (4xx)."""
        return await self._ask("POST", url, json=json, data=data, headers=headers)

    async def get(self, url: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Like `post`, asking only."""
        return await self._ask("GET", url, params=params)

    async def file(self, url: str, params: Mapping[str, str], most: int = 20_000_000) -> bytes:
        """A file of at most `most` bytes. Raises Transient, Refused or TooLarge."""
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=_TIMEOUT)
        try:
            async with self._http.get(url, params=params, allow_redirects=False) as response:
                if response.status >= 500 or response.status == 429:
                    raise Transient(f"the server answers {response.status}")
                if response.status != 200 or "json" in response.content_type:
                    raise Refused("the server has no such file")
                data = bytearray()
                # Not read(most): that gives what has arrived so far, and a file comes in many segments.
                async for piece in response.content.iter_chunked(1 << 16):
                    data += piece
                    if len(data) > most:
                        raise TooLarge("the file is too large")
        except (TimeoutError, aiohttp.ClientError, OSError) as problem:
            raise Transient(f"the network: {type(problem).__name__}") from problem
        return bytes(data)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def _ask(self, method: str, url: str, **what: Any) -> dict[str, Any]:
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=_TIMEOUT)
        try:
            async with self._http.request(method, url, allow_redirects=False, **what) as response:
                if response.status == 429:
                    raise Transient("429 too many requests", _seconds(response.headers.get("Retry-After")))
                if response.status >= 500:
                    raise Transient(f"the server answers {response.status}")
                if response.status >= 300:
                    raise Refused(f"the server answers {response.status}")
                try:
                    answer = await response.json(content_type=None)
                except ValueError:
                    answer = None
                return answer if isinstance(answer, dict) else {}
        except (TimeoutError, aiohttp.ClientError, OSError) as problem:
            # The address may hold a key: the class of the problem says enough.
            raise Transient(f"the network: {type(problem).__name__}") from problem


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is left to our own waiting."""
    try:
        return float(header) if header else None
    except ValueError:
        return None
