"""The service whose pages `gege bench desk` asks, in a process of its own: its CPU is its own, and nobody waits for the other.

Run as `python -m bot.bench.desk_child FOLDER`; says its address, then serves until standard input ends."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path

from bot.app.pages_alone import pages_alone
from bot.app.parts import running
from bot.settings import Settings


async def serve(home: Path) -> None:
    async with running(Settings(home=home), relay=False) as service, pages_alone(service) as address:
        gc.collect()
        gc.freeze()
        print(address, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
