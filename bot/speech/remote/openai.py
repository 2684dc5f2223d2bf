"""OpenAI's form: the whole utterance in one POST to …/v1/audio/transcriptions (vLLM, FunASR's server, whisper.cpp, speaches)."""

from __future__ import annotations

import io
import uuid
import wave

import aiohttp

from bot.speech.port import HeardSpeech
from bot.speech.remote.answer import LARGEST, hint, object_of, text_of
from bot.speech.remote.failed import RemoteFailed, Way, of_status
from bot.speech.remote.session import RATE, Link, RemoteSession

_PATH = "/v1/audio/transcriptions"
_ID = "X-Request-Id"


class OpenAiSession(RemoteSession):
    """Kept until it is over, then sent."""

    async def converse(self) -> HeardSpeech:
        """One request, one answer."""
        sound = b"".join([piece async for piece in self.pieces()])
        if not any(sound):
            return HeardSpeech("")  # some models make words of nothing
        mine = uuid.uuid4().hex
        async with (
            self.link.http() as client,
            client.post(
                transcriptions(self.link),
                data=self._form(sound),
                headers={**self.link.headers, _ID: mine},
                allow_redirects=False,
            ) as answer,
        ):
            if answer.headers.get(_ID, mine) != mine:
                raise RemoteFailed(Way.foreign)
            return HeardSpeech(text_of(await read(answer)))

    def _form(self, sound: bytes) -> aiohttp.FormData:
        form = aiohttp.FormData()
        form.add_field("file", _wav(sound), filename="turn.wav", content_type="audio/wav")
        form.add_field("language", "zh")
        form.add_field("response_format", "json")
        if self.link.settings.model:
            form.add_field("model", self.link.settings.model)
        if context := hint(self.likely):
            form.add_field("prompt", context)
        return form


async def read(answer: aiohttp.ClientResponse) -> dict[str, object]:
    """The JSON object of a response. Raises RemoteFailed."""
    if answer.status != 200:
        raise RemoteFailed(*of_status(answer.status))
    if "html" in answer.content_type:
        raise RemoteFailed(Way.html)
    body = bytearray()
    async for chunk in answer.content.iter_chunked(8192):
        body += chunk
        if len(body) > LARGEST:
            raise RemoteFailed(Way.size)
    return object_of(bytes(body))


async def models(link: Link) -> list[str]:
    """Names of the models that the server says it has; empty where it does not say. Raises RemoteFailed, OSError, …"""
    base = transcriptions(link).removesuffix("/audio/transcriptions")
    async with (
        link.http() as client,
        client.get(f"{base}/models", headers=link.headers, allow_redirects=False) as answer,
    ):
        listed = (await read(answer)).get("data")
    rows = listed if isinstance(listed, list) else []
    return [str(row["id"])[:80] for row in rows[:20] if isinstance(row, dict) and isinstance(row.get("id"), str)]


def transcriptions(link: Link) -> str:
    """The address to post to: what the site wrote, or the usual path below a bare host or …/v1."""
    url = link.address.url.rstrip("/")
    path = link.address.path.rstrip("/")
    if path in ("", "/v1"):
        return url.removesuffix("/v1") + _PATH
    return url


def _wav(sound: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound)
    return out.getvalue()
