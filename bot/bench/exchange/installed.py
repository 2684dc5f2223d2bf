"""A station's exchange: the installed Asterisk that `ASTERISK` names, with deploy/asterisk's own files, placeholders filled."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.bench.loopback import free_port
from bot.settings import PROJECT

SHIPPED = PROJECT / "deploy" / "asterisk"
INSTALLED = Path(os.environ.get("ASTERISK", "/nowhere"))
ACCOUNT, STATION, SECRET = "07153391024", "07153390000", "for-this-test"
#: a socket's path may have 107 characters, a test's folder has more
_CONTROL = "/tmp/gege-ast-{port}.ctl"


def is_installed() -> bool:
    """Whether ASTERISK names the folder of an installed Asterisk."""
    return (INSTALLED / "sbin" / "asterisk").exists()


@dataclass
class Site:
    """`folder` is its own; `carrier` host:port of the trunk; `agi` and `audio` are Gege's ports."""

    folder: Path
    carrier: str
    agi: int
    audio: int
    kind: str = "address"
    #: what is replaced in a file's text beside the placeholders: {file: [(was, becomes)]}
    changed: dict[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    sip: int = field(default_factory=lambda: free_port(socket.SOCK_DGRAM))
    ami: int = field(default_factory=free_port)

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    def write(self) -> None:
        """The files that are shipped, as README.md says to copy them, with this site's values."""
        for name in ("etc", "log", "spool", "db"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        values = {
            "SIP.CARRIER.EXAMPLE": self.carrier, "CARRIER.DOMAIN": "carrier.example", "CARRIER.ADDRESS": "127.0.0.1",
            "GATEWAY.ADDRESS": "127.0.0.1", "STATION.ADDRESS": "127.0.0.1", "STATION.NUMBER": STATION,
            "STATION.PASSWORD": SECRET, "MANAGER.SECRET": SECRET, "PASSWORD": SECRET, "NUMBER": ACCOUNT,
            "0.0.0.0:5060": f"127.0.0.1:{self.sip}", "port=5038": f"port={self.ami}",
            "127.0.0.1:4573": f"127.0.0.1:{self.agi}", "127.0.0.1:9092": f"127.0.0.1:{self.audio}",
        }  # fmt: skip
        for path in SHIPPED.glob("*.conf"):
            text = path.read_text("utf-8")
            if path.name == "pjsip.conf":
                text = re.sub(
                    r'^(; )?#include "pjsip_(registrar|address|gateway)', r'; #include "pjsip_\2', text, flags=re.M
                )
                text = text.replace(f'; #include "pjsip_{self.kind}', f'#include "pjsip_{self.kind}')
            for was, becomes in values.items():
                text = text.replace(was, becomes)
            text = text.replace(f"from_domain={self.carrier}", "from_domain=127.0.0.1")
            if path.name == "pjsip_address.conf":
                # The carrier of a test is at a port of its own.
                text = text.replace("contact=sip:127.0.0.1", f"contact=sip:{self.carrier}")
            for was, becomes in self.changed.get(path.name, ()):
                assert was in text, f"{path.name} does not have {was}"
                text = text.replace(was, becomes)
            (self.etc / path.name).write_text(text, "utf-8")
        lib = INSTALLED / "var" / "lib" / "asterisk"
        (self.etc / "asterisk.conf").write_text(
            f"[directories]\nastetcdir => {self.etc}\nastmoddir => {INSTALLED}/lib/asterisk/modules\n"
            f"astvarlibdir => {lib}\nastdbdir => {self.folder}/db\nastkeydir => {lib}\nastdatadir => {lib}\n"
            f"astagidir => {self.folder}\nastspooldir => {self.folder}/spool\nastrundir => {self.folder}/run\n"
            f"astlogdir => {self.folder}/log\n[files]\nastctlpath => /tmp\nastctl => {Path(self.control).name}\n"
        )

    @property
    def control(self) -> str:
        return _CONTROL.format(port=self.ami)

    async def start(self) -> None:
        self.write()
        (self.folder / "run").mkdir(exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            str(INSTALLED / "sbin" / "asterisk"), "-f", "-C", str(self.etc / "asterisk.conf"),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(60):
            while "Asterisk has fully booted" not in await self.rx("core waitfullybooted"):
                assert self._process.returncode is None, self.log[-3000:]
                await asyncio.sleep(0.2)

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        for left in (self.control, f"{self.control}.pid"):
            Path(left).unlink(missing_ok=True)
        shutil.rmtree(self.folder / "db", ignore_errors=True)

    async def rx(self, command: str) -> str:
        """What `asterisk -rx` says."""
        asked = await asyncio.create_subprocess_exec(
            str(INSTALLED / "sbin" / "asterisk"), "-C", str(self.etc / "asterisk.conf"), "-rx", command,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await asked.communicate()
        return said.decode("utf-8", "replace")

    @property
    def log(self) -> str:
        return (self.folder / "log" / "full").read_text("utf-8", "replace")
