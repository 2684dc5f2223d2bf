"""A process of its own that makes sound: asked in JSON lines, started when first needed, started again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import select
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.settings import PROJECT
from bot.speech.audio import Sound
from bot.speech.engine import VoiceFailed

log = logging.getLogger(__name__)
T = TypeVar("T")

#: in place of a count or a rate: what follows is a length and a message in UTF-8
REFUSED = 0xFFFFFFFF
#: one that was killed is waited for so long (s)
_GONE_S = 0.3
#: how often whoever waits for it looks whether the service stops (ms)
_LOOK_MS = 100


class SpeakingChild:
    """Speaks the children's protocol: first their rate in Hz, then for each wish a count of samples and the int16 samples,
    all numbers four bytes, little-endian. A child that cannot answers REFUSED, a length, and why.

    A thread talks to it, not asyncio: asyncio's subprocesses need a child watcher, which is gone as soon as
    Sanic (Rasa) has set uvloop's policy."""

    def __init__(
        self, name: str, command: Callable[[], Sequence[str]], broken: str, *, patience_s: float = 10.0
    ) -> None:
        """`name` for the log; `broken` is what the operator reads when it does not run; `patience_s` for one sentence,
        and for loading."""
        self.starts = 0
        self._name, self._command, self._broken, self._patience_s = name, command, broken, patience_s
        self._process: subprocess.Popen[bytes] | None = None
        self._rate = 0
        self._closing = False
        # One thread: requests wait for each other; an answer that nobody waits for any more is still read.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def start(self) -> None:
        """Start it now, so that the first sentence need not wait for it. Raises VoiceFailed."""
        await self._in_thread(lambda _: self._started())

    async def sound_of(self, wish: Mapping[str, object]) -> Sound:
        """Tries twice; raises VoiceFailed."""
        line = json.dumps(wish).encode() + b"\n"
        return await self._in_thread(lambda given_up: self._ask_twice(line, given_up))

    async def close(self) -> None:
        self._closing = True
        # What reads from a child that is slow to go ends with it, and others stop meanwhile.
        gone = await asyncio.to_thread(self._kill)
        await asyncio.to_thread(self._thread.shutdown, wait=gone)

    async def _in_thread(self, work: Callable[[threading.Event], T]) -> T:
        given_up = threading.Event()
        try:
            waiting = asyncio.get_running_loop().run_in_executor(self._thread, work, given_up)
            return await asyncio.wait_for(waiting, self._patience_s)
        except (TimeoutError, OSError, RuntimeError, struct.error) as problem:
            given_up.set()
            self._kill()
            raise VoiceFailed(self._broken) from problem
        finally:
            given_up.set()

    def _ask_twice(self, line: bytes, given_up: threading.Event) -> Sound:
        try:
            return self._ask(line)
        except (OSError, struct.error):
            if self._closing or given_up.is_set():
                raise  # nobody waits for it
            log.warning("%s stopped; starting it again", self._name)
            self._kill()
            return self._ask(line)

    def _ask(self, line: bytes) -> Sound:
        process = self._started()
        assert process.stdin is not None
        process.stdin.write(line)
        process.stdin.flush()
        count = self._number(process)
        return Sound(np.frombuffer(self._exactly(process, count * 2), dtype="<i2").astype(np.int16), self._rate)

    def _started(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is None:
            self.starts += 1
            paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
            process = subprocess.Popen(
                list(self._command()),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                # Ctrl-C is told to everybody of a terminal's group; the child ends when we let go of it.
                process_group=0,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            )
            self._process = process
            try:
                self._rate = self._number(process)
            except VoiceFailed:
                self._kill()
                raise
        return process

    def _number(self, process: subprocess.Popen[bytes]) -> int:
        (number,) = struct.unpack("<I", self._exactly(process, 4))
        if number == REFUSED:
            (length,) = struct.unpack("<I", self._exactly(process, 4))
            raise VoiceFailed(self._exactly(process, length).decode("utf-8", "replace"))
        return int(number)

    def _exactly(self, process: subprocess.Popen[bytes], count: int) -> bytes:
        """So many bytes of what it says. Raises BrokenPipeError when it ends before, or when nobody listens any more."""
        assert process.stdout is not None
        data, ready = bytearray(), select.poll()
        ready.register(process.stdout, select.POLLIN)
        while len(data) < count:
            if self._closing:
                raise BrokenPipeError("the service stops")
            # A child that was killed on a busy machine keeps its end open for a while: that must not keep us.
            if ready.poll(_LOOK_MS):
                more = process.stdout.read(count - len(data))
                if not more:
                    raise BrokenPipeError("the child stopped in mid-sentence")
                data += more
        return bytes(data)

    def _kill(self) -> bool:
        """→ whether it is gone. A large one on a busy machine is slow to go, and cannot stay: nobody waits for that at Ctrl-C."""
        process, self._process = self._process, None
        if process is None:
            return True
        process.kill()
        try:
            process.wait(_GONE_S)
        except subprocess.TimeoutExpired:
            return False  # whoever reads from it holds its pipes: to close them is to wait for it
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()
        return True


def as_pcm(samples: NDArray[np.float32]) -> bytes:
    """Samples from -1 to 1 as a child sends them; what is no number is silence."""
    return (np.clip(np.nan_to_num(samples), -1.0, 1.0) * 32767).astype("<i2").tobytes()


def refuse(out: BinaryIO, problem: Exception) -> None:
    """The child's side: it cannot, and says why."""
    why = str(problem).encode()
    out.write(struct.pack("<II", REFUSED, len(why)) + why)
    out.flush()


def serve(out: BinaryIO, rate: int, speak: Callable[[dict[str, Any]], bytes]) -> None:
    """The child's side: tell the rate, then answer wishes until nobody asks any more. A ValueError of `speak` is refused."""
    out.write(struct.pack("<I", rate))
    out.flush()
    for line in sys.stdin.buffer:
        try:
            sound = speak(json.loads(line))
        except ValueError as problem:
            refuse(out, problem)
            continue
        out.write(struct.pack("<I", len(sound) // 2) + sound)
        out.flush()
