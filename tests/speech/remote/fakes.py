"""Recognisers elsewhere on loopback, each as its real protocol has it, right or at its worst."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
from aiohttp import WSMsgType, web

from bot.bench.loopback import served
from bot.settings import Settings, SpeechSettings
from bot.settings.settings import RemoteEarSettings

RATE = 8000
#: what is said by how loud it is: each utterance has its own loudness, so that nobody's words can be another's unnoticed
SAID = {300: "队", 1000: "我家停电了", 4000: "电线断了在地上", 9000: "沿河路二百零六号"}
FORMS = ("openai", "vosk", "funasr", "wyoming")


def sound(loudness: int, seconds: float = 2.0) -> bytes:
    return np.full(int(seconds * RATE), loudness, "<i2").tobytes()


def words_for(pcm: bytes) -> str:
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")
    loud = float(np.median(np.abs(samples))) if len(samples) else 0.0
    return next((text for level, text in SAID.items() if abs(level - loud) < level / 5), "")


@dataclass
class Fake:
    """How the server behaves, and what it was told."""

    form: str
    #: right, late, html, json, status, denied, error, redirect, gone, foreign, too_much, characters, size
    way: str = "right"
    #: a late answer waits for this
    release: asyncio.Event = field(default_factory=asyncio.Event)
    #: what each session was told at its beginning, and its sound
    told: list[dict[str, object]] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    #: somebody followed us to another place
    followed: bool = False

    def settings(self, **more: object) -> Settings:
        scheme = {"openai": "http", "vosk": "ws", "funasr": "ws", "wyoming": "wyoming"}[self.form]
        remote = {"kind": self.form, "url": f"{scheme}://127.0.0.1:{self.port}", "timeout_s": 2.0, **more}
        return Settings(speech=SpeechSettings(engine="remote", remote=RemoteEarSettings(**remote)))  # type: ignore[arg-type]

    def text(self, pcm: bytes) -> str:
        return {"too_much": "电" * 400, "characters": "停\x07电", "size": "电" * 70_000}.get(self.way) or words_for(pcm)

    async def wait(self) -> None:
        if self.way == "late":
            await self.release.wait()


@contextlib.asynccontextmanager
async def serving(form: str, way: str = "right") -> AsyncIterator[Fake]:
    fake = Fake(form, way)
    if form == "wyoming":
        server = await asyncio.start_server(lambda r, w: _wyoming(fake, r, w), "127.0.0.1", 0)
        fake.port = server.sockets[0].getsockname()[1]
        try:
            yield fake
        finally:
            fake.release.set()
            server.close()
        return
    app = web.Application()
    handler = {"openai": _openai, "vosk": _vosk, "funasr": _funasr}[form]

    async def answer(request: web.Request) -> web.StreamResponse:
        fake.headers.append(dict(request.headers))
        if request.path == "/elsewhere":
            fake.followed = True
        match fake.way:
            case "redirect":
                return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{fake.port}/elsewhere"})
            case "status":
                return web.Response(status=500, text="boom")
            case "denied":
                return web.Response(status=401, text="no")
            case "html" if form != "openai":
                return web.Response(text="<html>nginx</html>", content_type="text/html")
        try:
            return await handler(fake, request)
        except ConnectionResetError:
            return web.Response()  # whoever asked has gone

    app.router.add_route("*", "/{anything:.*}", answer)
    async with served(app) as fake.port:
        try:
            yield fake
        finally:
            fake.release.set()


async def _openai(fake: Fake, request: web.Request) -> web.StreamResponse:
    if request.path == "/v1/models":
        return web.json_response({"object": "list", "data": [{"id": "Qwen3-ASR-1.7B"}]})
    assert request.path == "/v1/audio/transcriptions"
    form = await request.post()
    file = form["file"]
    assert isinstance(file, web.FileField)
    wav = file.file.read()
    assert wav[:4] == b"RIFF" and int.from_bytes(wav[24:28], "little") == 16000
    fake.told.append({key: value for key, value in form.items() if isinstance(value, str)})
    fake.heard.append(wav[44:])
    await fake.wait()
    mine = request.headers["X-Request-Id"]
    match fake.way:
        case "html":
            return web.Response(text="<!DOCTYPE html><p>Bad gateway</p>", content_type="text/html")
        case "json":
            return web.json_response({"segments": [1, 2], "error": None})
        case "gone":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        case "foreign":
            return web.json_response({"text": "电线断了"}, headers={"X-Request-Id": "another"})
    return web.json_response({"text": fake.text(wav[44:])}, headers={"X-Request-Id": mine})


async def _vosk(fake: Fake, request: web.Request) -> web.StreamResponse:
    """alphacep/vosk-server: the end is compared as text, every other message is answered once."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    pcm, grammar = b"", None
    if fake.way == "foreign":
        await socket.send_str(json.dumps({"text": "电线断了"}, ensure_ascii=False))
    async for message in socket:
        if message.type is WSMsgType.TEXT and "config" in message.data:
            config = json.loads(message.data)["config"]
            fake.told.append(config)
            grammar = config.get("phrase_list")
            continue
        if message.type is WSMsgType.TEXT and message.data == '{"eof" : 1}':
            break
        assert message.type is WSMsgType.BINARY, "the real one breaks on any other text"
        pcm += message.data
        if fake.way == "gone" and len(pcm) > RATE:
            assert request.transport is not None
            request.transport.close()
            return socket
        answer = {"result": []} if fake.way == "json" else {"partial": words_for(pcm)[:2]}
        await socket.send_str(json.dumps(answer, ensure_ascii=False))
    fake.heard.append(pcm)
    await fake.wait()
    text = " ".join(fake.text(pcm))
    if grammar is not None:
        text = "对" if "对" in grammar and words_for(pcm) == "队" else "[unk]"
        await socket.send_str(json.dumps({"text": text}, ensure_ascii=False))
    else:
        rows = [{"confidence": 300.0, "text": text}, {"confidence": 299.0, "text": "我 家 的 店"}]
        await socket.send_str(json.dumps({"alternatives": rows}, ensure_ascii=False))
    await socket.close()
    return socket


