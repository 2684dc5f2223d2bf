"""A voice elsewhere, on a real socket: right, and late, wrong or gone, when espeak-ng says the same sentence."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from bot.bench.loopback import served
from bot.settings import Settings, SettingsError
from bot.settings.settings import RemoteVoiceSettings, SpeechSettings
from bot.speech.audio import wav_bytes
from bot.speech.engine import Sentence, VoiceFailed
from bot.speech.espeak import EspeakProcess
from bot.speech.remote.voices import RemoteVoice
from bot.speech.remote.wyoming import event, next_event
from bot.speech.speak import GegeVoice
from bot.speech.voice_of import make_engine
from tests.speech.test_level import tone

SENTENCE = Sentence.of("沿河路206号停电了。")
RATE = 24000
SOUND = tone(2.0, 0.4, 500, RATE)
WAYS = ("late", "html", "html as wav", "json", "status", "denied", "redirect", "gone", "cut", "huge", "empty", "silent")
WAYS_OF_EVENTS = tuple(way for way in WAYS if way not in ("html as wav", "denied", "redirect"))


@dataclass
class Fake:
    """How the server behaves, and what it was asked."""

    way: str = "right"
    asked: list[dict[str, object]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    followed: bool = False

    def voice(self, rate: int = 150, **more: str) -> RemoteVoice:
        return RemoteVoice(self.url, RemoteVoiceSettings(**more), rate)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def openai(way: str = "right") -> AsyncIterator[Fake]:
    fake = Fake(way)

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path != "/v1/audio/speech":
            fake.followed = True
            return web.Response(body=wav_bytes(SOUND, RATE), content_type="audio/wav")
        fake.asked.append(await request.json())
        fake.headers.append(dict(request.headers))
        sound, kind = wav_bytes(SOUND, RATE), "audio/wav"
        match fake.way:
            case "late":
                await fake.release.wait()
            case "html":
                return web.Response(text="<!DOCTYPE html><p>Bad gateway</p>", content_type="text/html")
            case "html as wav":
                return web.Response(body=b" <html>nginx</html>", content_type="audio/wav")
            case "json":
                return web.json_response({"error": {"message": "no such voice"}})
            case "status":
                return web.Response(status=500, text="boom")
            case "denied":
                return web.Response(status=401, text="no")
            case "redirect":
                return web.Response(status=307, headers={"Location": "/elsewhere"})
            case "gone":
                assert request.transport is not None
                request.transport.close()
            case "cut":
                response = web.StreamResponse(headers={"Content-Length": str(len(sound)), "Content-Type": kind})
                await response.prepare(request)
                await response.write(sound[:1000])
                assert request.transport is not None
                request.transport.close()
                return response
            case "huge":
                sound = b"RIFF" + bytes(7_000_000)
            case "empty":
                sound = b""
            case "silent":
                sound = wav_bytes(np.zeros(2 * RATE, np.int16), RATE)
            case "pcm":
                sound, kind = SOUND.astype("<i2").tobytes(), "audio/pcm"
            case "streamed":  # whoever streams a WAV does not know its length
                sound = (
                    sound[:4] + struct.pack("<I", 0xFFFFFFFF) + sound[8:40] + struct.pack("<I", 0xFFFFFFFF) + sound[44:]
                )
        return web.Response(body=sound, content_type=kind)

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", answer)
    async with served(app) as port:
        fake.url = f"http://127.0.0.1:{port}/v1/audio/speech"
        try:
            yield fake
        finally:
            fake.release.set()


@contextlib.asynccontextmanager
async def wyoming(way: str = "right") -> AsyncIterator[Fake]:
    fake = Fake(way)
    shape = {"rate": RATE, "width": 2, "channels": 1}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kind, asked = await next_event(reader)
        assert kind == "synthesize"
        fake.asked.append(asked)
        pcm = SOUND.astype("<i2").tobytes()
        match fake.way:
            case "late":
                await fake.release.wait()
            case "html":
                writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n<html></html>")
            case "json":
                writer.write(event("audio-start", {"rate": "fast"}))
            case "status":
                writer.write(event("error", {"text": "boom", "code": "x"}))
            case "gone":
                pass
            case "cut":
                writer.write(event("audio-start", shape) + event("audio-chunk", shape, pcm[:2000])[:-500])
            case "huge":
                writer.write(event("audio-start", shape))
                with contextlib.suppress(ConnectionError):
                    for _ in range(200):
                        writer.write(event("audio-chunk", shape, bytes(60_000)))
                        await writer.drain()
            case "empty":
                writer.write(event("audio-start", shape) + event("audio-stop", {}))
            case "silent" | "right":
                sound = bytes(len(pcm)) if fake.way == "silent" else pcm
                writer.write(event("audio-start", shape))
                for at in range(0, len(sound), 2048):
                    writer.write(event("audio-chunk", shape, sound[at : at + 2048]))
                writer.write(event("audio-stop", {}))
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    fake.url = f"wyoming://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        fake.release.set()
        server.close()


@pytest.mark.parametrize("way", ["right", "pcm", "streamed"])
async def test_openais_form_is_asked_in_words_and_heard(way: str) -> None:
    async with openai(way) as fake:
        sound = await fake.voice(120, token="secret", model="kokoro", speaker="zf_xiaoxiao").speak(SENTENCE)
        assert sound.rate == RATE and sound.seconds == pytest.approx(2.0, abs=0.01)
        assert fake.asked == [
            {"model": "kokoro", "input": "沿河路二百零六号停电了。", "response_format": "wav", "speed": 0.8,
             "voice": "zf_xiaoxiao"}
        ]  # fmt: skip
        assert fake.headers[0]["Authorization"] == "Bearer secret"


async def test_wyomings_form_is_asked_in_words_and_made_slower_by_us() -> None:
    async with wyoming() as fake:
        sound = await fake.voice(120, speaker="huayan").speak(SENTENCE)
        assert sound.rate == RATE and sound.seconds == pytest.approx(2.5, abs=0.05)
        assert fake.asked == [{"text": "沿河路二百零六号停电了。", "voice": {"language": "zh", "name": "huayan"}}]


@pytest.mark.parametrize(("form", "way"), [(openai, way) for way in WAYS] + [(wyoming, way) for way in WAYS_OF_EVENTS])
async def test_late_wrong_or_gone_espeak_says_the_sentence_and_it_is_not_asked_again(
    form, way: str, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    async with form(way) as fake:
        voice = GegeVoice(
            tmp_path, engine=fake.voice(), understudy=EspeakProcess(), patience_s=0.2 if way == "late" else 5.0
        )
        await voice.start()
        for _ in range(2):
            assert len(await voice.say("停电了。")) > 8000
        await voice.close()
        assert len(fake.asked) == 1 and not fake.followed


async def test_what_goes_wrong_is_told_without_the_other_sides_words() -> None:
    async with openai("json") as fake:
        with pytest.raises(VoiceFailed) as raised:
            await fake.voice().speak(SENTENCE)
        assert "no such voice" not in str(raised.value) and "form" in str(raised.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://8.8.8.8/v1/audio/speech", "https://"),
        ("wyoming://8.8.8.8:10200", "a tunnel"),
        ("https://user:secret@tts.example.com", "token"),
        ("ftp://127.0.0.1/", "is none; write"),
        ("http:///v1", "begins with"),
    ],
)
def test_words_of_residents_go_near_or_encrypted_or_nowhere(url: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as raised:
        make_engine(Settings(speech=SpeechSettings(voice=url)))
    assert "secret" not in str(raised.value)
    assert make_engine(Settings(speech=SpeechSettings(voice="https://tts.example.com"))).quick is False
