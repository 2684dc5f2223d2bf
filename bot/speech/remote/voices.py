"""Voices elsewhere: OpenAI's form (…/v1/audio/speech) and Wyoming's. Text goes out, a whole sentence of sound comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import numpy as np

from bot.settings.settings import RemoteVoiceSettings
from bot.speech.audio import AudioRefused, Sound, read_sent
from bot.speech.engine import USUAL_RATE, Sentence, VoiceFailed
from bot.speech.level import stretched
from bot.speech.reading import spoken
from bot.speech.remote.address import Address, Asked, address_at
from bot.speech.remote.failed import RemoteFailed, Way, of_status, told_apart
from bot.speech.remote.session import client_of
from bot.speech.remote.wyoming import connected, event, event_with_sound

#: what an address begins with, and whether that is encrypted
SCHEMES = {"http": False, "https": True, "wyoming": False, "tcp": False}
_EXAMPLE = "http://127.0.0.1:8880/v1/audio/speech"
_PATH = "/v1/audio/speech"
#: of one sentence (bytes): a minute at 48 kHz
_LARGEST = 6_000_000
_LONGEST_S = 60.0
#: OpenAI's own limits
_SLOWEST, _FASTEST = 0.25, 4.0
#: sound without a header, as OpenAI's form has it (Hz)
_BARE_RATE = 24000


@dataclass(frozen=True)
class _Way:
    """What a sentence needs on its way."""

    address: Address
    settings: RemoteVoiceSettings
    #: 1 = as the server speaks
    speed: float


#: text → sound; may raise anything that `told_apart` knows, and AudioRefused
_Form = Callable[[_Way, str], Awaitable[Sound]]


class RemoteVoice:
    """An Engine. Takes the text, with numbers in words. Each sentence has a connection of its own."""

    quick = False

    def __init__(self, url: str, settings: RemoteVoiceSettings, words_per_minute: int) -> None:
        """Blocks while the address's name is looked up. Raises SettingsError."""
        address = address_at(url, SCHEMES, Asked("[speech] voice", "voice", "a voice elsewhere", _EXAMPLE))
        self._form: _Form = _wyoming if address.scheme in ("wyoming", "tcp") else _openai
        self._way = _Way(address, settings, words_per_minute / USUAL_RATE)
        self.name = f"{address.url} {settings.model} {settings.speaker} {self._way.speed:.3f}"

    async def start(self) -> None:
        """Nothing is held: it is there when it is asked."""

    async def close(self) -> None:
        """Nothing is held."""

    async def speak(self, sentence: Sentence) -> Sound:
        """At the server's rate. Raises VoiceFailed, in none of the other side's words."""
        try:
            async with asyncio.timeout(_LONGEST_S):
                return await self._form(self._way, spoken(sentence.text))
        except AudioRefused:
            problem = RemoteFailed(Way.form, "no sound")
        except Exception as raised:
            problem = told_apart(raised)
        detail = f" ({problem.detail})" if problem.detail else ""
        raise VoiceFailed(f"the voice at {self._way.address.place} failed: {problem.way}{detail}; see [speech] voice")


async def _openai(way: _Way, text: str) -> Sound:
    """One POST (OpenAI, Kokoro-FastAPI, speaches, vLLM)."""
    url = way.address.url
    if way.address.path.rstrip("/") in ("", "/v1"):
        url = url.rstrip("/").removesuffix("/v1") + _PATH
    wish: dict[str, object] = {
        "model": way.settings.model or "tts-1",
        "input": text,
        "response_format": "wav",
        "speed": round(min(max(way.speed, _SLOWEST), _FASTEST), 3),
    }
    if way.settings.speaker:
        wish["voice"] = way.settings.speaker
    headers = {"Authorization": f"Bearer {way.settings.token}"} if way.settings.token else {}
    async with (
        client_of(way.address) as client,
        client.post(url, json=wish, headers=headers, allow_redirects=False) as answer,
    ):
        if answer.status != 200:
            raise RemoteFailed(*of_status(answer.status))
        kind, body = answer.content_type, await _read(answer)
    if "html" in kind or body.lstrip()[:1] == b"<":
        raise RemoteFailed(Way.html)
    if kind in ("audio/pcm", "audio/l16"):
        return Sound(np.frombuffer(body[: len(body) // 2 * 2], "<i2").astype(np.int16), _BARE_RATE)
    return await asyncio.to_thread(read_sent, body, longest_s=_LONGEST_S)


async def _wyoming(way: _Way, text: str) -> Sound:
    """One exchange of events. The form knows no rate of speech, so the sound itself is made slower."""
    voice = {"language": "zh", **({"name": way.settings.speaker} if way.settings.speaker else {})}
    sound, rate = bytearray(), 0
    async with connected(way.address) as (reader, writer):
        writer.write(event("synthesize", {"text": text, "voice": voice}))
        await writer.drain()
        while True:
            kind, data, payload = await event_with_sound(reader)
            if kind == "error":
                raise RemoteFailed(Way.error)
            if kind == "audio-start":
                rate = _rate_of(data)
            if kind == "audio-chunk":
                sound += payload
            if len(sound) > _LARGEST:
                raise RemoteFailed(Way.size)
            if kind == "audio-stop":
                break
    if not rate:
        raise RemoteFailed(Way.form, "no audio-start")
    samples = np.frombuffer(sound[: len(sound) // 2 * 2], "<i2").astype(np.int16)
    return Sound(await asyncio.to_thread(stretched, samples, rate, way.speed), rate)


def _rate_of(data: dict[str, Any]) -> int:
    rate = data.get("rate")
    if (data.get("width"), data.get("channels")) != (2, 1) or not isinstance(rate, int) or not 8000 <= rate <= 48000:
        raise RemoteFailed(Way.form, "format")
    return rate


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_chunked(65536):
        body += chunk
        if len(body) > _LARGEST:
            raise RemoteFailed(Way.size)
    return bytes(body)
