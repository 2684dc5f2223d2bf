"""What is wrong with a service that was started to die, or to break its word; runs in its process and nowhere else."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.engine.default import DefaultDialect

from bot.bench.crash.points import here

#: a turn is answered so long (s) before it is committed
_EARLY_S = 1.0
#: of so many messages the gateway never sees one that is marked as sent
_EVERY = 5


def spoil(fault: str, seen: Path) -> None:
    """`fault`: "" (only note the commit points that are passed, a line each, in `seen`), `die:before:POINT`,
    `die:after:POINT`, or the name of a way to break one's word."""
    if fault == "ack-before-commit":
        _ack_before_commit()
    elif fault == "lose-message":
        _lose_messages()
    _watch_commits(seen, *(fault.split(":", 2)[1:] if fault.startswith("die:") else ("", "")))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _watch_commits(file: Path, side: str, point: str) -> None:
    """Every transaction of every database of this process ends here."""
    usual, seen = DefaultDialect.do_commit, set[str]()
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def commit(self: DefaultDialect, connection: Any) -> None:
        name = here()
        if name not in seen:
            seen.add(name)
            os.write(log, f"{name}\n".encode())
        if (name, side) == (point, "before"):
            _die()
        usual(self, connection)  # type: ignore[no-untyped-call]
        if (name, side) == (point, "after"):
            _die()

    DefaultDialect.do_commit = commit  # type: ignore[method-assign]


def _ack_before_commit() -> None:
    """The resident hears 记下了 while it can still be lost."""
    from bot.dialogue import embedded, turns

    running = set[asyncio.Future[Any]]()

    async def settle(
        database: Any,
        heard: Any,
        say: Callable[[], Any],
        in_thread: Any,
        committed: Callable[[Any], None] = lambda _: None,
    ) -> Any:
        said: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def early() -> Any:
            reply = await say()
            said.set_result(reply)
            await asyncio.sleep(_EARLY_S)
            return reply

        committing = asyncio.ensure_future(turns.settle(database, heard, early, in_thread, committed))
        running.add(committing)
        committing.add_done_callback(running.discard)
        done, _ = await asyncio.wait({said, committing}, return_when=asyncio.FIRST_COMPLETED)
        return said.result() if said in done else committing.result()

    embedded.settle = settle  # type: ignore[attr-defined]


def _lose_messages() -> None:
    """A message is marked as sent that nobody has sent."""
    from bot.notify.webhook import Webhook

    usual, count = Webhook.send, 0

    async def send(self: Webhook, message: Any) -> None:
        nonlocal count
        count += 1
        if count % _EVERY:
            await usual(self, message)

    Webhook.send = send  # type: ignore[method-assign]
