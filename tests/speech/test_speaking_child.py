"""The process that makes sound, beside a service that stops."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time

import pytest

from bot.speech.engine import VoiceFailed
from bot.speech.speaking_child import SpeakingChild

#: a voice that has told its rate and waits for wishes
WAITS = "import struct, sys; sys.stdout.buffer.write(struct.pack('<I', 8000)); sys.stdout.flush(); sys.stdin.read()"


@pytest.fixture
def child() -> SpeakingChild:
    return SpeakingChild("voice", lambda: [sys.executable, "-c", WAITS], "it does not run")


async def test_ctrl_c_in_a_terminal_is_the_services_and_not_the_voices(child: SpeakingChild) -> None:
    await child.start()
    assert child._process is not None
    # A terminal tells everybody of its group, and a voice would write a traceback across the screen.
    assert os.getpgid(child._process.pid) != os.getpgid(0)
    await child.close()


async def test_nobody_waits_for_a_voice_that_is_slow_to_go(
    child: SpeakingChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    await child.start()
    process = child._process
    assert process is not None
    # It is asked and says nothing, and it takes its time to go: the thread that reads from it waits.
    asked = asyncio.create_task(child.sound_of({"words": "停电"}))
    await asyncio.sleep(0.1)
    monkeypatch.setattr(process, "kill", lambda: None)
    began = time.monotonic()
    await child.close()
    with pytest.raises(VoiceFailed):
        await asked
    # Python ends only after its threads: none may still wait for the child, which is there.
    child._thread.shutdown()
    assert time.monotonic() - began < 1.5
    assert process.poll() is None
    subprocess.Popen.kill(process)
    process.wait()
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    process.stdout.close()
