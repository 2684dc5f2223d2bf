"""Starts several `gege serve` cheaply: a process with everything imported, which forks one service after the other.

`start HOME` on standard input is answered by the child's pid; the site's settings are that home's."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from functools import lru_cache

#: prctl(2): nobody outlives the run that started it
_DIE_WITH_PARENT = 1


def _child(home: str) -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    os.environ["GEGE_HOME"] = home
    said = os.open(f"{home}/said.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(said, 1)
    os.dup2(said, 2)
    from bot.app.serve import serve
    from bot.settings import load_settings

    status = 1
    try:
        asyncio.run(serve(load_settings()))
        status = 0
    except BaseException as problem:
        print(f"{time.time():.1f} {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def main() -> None:
    from bot.dialogue import rasa_lite

    rasa_lite.install()
    from rasa.core.processor import MessageProcessor

    import bot.app.serve
    import bot.chat.telegram
    import bot.speech.recogniser_of  # noqa: F401

    # Unpacking the dialogue model is two thirds of a start, and all services have the same.
    MessageProcessor._load_model = staticmethod(lru_cache(maxsize=1)(MessageProcessor._load_model))
    from bot.dialogue.training import trained_model
    from bot.settings import Settings

    model = trained_model(Settings().dialogue_models)
    if model is not None:
        MessageProcessor._load_model(str(model))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        command, _, home = line.strip().partition(" ")
        if command != "start":
            break
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _child(home)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
