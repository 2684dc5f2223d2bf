"""One utterance on its way to an ear elsewhere: sound is never waited for, and every failure is one of the known ways."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import aiohttp
import numpy as np
import soxr

from bot.settings.settings import RemoteEarSettings
from bot.speech.in_order import heard_in_order
from bot.speech.port import HeardSpeech, Likely
from bot.speech.remote.address import Address, CheckedResolver
from bot.speech.remote.answer import LARGEST, believed
from bot.speech.remote.failed import RemoteFailed, Way, told_apart

log = logging.getLogger(__name__)

#: what the models behind these servers were made for; some servers take nothing else
RATE = 16000
#: one piece of sound on the wire (s)
_PIECE_S = 0.06
#: longer sound than this is no turn (s)
_LONGEST_S = 180.0
#: whoever feeds no sound for so long (s) has gone away without a word
_FORGOTTEN_S = 300.0
_CONNECT_S = 3.0


@dataclass(frozen=True)
class Link:
    """What sessions of one ear share: where it is and what it is told."""

    settings: RemoteEarSettings
    address: Address
    #: name of the ear in records
    ear: str

    @property
    def headers(self) -> dict[str, str]:
        """With the token, where there is one."""
        return {"Authorization": f"Bearer {self.settings.token}"} if self.settings.token else {}

    def http(self) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientSession]:
        """A client for one utterance."""
        return client_of(self.address)

    @contextlib.asynccontextmanager
    async def websocket(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A websocket to the address, for one utterance."""
        async with self.http() as client:
            socket = await client.ws_connect(
                self.address.url,
                headers=self.headers,
                max_msg_size=LARGEST,
                autoping=True,
                timeout=aiohttp.ClientWSTimeout(ws_close=0.1),
            )
            try:
                yield socket
            finally:
                await socket.close()


@contextlib.asynccontextmanager
async def client_of(address: Address) -> AsyncIterator[aiohttp.ClientSession]:
    """A client for one utterance and one connection, so that no answer can be taken for another turn's. It follows nobody
    to other places, and asks no proxy."""
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_follow_nobody)
    connector = aiohttp.TCPConnector(resolver=CheckedResolver(address.encrypted), force_close=True)
    timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT_S)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, trace_configs=[trace], cookie_jar=aiohttp.DummyCookieJar()
    ) as client:
        yield client


async def _follow_nobody(*_: object) -> None:
    raise RemoteFailed(Way.redirect)


async def received(socket: aiohttp.ClientWebSocketResponse) -> str:
    """The next text that a server sends. Raises RemoteFailed when it closes, or sends something else."""
    message = await socket.receive()
    match message.type:
        case aiohttp.WSMsgType.TEXT:
            return str(message.data)
        case aiohttp.WSMsgType.BINARY:
            raise RemoteFailed(Way.form, "binary")
        case aiohttp.WSMsgType.ERROR:
            too_big = getattr(message.data, "code", None) == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
            raise RemoteFailed(Way.size if too_big else Way.gone)
        case _:
            raise RemoteFailed(Way.gone)


class RemoteSession(ABC):
    """One utterance. A form says in `converse` how it goes over the wire; all else is the same for every form."""

    #: the rate on the wire; None: that of the sound
    rate: int | None = RATE

    def __init__(self, link: Link, sample_rate: int, likely: Likely) -> None:
        self.link, self.likely = link, likely
        self._given = sample_rate
        self._rate = self.rate or sample_rate
        self._resampler = (
            None if self._rate == sample_rate else soxr.ResampleStream(sample_rate, self._rate, 1, dtype="int16")
        )
        self._odd = b""
        self._sound: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._samples = 0
        self._task: asyncio.Task[HeardSpeech] | None = None
        #: what has been understood so far, where the form tells it
        self.partial = ""

    @property
    def seconds(self) -> float:
        """Length of what was fed."""
        return self._samples / self._given

    async def feed(self, pcm: bytes) -> str:
        """Hand sound over; it leaves in the background."""
        pcm = self._odd + pcm
        whole = len(pcm) // 2 * 2
        pcm, self._odd = pcm[:whole], pcm[whole:]
        self._samples += whole // 2
        if self.seconds <= _LONGEST_S:
            self._sound.put_nowait(self._at_rate(pcm))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="an utterance elsewhere")
            self._task.add_done_callback(_looked_at)
        return self.partial

    async def finish(self) -> HeardSpeech:
        """What it heard, within its `timeout_s`. Raises RemoteFailed."""
        if self._task is None:
            await self.feed(b"")
        self._sound.put_nowait(self._at_rate(b"", last=True))
        self._sound.put_nowait(None)
        assert self._task is not None
        try:
            async with asyncio.timeout(self.link.settings.timeout_s):
                return await self._task
        except TimeoutError:
            raise RemoteFailed(Way.late) from None
        finally:
            self._task.cancel()

    def give_up(self) -> None:
        """Nobody waits for it any more."""
        if self._task is not None:
            self._task.cancel()

    @abstractmethod
    async def converse(self) -> HeardSpeech:
        """Send `pieces()` and return what came back, unchecked. May raise anything that `told_apart` knows."""

    async def pieces(self) -> AsyncIterator[bytes]:
        """The sound as it comes, in pieces of 60 ms at the wire's rate; ends with the utterance."""
        waiting, size, over = b"", int(self._rate * _PIECE_S) * 2, False
        while not over:
            try:
                async with asyncio.timeout(_FORGOTTEN_S):
                    sound = await self._sound.get()
            except TimeoutError:
                raise RemoteFailed(Way.gone, "nobody speaks on") from None
            over = sound is None
            waiting += sound or b""
            while len(waiting) >= size or over and waiting:
                yield waiting[:size]
                waiting = waiting[size:]

    async def _run(self) -> HeardSpeech:
        try:
            found = await self.converse()
            if self.seconds > _LONGEST_S:
                raise RemoteFailed(Way.size, "sound")
            texts = [believed(one, self.seconds, self.likely) for one in (found.text, *found.alternatives)]
        except asyncio.CancelledError:
            raise
        except Exception as problem:
            raise told_apart(problem) from None
        others = tuple(one for one in dict.fromkeys(texts) if one and one != texts[0])
        found = replace(found, text=texts[0], alternatives=others, seconds=self.seconds, ear=self.link.ear)
        return heard_in_order(found)

    def _at_rate(self, pcm: bytes, last: bool = False) -> bytes:
        if self._resampler is None:
            return pcm
        samples = np.frombuffer(pcm, "<i2")
        return np.asarray(self._resampler.resample_chunk(samples, last=last), "<i2").tobytes()


def _looked_at(task: asyncio.Task[HeardSpeech]) -> None:
    """A failure that nobody waits for is no surprise to the loop."""
    if not task.cancelled():
        task.exception()
