"""A real Asterisk with the files of deploy/asterisk/sip, for tests: `ASTERISK` names the folder of an installed one."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from bot.bench.exchange.installed import INSTALLED
from bot.settings import PROJECT
from tests.waiting import until

DEPLOY = PROJECT / "deploy/asterisk/sip"


def free_port() -> int:
    """A UDP port that is free, and that no socket gets by chance before it is taken: below the system's own range."""
    while True:
        port = random.randrange(15_000, 20_000)
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", port))
            return port


class RealAsterisk:
    """One running Asterisk; `port` is where it takes SIP on 127.0.0.1."""

    def __init__(self, home: Path, port: int) -> None:
        self._home, self.port = home, port

    async def command(self, words: str) -> str:
        """What its console says."""
        process = await asyncio.create_subprocess_exec(
            f"{INSTALLED}/sbin/asterisk", "-C", str(self._home / "etc/asterisk.conf"), "-rx", words,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        return (await process.communicate())[0].decode()

    async def until_says(self, command: str, words: str, seconds: float) -> None:
        """Until its console answers this command with these words."""
        async with asyncio.timeout(seconds):
            while words not in await self.command(command):
                await asyncio.sleep(0.3)

    async def channels(self) -> int:
        """Calls' ends that it holds at this moment."""
        found = re.search(r"(\d+) active channel", await self.command("core show channels count"))
        return int(found[1]) if found else -1

    async def until_quiet(self) -> None:
        """Until it holds no call."""
        async with asyncio.timeout(15):
            while await self.channels():
                await asyncio.sleep(0.2)

    def log(self) -> str:
        return (self._home / "log/full").read_text()


@contextlib.asynccontextmanager
async def asterisk(home: Path, files: dict[str, str]) -> AsyncIterator[RealAsterisk]:
    """Run it with these configuration files; `{port}` in them is its SIP port."""
    port = free_port()
    for name in ("etc", "run", "log", "spool", "lib", "lib/agi-bin", "keys"):
        (home / name).mkdir(parents=True, exist_ok=True)
    folders = {"astetcdir": "etc", "astrundir": "run", "astlogdir": "log", "astspooldir": "spool", "astdbdir": "lib",
               "astvarlibdir": "lib", "astkeydir": "keys", "astagidir": "lib/agi-bin"}  # fmt: skip
    lines = [f"{name} => {home / where}" for name, where in folders.items()]
    lines += [
        f"astmoddir => {INSTALLED}/lib/asterisk/modules",
        f"astdatadir => {INSTALLED}/var/lib/asterisk",
    ]
    given = {
        "asterisk.conf": "[directories]\n" + "\n".join(lines) + "\n[options]\nverbose=4\n",
        "modules.conf": "[modules]\nautoload=yes\nnoload=chan_iax2.so\nnoload=res_hep.so\nnoload=pbx_dundi.so\n",
        "logger.conf": "[logfiles]\nfull => notice,warning,error,verbose(4)\n",
        "rtp.conf": "[general]\nrtpstart=20000\nrtpend=29999\n",
        **files,
    }
    for name, text in given.items():
        (home / "etc" / name).write_text(text.replace("{port}", str(port)))
    process = await asyncio.create_subprocess_exec(
        f"{INSTALLED}/sbin/asterisk", "-f", "-C", str(home / "etc/asterisk.conf"),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    made = RealAsterisk(home, port)
    try:
        await until(lambda: (home / "log/full").is_file() and "Asterisk Ready" in made.log(), 60)
        yield made
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)
