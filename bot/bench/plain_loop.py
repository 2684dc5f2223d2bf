"""What `gege bench voice` compares with: one recogniser a connection, a thread pool, every second of sound decoded.

This is how a plain Vosk server works; it knows no turns: the client says when a sentence is over."""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor

import vosk

from bot.settings import Settings
from bot.speech.models import in_use

_RATE = 8000


class PlainLoop:
    """Length (4 bytes, big-endian) and sound; a length of 0 asks for the text, which comes as one line of JSON."""

    def __init__(self, settings: Settings) -> None:
        import numpy as np
        import soxr

        self._np, self._soxr = np, soxr
        vosk.SetLogLevel(-1)
        self._speech = in_use(settings)
        self._model = vosk.Model(model_path=str(self._speech.path))
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1)
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        kaldi = vosk.KaldiRecognizer(self._model, self._speech.rate)
        kaldi.SetMaxAlternatives(5)
        up = self._soxr.ResampleStream(_RATE, self._speech.rate, 1, dtype="int16")

        def accept(pcm: bytes) -> None:
            samples = self._np.frombuffer(pcm, "<i2")
            if self._speech.rate != _RATE:
                samples = self._np.asarray(up.resample_chunk(samples), "<i2")
            if kaldi.AcceptWaveform(samples.tobytes()):
                kaldi.Result()

        try:
            while True:
                length = int.from_bytes(await reader.readexactly(4), "big")
                if length:
                    await loop.run_in_executor(self._pool, accept, await reader.readexactly(length))
                else:
                    text = await loop.run_in_executor(self._pool, kaldi.FinalResult)
                    writer.write(json.dumps(json.loads(text), ensure_ascii=False).encode() + b"\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
