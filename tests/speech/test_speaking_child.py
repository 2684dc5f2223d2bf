"""The process that makes sound, beside a service that stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

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
    # A stopped process that is not killed: one that takes its time.
    process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr(process, "kill", lambda: None)
    began = time.monotonic()
    await child.close()
    assert time.monotonic() - began < 1.0
    subprocess.Popen.kill(process)
    process.wait()
