"""A RabbitMQ of its own, as Debian ships it: on a free port, in a folder of its own, killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from bot.bench.loopback import free_port

_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
#: it starts a virtual machine; two slow cores that others use too
_STARTS_S = 120.0


class RabbitMQ:
    """One node; `start` again after `kill` finds what was durable."""

    def __init__(self) -> None:
        if not _PROGRAM.exists() or shutil.which("epmd") is None:
            pytest.skip("NO RABBITMQ, events are not brought to one: apt-get install rabbitmq-server")
        # Not the test's own folder: of Erlang's names for files some are too long there.
        self._folder = Path(tempfile.mkdtemp(prefix="gege-rabbitmq-"))
        self.port, self._names = free_port(), free_port()
        (self._folder / "enabled_plugins").write_text("[].\n")
        (self._folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\nlog.console = false\n")
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self._folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"gege{os.getpid()}@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            # one core: the other one is the service's
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
        }
        self._node: subprocess.Popen[bytes] | None = None
        # A daemon that the node would leave behind.
        names = ["epmd", "-port", str(self._names), "-address", "127.0.0.1"]
        self._name_server = subprocess.Popen(names, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self) -> None:
        """Begin, and wait until somebody may connect."""
        with (self._folder / "said").open("ab") as said:
            self._node = subprocess.Popen(
                [_PROGRAM], env=self._environment, stdout=said, stderr=said, cwd=self._folder, start_new_session=True
            )
        until = time.monotonic() + _STARTS_S
        while True:
            if self._listens():
                return
            said_so_far = (self._folder / "said").read_text("utf-8", "replace")
            assert self._node.poll() is None and time.monotonic() < until, said_so_far[-2000:]
            time.sleep(0.2)

    def kill(self) -> None:
        """All of it, at once; what it had confirmed is on the disk."""
        if self._node is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._node.pid, signal.SIGKILL)
            self._node.wait()
            self._node = None
            while self._listens():  # the shell is gone, its child goes
                time.sleep(0.05)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stand_still(self, still: bool) -> None:
        """It takes connections (the kernel does) and answers nobody."""
        assert self._node is not None
        os.killpg(self._node.pid, signal.SIGSTOP if still else signal.SIGCONT)

    def close(self) -> None:
        """Gone, with its folder and its name server."""
        self.kill()
        self._name_server.kill()
        self._name_server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
