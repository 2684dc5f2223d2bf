"""The wire forms against what their makers ship: Wyoming's own library, and Vosk itself behind vosk-server's protocol."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
import vosk
from aiohttp import WSMsgType, web
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import async_read_event, async_write_event
from wyoming.info import AsrModel, AsrProgram, Attribution, Describe, Info

from bot.bench.loopback import served
from bot.settings import Settings, SpeechSettings
from bot.settings.settings import RemoteEarSettings
from bot.speech.models import DEMO
from bot.speech.port import Likely
from bot.speech.remote.recogniser import RemoteRecogniser
from tests.speech.remote.fakes import RATE, SAID, sound, words_for
from tools.demo_model.speaker import speak_demo


def ear(kind: str, url: str) -> RemoteRecogniser:
    remote = RemoteEarSettings(kind=kind, url=url, timeout_s=30.0)  # type: ignore[arg-type]
    return RemoteRecogniser(Settings(speech=SpeechSettings(engine="remote", remote=remote)))


async def test_wyomings_own_library_understands_what_is_sent_and_is_understood() -> None:
    seen: list[object] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pcm = b""
        while (event := await async_read_event(reader)) is not None:
            if Describe.is_type(event.type):
                maker = Attribution("x", "https://x")
                model = AsrModel("large-v3", maker, True, None, None, ["zh"])
                info = Info(asr=[AsrProgram("whisper", maker, True, None, None, [model])])
                await async_write_event(info.event(), writer)
            elif Transcribe.is_type(event.type):
                seen.append(Transcribe.from_event(event).language)
            elif AudioStart.is_type(event.type):
                started = AudioStart.from_event(event)
                seen.append((started.rate, started.width, started.channels))
            elif AudioChunk.is_type(event.type):
                pcm += AudioChunk.from_event(event).audio
            elif AudioStop.is_type(event.type):
                await async_write_event(Transcript(words_for(pcm), language="zh").event(), writer)
        writer.close()

    gone = asyncio.Event()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve(reader, writer)
        gone.set()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    async with server:
        one = ear("wyoming", f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        session = one.begin(RATE)
        await session.feed(sound(4000))
        assert (await session.finish()).text == SAID[4000]
        assert seen == ["zh", (16000, 2, 1)] and await one.models() == ["large-v3"]
        await asyncio.wait_for(gone.wait(), 5.0)
        await asyncio.sleep(0)


@pytest.mark.slow
async def test_vosk_itself_hears_through_its_servers_protocol() -> None:
    vosk.SetLogLevel(-1)
    model = vosk.Model(str(DEMO))

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        recogniser, told = None, {}
        async for message in socket:
            if message.type is WSMsgType.TEXT and "config" in message.data:
                told = json.loads(message.data)["config"]
                continue
            if recogniser is None:
                grammar = [json.dumps(told["phrase_list"], ensure_ascii=False)] if "phrase_list" in told else []
                recogniser = vosk.KaldiRecognizer(model, float(told["sample_rate"]), *grammar)
                recogniser.SetMaxAlternatives(int(told["max_alternatives"]))
            if message.data == '{"eof" : 1}':
                await socket.send_str(recogniser.FinalResult())
                break
            whole = recogniser.AcceptWaveform(message.data)
            await socket.send_str(recogniser.Result() if whole else recogniser.PartialResult())
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    async with served(app) as port:
        one = ear("vosk", f"ws://127.0.0.1:{port}")
        for likely in (Likely(), Likely("confirmed", ("对", "不对"))):
            session = one.begin(RATE, likely)
            pcm = np.asarray(speak_demo("我家停电了"), "<i2").tobytes()
            partials = []
            for at in range(0, len(pcm), 1600):
                partials.append(await session.feed(pcm[at : at + 1600]))
                await asyncio.sleep(0.01)
            heard = await session.finish()
            assert heard.text == "我家停电了" and heard.alternatives, "and other readings"
            assert any(partials)
