"""FunASR's websocket: text while she speaks, and a second pass over each sentence ("2pass").

Facts: modelscope/FunASR, runtime/docs/websocket_protocol.md, and both servers (websocket-server-2pass.cpp,
funasr_wss_server.py). They differ in how they say that nothing more comes: the first by `is_final`, the second by `is_end`
where that was asked for, an older one not at all."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import aiohttp

from bot.speech.in_order import in_order
from bot.speech.port import HeardSpeech
from bot.speech.remote.answer import object_of, text_of
from bot.speech.remote.failed import RemoteFailed, Way
from bot.speech.remote.session import RATE, RemoteSession, received

#: 600 ms at once, with 300 ms of what comes before and after; ten pieces of 60 ms make one
_CHUNKS = {"chunk_size": [5, 10, 5], "chunk_interval": 10}
#: how much a likely word is preferred, in the server's own measure, and how many are sent
_WEIGHT, _MOST = 20, 100
#: a server that never says which sentence was the last has none left when nothing came for so long (s)
_QUIET_S = 0.5


class FunAsrSession(RemoteSession):
    """Streamed at 16 kHz: one of the servers takes every sound for that, whatever it was told."""

    async def converse(self) -> HeardSpeech:
        """Sentences as the second pass has them, joined."""
        self._mine = uuid.uuid4().hex
        self._sentences: list[str] = []
        self._ended = False
        async with self.link.websocket() as socket:
            await socket.send_str(json.dumps(self._opening(), ensure_ascii=False))
            sending = asyncio.create_task(self._send(socket))
            try:
                await self._hear(socket, sending)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        return HeardSpeech("".join(self._sentences))

    def _opening(self) -> dict[str, Any]:
        words = list(dict.fromkeys((*self.likely.phrases, *self.likely.names)))[:_MOST]
        return {
            "mode": "2pass",
            "wav_name": self._mine,
            "wav_format": "pcm",
            "audio_fs": RATE,
            **_CHUNKS,
            "is_speaking": True,
            "hotwords": json.dumps(dict.fromkeys(words, _WEIGHT), ensure_ascii=False) if words else "",
            # Numbers are read by Gege herself, in the words in which they were said.
            "itn": False,
        }

    async def _send(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for piece in self.pieces():
            await socket.send_bytes(piece)
        self._ended = True
        await socket.send_str(json.dumps({"is_speaking": False, "is_end": True}))

    async def _hear(self, socket: aiohttp.ClientWebSocketResponse, sending: asyncio.Task[None]) -> None:
        streamed, may_be_over = "", False
        while True:
            try:
                async with asyncio.timeout(_QUIET_S if may_be_over else None):
                    found = object_of(await received(socket))
            except TimeoutError:
                return
            if found.get("wav_name", self._mine) != self._mine:
                raise RemoteFailed(Way.foreign)
            if found.get("error"):
                raise RemoteFailed(Way.error)
            text = text_of({"text": "", **found})
            if found.get("mode") == "2pass-online":
                streamed += in_order(text)
            else:
                self._sentences.append(text)
                streamed = ""
            self.partial = "".join(self._sentences) + streamed
            if self._ended and found.get("is_end") is True:
                return
            second_pass = found.get("mode") != "2pass-online"
            if self._ended and second_pass:
                if found.get("is_final") is True and "spk_name" not in found:
                    return  # the server in C++ says so of its last one alone
                may_be_over = True
