"""A service whose event loop hangs when a test says so (SIGUSR1): `hanging.py serve`, or `hanging.py SECONDS`, a heart alone."""

from __future__ import annotations

import asyncio
import faulthandler
import signal
import sys
import time

from bot.app.heart import Heart


def the_loop_is_blocked(*_: object) -> None:
    """Python's handlers run in the thread of the loop."""
    time.sleep(600)


async def beat(patience_s: float) -> None:
    """Listen, beat, and say where."""
    heart = Heart(patience_s, lambda: "1 call")
    server = await asyncio.start_server(lambda reader, writer: reader.read(), "127.0.0.1", 0)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await heart.start()
    print(server.sockets[0].getsockname()[1], heart.pid or 0, flush=True)
    await ended.wait()
    await heart.stop()


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, the_loop_is_blocked)
    if sys.argv[1] == "serve":
        from bot.cli import main

        main()
    else:
        faulthandler.enable()
        asyncio.run(beat(float(sys.argv[1])))
