"""The walk of docs/operate.md as a reader has it: its steps, their commands, and what they say when they worked."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bot.settings import PROJECT

PAGE = PROJECT / "docs" / "operate.md"
#: minutes that a first start may take, with the training of the dialogue, on a machine that has other work
_STARTS_S = 900.0


@dataclass(frozen=True)
class Step:
    """One heading of the walk."""

    number: int
    title: str
    text: str

    @property
    def blocks(self) -> list[str]:
        """Its commands; a block without `sh` is typed by a person."""
        return re.findall(r"^```sh\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    @property
    def worked(self) -> list[str]:
        """What is read when it worked: the quoted words of that sentence."""
        found = re.search(r"^It worked when (.*?)\.(?:\s|$)", self.text, re.MULTILINE | re.DOTALL)
        return re.findall(r"`([^`]+)`", found[1]) if found else []


def steps() -> list[Step]:
    """All of them, in order."""
    text = PAGE.read_text("utf-8")
    walk = re.search(r"^## From a bare Debian 12.*?(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert walk is not None
    found = re.findall(r"^### (\d+)\. ([^\n]+)\n(.*?)(?=^### |\Z)", walk[0], re.MULTILINE | re.DOTALL)
    return [Step(int(number), title, rest) for number, title, rest in found]


def says(output: str, words: str) -> bool:
    """Whether it was read; … stands for whatever is there."""
    return re.search(".*".join(map(re.escape, words.split("…"))), output) is not None


class Machine:
    """Where the walk is gone: a shell, and the service."""

    home = Path("/srv/gege")

    def __init__(self, log: Path) -> None:
        self._log = log
        self._service: subprocess.Popen[bytes] | None = None

    def command(self, script: str) -> tuple[list[str], dict[str, str]]:
        """The process that runs a script there, and its environment."""
        raise NotImplementedError

    def fitted(self, script: str) -> str:
        """A block as this machine can run it."""
        return script

    def run(self, block: str) -> str:
        """Everything that a block prints; it stops at the first command that fails."""
        script = "".join(f"{line}\n" for line in self.fitted(block).splitlines() if not line.startswith("systemctl "))
        command, environment = self.command("set -e\n" + script)
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=_STARTS_S, check=False,
        )  # fmt: skip
        said = done.stdout.decode("utf-8", "replace")
        assert done.returncode == 0 and "Traceback" not in said, f"{script}\n{said}"
        return said

    def serve(self, port: int) -> None:
        """What systemd would start; returns when it is ready."""
        command, environment = self.command("exec gege serve")
        with self._log.open("ab") as log:
            self._service = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + _STARTS_S
        while time.monotonic() < until:
            said = self._log.read_text("utf-8", "replace")
            assert self._service.poll() is None, said[-3000:]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.5)
        raise AssertionError(f"not ready: {said[-3000:]}")

    def close(self) -> None:
        """End the service and all that it started."""
        if self._service is not None and self._service.poll() is None:
            os.killpg(self._service.pid, signal.SIGINT)
            try:
                self._service.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._service.pid, signal.SIGKILL)
                self._service.wait()


class ThisMachine(Machine):
    """A new home on the machine of the tests, as the user who runs them: no root, no packages."""

    def __init__(self, folder: Path, python: str) -> None:
        super().__init__(folder / "serve.log")
        self.home = folder / "home"
        self._programs = folder / "bin"
        self._programs.mkdir()
        gege = self._programs / "gege"
        gege.write_text(f'#!/bin/sh\nexec {python} -W ignore -c "from bot.cli import main; main()" "$@"\n')
        gege.chmod(0o755)

    def command(self, script: str) -> tuple[list[str], dict[str, str]]:
        path = f"{self._programs}:{os.environ['PATH']}"
        own = {"PATH": path, "GEGE_HOME": str(self.home), "GEGE_LANG": "en", "PYTHONPATH": str(PROJECT)}
        return ["bash", "-c", script], {**os.environ, **own}

    def fitted(self, script: str) -> str:
        # Who runs the tests is the user here.
        script = re.sub(r"^install (-d )?-o gege -g gege", r"install \1", script, flags=re.MULTILINE)
        return script.replace("/srv/gege", str(self.home))


class BareDebian(Machine):
    """A copy of a Debian that debootstrap made, entered as root; what is mounted in it goes with each command."""

    def __init__(self, made: Path, folder: Path) -> None:
        super().__init__(folder / "serve.log")
        self.root = folder / "debian"
        subprocess.run(["cp", "-a", made, self.root], check=True)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", PROJECT, self.root / "root/gege"], check=True)
        # How registries are reached here is the machine's business and no part of the walk.
        self._own = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        if bundle := os.environ.get("SSL_CERT_FILE"):
            shutil.copy(bundle, self.root / "root/registries.crt")
            self._own |= dict.fromkeys(("SSL_CERT_FILE", "PIP_CERT"), "/root/registries.crt")

    def command(self, script: str) -> tuple[list[str], dict[str, str]]:
        inside = {
            "HOME": "/root", "TERM": "dumb", "LANG": "C.UTF-8", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive", **self._own,
        }  # fmt: skip
        enter = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" bash -c "cd /root; $1"'
        return ["unshare", "--mount", "sh", "-c", enter, str(self.root), script], inside
