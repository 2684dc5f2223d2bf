"""vosk-server's form: a websocket that answers every piece of sound with one line of JSON.

Facts: alphacep/vosk-server, websocket/asr_server.py. The end is compared as text there, so it has to be `{"eof" : 1}` with
these blanks. A phrase list makes such a server deaf to everything else; phrases are therefore listened for by a second
connection beside the free one, as the ear on this machine does it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from bot.speech.in_order import in_order
from bot.speech.phrases import PhraseList, in_words_of
from bot.speech.port import HeardSpeech
from bot.speech.recognise import combine, preferred
from bot.speech.remote.answer import object_of, text_of
from bot.speech.remote.failed import RemoteFailed, Way
from bot.speech.remote.session import RemoteSession, received

_END = '{"eof" : 1}'
_ALTERNATIVES = 5
_PHRASES = "phrases"

Readings = list[tuple[str, float]]


class VoskServerSession(RemoteSession):
    """Streamed at the rate of the line: such a server resamples by itself."""

    rate = None

    async def converse(self) -> HeardSpeech:
        """The free reading, with the phrase in its place where the sound is nothing but one of those."""
        phrases = _phrase_list(self.likely.phrases)
        if phrases is None:
            return await self._free(self.pieces())
        both: tuple[asyncio.Queue[bytes | None], ...] = (asyncio.Queue(), asyncio.Queue())
        async with asyncio.TaskGroup() as group:
            free = group.create_task(self._free(_out_of(both[0])))
            listed = group.create_task(self._listed(_out_of(both[1]), phrases))
            async for piece in self.pieces():
                for queue in both:
                    queue.put_nowait(piece)
            for queue in both:
                queue.put_nowait(None)
        phrase = listed.result()
        return preferred(free.result(), phrase, phrases) if phrases.holds(in_order(phrase)) else free.result()

    async def _free(self, pieces: AsyncIterator[bytes]) -> HeardSpeech:
        config = {"sample_rate": self._rate, "max_alternatives": _ALTERNATIVES}
        parts: list[Readings] = []
        async for found in self._answers(config, pieces):
            if "partial" in found:
                self.partial = self._so_far(parts) + in_order(text_of(found, "partial"))
            else:
                parts.append(readings(found))
                self.partial = self._so_far(parts)
        return combine(parts, _ALTERNATIVES, self.seconds)

    async def _listed(self, pieces: AsyncIterator[bytes], phrases: PhraseList) -> str:
        """What was heard by somebody who knows nothing but the phrases; "" when that connection failed: the other one hears."""
        config = {"sample_rate": self._rate, "phrase_list": json.loads(phrases.grammar), "max_alternatives": 0}
        heard = ""
        try:
            async for found in self._answers(config, pieces):
                if "partial" not in found:
                    heard += f" {readings(found)[0][0]}"
        except asyncio.CancelledError:
            raise
        except Exception:
            return ""
        return heard

    async def _answers(self, config: dict[str, Any], pieces: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any]]:
        """One answer for each piece, and one for the end."""
        async with self.link.websocket() as socket:
            await socket.send_str(json.dumps({"config": config}, ensure_ascii=False))
            sent, ended = 0, False

            async def send() -> None:
                nonlocal sent, ended
                async for piece in pieces:
                    sent += 1
                    await socket.send_bytes(piece)
                sent, ended = sent + 1, True
                await socket.send_str(_END)

            sending = asyncio.create_task(send())
            try:
                had = 0
                while not (ended and had == sent):
                    found = object_of(await received(socket))
                    had += 1
                    if had > sent:
                        raise RemoteFailed(Way.foreign)
                    yield found
                await sending
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    @staticmethod
    def _so_far(parts: list[Readings]) -> str:
        return "".join(in_order(part[0][0]) for part in parts if part)


def readings(found: dict[str, Any]) -> Readings:
    """An answer → (words, score), best first, at least one. Raises RemoteFailed."""
    if "alternatives" not in found:
        return [(text_of(found), 0.0)]
    rows = found["alternatives"]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise RemoteFailed(Way.form, "alternatives")
    scores = [row.get("confidence", 0.0) for row in rows]
    if not all(isinstance(score, int | float) for score in scores):
        raise RemoteFailed(Way.form, "confidence")
    return [(text_of(row), float(score)) for row, score in zip(rows, scores, strict=True)][:_ALTERNATIVES]


def _phrase_list(phrases: tuple[str, ...]) -> PhraseList | None:
    """Phrases in single characters: which longer words that model knows cannot be asked."""
    if not phrases:
        return None
    lists, _ = in_words_of({_PHRASES: phrases}, lambda word: len(word) == 1)
    return lists.get(_PHRASES)


async def _out_of(queue: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
    while (piece := await queue.get()) is not None:
        yield piece
