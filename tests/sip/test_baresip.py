"""baresip, another vendor's telephone: it calls us, takes our call, and both hear what was sent, sample by sample."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from bot.lines.line import CallFacts, Sounded
from bot.lines.sip import g711
from bot.lines.sip.gateway import Gateway
from bot.lines.sip.media import SipLine
from bot.lines.sip.server import SipServer
from tests.waiting import until

BARESIP = shutil.which("baresip")
MODULES = Path("/usr/lib/baresip/modules")
# Another vendor's telephone, in real time.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        BARESIP is None or not MODULES.is_dir(), reason="NOT TESTED: baresip is missing (apt-get install baresip)"
    ),
]
_CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{port}
audio_source aufile,{folder}/said.wav
audio_player aufile,{folder}/unused.wav
audio_alert aufile,/dev/null
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
snd_path {folder}
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
"""


def sweep(seconds: float, start: float) -> np.ndarray:
    """Sound in which every place is unlike every other."""
    time = np.arange(int(8000 * seconds)) / 8000
    return (np.sin(2 * np.pi * (start + 150 * time) * time) * 8000).astype("<i2")


class Baresip:
    """A telephone in a folder of its own; it says `said` once a call is up, and hangs up after it."""

    def __init__(self, folder: Path, said: np.ndarray, codec: str, *, port: int = 0, answers: str = "manual") -> None:
        self.folder = folder
        with wave.open(str(folder / "said.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(said.tobytes())
        (folder / "config").write_text(_CONFIG.format(port=port, folder=folder, modules=MODULES))
        account = f"<sip:13971800123@127.0.0.1>;regint=0;audio_codecs={codec}/8000/1;answermode={answers}\n"
        (folder / "accounts").write_text(account)
        (folder / "contacts").write_text("")

    @contextlib.asynccontextmanager
    async def running(self, *more: str) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            str(BARESIP), "-f", str(self.folder), "-n", "127.0.0.1", "-t", "30", *more, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def heard(self) -> np.ndarray:
        """What came to it, as it wrote it down."""
        (file,) = self.folder.glob("dump-*-dec.wav")
        return np.frombuffer(file.read_bytes()[44:], "<i2")


def is_in(sent: np.ndarray, heard: np.ndarray, kind: int, within: int = 0) -> bool:
    """Whether every sample from 0.2 s on is there, one after the other, as the codec makes it."""
    wanted = np.frombuffer(g711.decode(g711.encode(sent.tobytes(), kind), kind), "<i2")[1600:].astype(int)
    if len(heard) < len(wanted):
        return False
    at = int(np.argmax(np.correlate(heard.astype(float), wanted[:4000].astype(float), "valid")))
    part = heard[at : at + len(wanted)].astype(int)
    return len(part) == len(wanted) and int(np.abs(part - wanted).max()) <= within


@pytest.mark.parametrize(("codec", "kind"), [("pcma", g711.PCMA), ("pcmu", g711.PCMU)])
async def test_it_calls_and_each_hears_what_the_other_said(tmp_path: Path, codec: str, kind: int) -> None:
    said, answered = sweep(3.0, 300), sweep(1.5, 500)
    heard, calls = bytearray(), []

    async def answer(line: SipLine, facts: CallFacts) -> None:
        calls.append(facts)
        line.play(answered.tobytes())
        async for event in line.events():
            if isinstance(event, Sounded):
                heard.extend(event.pcm)

    server = SipServer("127.0.0.1", 0, answer)
    await server.start()
    try:
        phone = Baresip(tmp_path, said, codec)
        async with phone.running("-e", f"/dial sip:07153391024@127.0.0.1:{server.port}"):
            await until(lambda: bool(calls), 15)
            await until(lambda: not server.calls, 15)  # it hangs up at the end of its words
        assert (calls[0].caller, calls[0].dialled) == ("13971800123", "07153391024")
        assert is_in(said, np.frombuffer(bytes(heard), "<i2"), kind)
        # In its table mu-law's zero is 2.
        assert is_in(answered, phone.heard(), kind, within=2)
    finally:
        await server.close()


async def test_it_takes_our_call_and_we_hang_up(tmp_path: Path, unused_udp_port: int) -> None:
    async def nobody(line: SipLine, facts: CallFacts) -> None:
        raise AssertionError("nobody calls us")

    server, told = SipServer("127.0.0.1", 0, nobody), sweep(1.5, 500)
    await server.start()
    try:
        phone = Baresip(tmp_path, sweep(20.0, 300), "pcma", port=unused_udp_port, answers="auto")
        trunk = Gateway(("127.0.0.1", unused_udp_port), f"127.0.0.1:{unused_udp_port}")
        async with phone.running() as process:
            rung = await server.ring("13971800123", 15, trunk)
            assert rung.outcome == "answered" and rung.call is not None, rung
            await asyncio.wait_for(rung.call.line.play(told.tobytes()).over.wait(), 5)
            await asyncio.sleep(0.3)
            await rung.call.hang_up()
            await until(lambda: not server.calls)
            await asyncio.sleep(0.3)
            process.terminate()
            await asyncio.wait_for(process.wait(), 5)
        assert is_in(told, phone.heard(), g711.PCMA)
    finally:
        await server.close()
