"""Starts `gege serve` cheaply: a process with everything imported, which forks one service after the other.

Its argument is the file of commit points that were passed. Commands on stdin, one a line: `start FAULT` (answers the
child's pid). Only a bench starts it: no setting and no
variable of a real service leads here."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import sys
import time
from pathlib import Path

#: prctl(2): nobody outlives the run that started it
_DIE_WITH_PARENT = 1


def _keep_the_model() -> None:
    """Unpacking the dialogue model is two thirds of a start, and it never changes here."""
    from functools import lru_cache

    from rasa.core.processor import MessageProcessor

    MessageProcessor._load_model = staticmethod(lru_cache(maxsize=1)(MessageProcessor._load_model))


def _service(fault: str) -> None:
    from bot.app.serve import serve
    from bot.bench.crash.faults import spoil
    from bot.settings import load_settings

    spoil(fault, Path(sys.argv[1]))
    asyncio.run(serve(load_settings()))


def main() -> None:
    from bot.dialogue import rasa_lite

    rasa_lite.install()
    import telegram.ext  # noqa: F401

    # Half of a start is importing these and the readings of words, and every child would do it again.
    import bot.app.serve
    import bot.bench.crash.faults  # noqa: F401
    from bot.app.parts import running
    from bot.settings import load_settings
    from bot.speech.reading import pinyin

    async def once() -> None:
        """Whatever is read once in a life is read before the first child is born."""
        pinyin("您好")
        async with running(load_settings(), relay=False) as service:
            await service.dialogue.parse("您好")

    _keep_the_model()
    asyncio.run(once())
    # What is here now lives as long as we do: no child looks through it.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, lambda *_: _reap())
    print("ready", flush=True)
    for line in sys.stdin:
        command, _, fault = line.strip().partition(" ")
        if command != "start":
            break
        child = os.fork()
        if child == 0:
            _live(fault)
        print(child, flush=True)


def _live(fault: str) -> None:
    """The life of one service; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    status = 1
    try:
        _service(fault)
        status = 0
    except BaseException as problem:
        print(f"{time.time():.1f} {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