async def _funasr(fake: Fake, request: web.Request) -> web.StreamResponse:
    """FunASR's server in C++: partial text, sentences by the second pass, and is_final with the last one alone."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    pcm, name, told = b"", "", 0
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            assert len(message.data) <= 1920, "60 ms at 16 kHz"
            pcm += message.data
            if fake.way == "gone" and len(pcm) > 2 * RATE:
                assert request.transport is not None
                request.transport.close()
                return socket
            if len(pcm) // 19_200 > told:
                told += 1
                sent = {
                    "mode": "2pass-online",
                    "text": words_for(pcm)[told - 1 : told],
                    "wav_name": name,
                    "is_final": False,
                }
                await socket.send_str(json.dumps(sent if fake.way != "json" else [1], ensure_ascii=False))
            continue
        if message.type is not WSMsgType.TEXT:
            break
        asked = json.loads(message.data)
        if asked["is_speaking"]:
            fake.told.append(asked)
            name = "another" if fake.way == "foreign" else asked["wav_name"]
            assert asked["mode"] == "2pass" and asked["audio_fs"] == 16000
            continue
        fake.heard.append(pcm)
        await fake.wait()
        if fake.way == "error":
            await socket.send_str(json.dumps({"wav_name": name, "is_end": True, "error": "offline inference failed"}))
            continue
        final = {"mode": "2pass-offline", "text": fake.text(pcm) + "。", "wav_name": name, "is_final": True}
        await socket.send_str(json.dumps(final, ensure_ascii=False))
    return socket


async def _wyoming(fake: Fake, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    def send(kind: str, data: dict[str, object]) -> None:
        body = json.dumps(data, ensure_ascii=False).encode()
        writer.write(json.dumps({"type": kind, "data_length": len(body)}).encode() + b"\n" + body)

    pcm = b""
    try:
        while line := await reader.readline():
            header = json.loads(line)
            data = json.loads(await reader.readexactly(header.get("data_length", 0)) or b"{}")
            payload = await reader.readexactly(header.get("payload_length", 0))
            match header["type"]:
                case "describe":
                    send(
                        "info",
                        {"asr": [{"name": "faster-whisper", "models": [{"name": "large-v3", "languages": ["zh"]}]}]},
                    )
                case "transcribe":
                    fake.told.append(data)
                    if fake.way == "foreign":
                        send("transcript", {"text": "电线断了"})
                    if fake.way == "html":
                        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>\r\n")
                case "audio-start":
                    assert data == {"rate": 16000, "width": 2, "channels": 1}
                case "audio-chunk":
                    pcm += payload
                    if fake.way == "gone" and len(pcm) > 2 * RATE:
                        return
                case "audio-stop":
                    fake.heard.append(pcm)
                    await fake.wait()
                    if fake.way == "error":
                        send("error", {"text": "no model"})
                    else:
                        send(
                            "transcript",
                            {"words": 3} if fake.way == "json" else {"text": fake.text(pcm), "language": "zh"},
                        )
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass
    finally:
        writer.close()
