"""Starts `gege serve` cheaply: a process with everything imported, which forks one service after the other.

Commands on stdin, one a line: `start` (answers the child's pid). GEGE_CRASH spoils or stops the children on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

#: places at which GEGE_CRASH=die:PLACE ends a child, the first time that it comes there
PLACES = ("kept", "said", "committed")
#: prctl(2): nobody outlives the run that started it
_DIE_WITH_PARENT = 1
#: GEGE_CRASH=ack-before-commit: a turn is answered so long (s) before it is committed
_EARLY_S = 1.0


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dying_at(place: str) -> None:
    from bot.dialogue import embedded, turns
    from bot.tickets.desk import TicketDesk

    if place == "kept":
        # what was heard is committed, and nothing else
        usual = TicketDesk.keep

        def keep(self: TicketDesk, *args: Any, **kwargs: Any) -> bool:
            usual(self, *args, **kwargs)
            _die()
            raise AssertionError

        TicketDesk.keep = keep  # type: ignore[method-assign]
    elif place == "said":
        # everything is written, and not committed
        turns.answer = lambda *_: _die()
    elif place == "committed":
        # committed, and nobody has heard it
        settle = embedded.settle

        async def settled(*args: Any) -> Any:
            await settle(*args)
            _die()

        embedded.settle = settled


def _ack_before_commit() -> None:
    """Durability broken on purpose: the resident hears 记下了 while it can still be lost."""
    from bot.dialogue import embedded, turns

    async def settle(database: Any, heard: Any, say: Callable[[], Any], in_thread: Any) -> Any:
        said: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def early() -> Any:
            reply = await say()
            said.set_result(reply)
            await asyncio.sleep(_EARLY_S)
            return reply

        committing = asyncio.ensure_future(turns.settle(database, heard, early, in_thread))
        settle.running.add(committing)  # type: ignore[attr-defined]
        committing.add_done_callback(settle.running.discard)  # type: ignore[attr-defined]
        done, _ = await asyncio.wait({said, committing}, return_when=asyncio.FIRST_COMPLETED)
        return said.result() if said in done else committing.result()

    settle.running = set()  # type: ignore[attr-defined]
    embedded.settle = settle


def _keep_the_model() -> None:
    """Unpacking the dialogue model is two thirds of a start, and it never changes here."""
    from functools import lru_cache

    from rasa.core.processor import MessageProcessor

    MessageProcessor._load_model = staticmethod(lru_cache(maxsize=1)(MessageProcessor._load_model))


def _service() -> None:
    from bot.app.serve import serve
    from bot.settings import load_settings

    fault = os.environ.get("GEGE_CRASH", "")
    if fault == "ack-before-commit":
        _ack_before_commit()
    elif fault.startswith("die:"):
        _dying_at(fault.removeprefix("die:"))
    asyncio.run(serve(load_settings()))


def main() -> None:
    from bot.dialogue import rasa_lite

    rasa_lite.install()
    import bot.app.serve
    import bot.speech.recogniser_of  # noqa: F401
    from bot.app.parts import running
    from bot.settings import load_settings

    async def once() -> None:
        """Whatever is read once in a life is read before the first child is born."""
        async with running(load_settings(), relay=False) as service:
            await service.dialogue.parse("您好")

    _keep_the_model()
    asyncio.run(once())
    signal.signal(signal.SIGCHLD, lambda *_: _reap())
    print("ready", flush=True)
    for line in sys.stdin:
        command, _, fault = line.strip().partition(" ")
        if command != "start":
            break
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
            os.environ["GEGE_CRASH"] = fault
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            status = 1
            try:
                _service()
                status = 0
            except BaseException as problem:
                print(f"{time.time():.1f} {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
            finally:
                os._exit(status)
        print(child, flush=True)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
