"""Callers for `gege bench voice`, in a process of their own: they speak, wait for the answer, speak again.

stdin: one JSON object (port, calls: [{uuids, talks}], wavs, seconds, plain); stdout: one JSON object."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import time
import uuid as uuids
from pathlib import Path
from typing import Any

from bot.lines.audiosocket import UUID, Frame
from bot.lines.client import AudioSocketCaller
from bot.lines.incoming import FRAME_S
from bot.speech.audio import read_audio

RATE = 8000
#: a caller breathes so long between Gege's answer and the next sentence (s)
_BREATH_S = (0.1, 0.6)
#: notice and greeting; measuring begins after them
_GREETING_S = 5.0


async def _call(port: int, call: dict[str, Any], sounds: list[bytes], until: float, draw: random.Random) -> int:
    """One caller, who calls again when Gege hangs up; → how many sentences were spoken."""
    await asyncio.sleep(draw.uniform(0, 1.5))
    spoken = 0
    for name in call["uuids"]:
        if time.monotonic() < until:
            spoken += await _one_call(port, name, call["talks"], sounds, until, draw)
    return spoken


async def _one_call(port: int, name: str, talks: bool, sounds: list[bytes], until: float, draw: random.Random) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    caller = AudioSocketCaller(reader, writer, RATE, 1.0, True)
    writer.write(Frame(UUID, uuids.UUID(name).bytes).encode())
    tasks = [asyncio.create_task(caller.send()), asyncio.create_task(caller.receive())]
    spoken = 0
    try:
        while time.monotonic() < until and not caller.gone.is_set():
            if not talks:
                await asyncio.sleep(0.2)
                continue
            await asyncio.wait_for(caller.my_turn(), 20.0)
            await asyncio.sleep(draw.uniform(*_BREATH_S))
            if time.monotonic() < until and not caller.gone.is_set():
                await caller.say(draw.choice(sounds))
                spoken += 1
        if spoken:
            await asyncio.wait_for(caller.my_turn(), 20.0)  # the last answer is heard as well
    except TimeoutError:
        pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return spoken


async def _plain(port: int, sounds: list[bytes], until: float, draw: random.Random) -> list[float]:
    """One connection to the plain loop: sound in real time with the same pauses, `end`, and the wait for the text."""
    await asyncio.sleep(draw.uniform(0, 1.5))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    waits = []
    step = int(RATE * 0.2) * 2

    async def send(pcm: bytes) -> None:
        at, sent = time.monotonic(), 0
        for start in range(0, len(pcm), step):
            part = pcm[start : start + step]
            writer.write(len(part).to_bytes(4, "big") + part)
            sent += len(part)
            await asyncio.sleep(max(0.0, at + sent / 2 / RATE - time.monotonic()))

    try:
        while time.monotonic() < until:
            # Gege's answer is silence on this line; a plain loop decodes it as well.
            await send(bytes(int(RATE * draw.uniform(1.8, 2.6)) * 2))
            await send(draw.choice(sounds) + bytes(int(RATE * 0.9) * 2))
            began = time.monotonic()
            writer.write((0).to_bytes(4, "big"))
            await asyncio.wait_for(reader.readline(), 60.0)
            waits.append(time.monotonic() - began)
    finally:
        writer.close()
    return waits


async def main() -> None:
    wanted = json.load(sys.stdin)
    sounds = [read_audio(Path(name), RATE).samples.astype("<i2").tobytes() for name in wanted["wavs"]]
    draw = random.Random(wanted.get("seed", 3))
    until = time.monotonic() + wanted["seconds"] + (0 if wanted.get("plain") else _GREETING_S)
    if wanted.get("plain"):
        found = await asyncio.gather(
            *(_plain(wanted["port"], sounds, until, random.Random(draw.random())) for _ in range(wanted["plain"])),
            return_exceptions=True,
        )
        waits = [wait for one in found if isinstance(one, list) for wait in one]
        print(json.dumps({"waits": waits, "failed": sum(not isinstance(one, list) for one in found)}))
        return
    spoken = await asyncio.gather(
        *(_call(wanted["port"], call, sounds, until, random.Random(draw.random())) for call in wanted["calls"]),
        return_exceptions=True,
    )
    counts = [one for one in spoken if isinstance(one, int)]
    print(json.dumps({"spoken": sum(counts), "failed": len(spoken) - len(counts), "frame_s": FRAME_S}))


if __name__ == "__main__":
    asyncio.run(main())
