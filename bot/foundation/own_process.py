"""A `gege` command beside the service, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path


async def in_its_own_process(home: Path, *words: str, nice: int = 0) -> int:
    """`gege WORDS` for the site in `home`; → its exit status. It is ended with whoever waits for it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"import os; os.nice({nice}); from bot.cli import main; main()",
        *words,
        env={**os.environ, "GEGE_HOME": str(home.resolve())},
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
