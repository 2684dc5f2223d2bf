"""The service's heart: its event loop beats, for the watchdog beside it and for systemd; a loop that hangs sends none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bot.foundation.sd_notify import notify

log = logging.getLogger(__name__)

_EVERY_S = 0.5
_PROGRAM = Path(__file__).with_name("watchdog.py")
#: a watchdog that fell is replaced, not more often than this (s)
_REPLACED_S = 30.0
_ENDS_S = 2.0


class Heart:
    """Beats from `start`, when the service is ready, to `stop`, when its last call is over."""

    def __init__(
        self,
        patience_s: float,
        status: Callable[[], str] = lambda: "",
        late: Callable[[float], object] = lambda _: None,
    ) -> None:
        """`patience_s`: without a beat for so long the process is ended; 0: never. `status` is what systemd shows;
        `late` hears how late (s) each beat was."""
        self._patience_s, self._status, self._late = patience_s, status, late
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._began_at = 0.0
        self._beating: asyncio.Task[None] | None = None
        self._told = ""
        #: the longest that the loop did not turn (s), beside the pause between two beats
        self.longest_s = 0.0

    @property
    def pid(self) -> int | None:
        """The watchdog's process."""
        return self._watchdog.pid if self._watchdog else None

    async def start(self) -> None:
        """The service is ready."""
        self._begin_watchdog()
        # The first beat before anybody hears that we are ready: from now on whatever hangs is ended.
        self._tell_watchdog()
        notify("READY=1")
        self._beating = asyncio.create_task(self._beat(), name="heart")

    async def stop(self) -> None:
        """Nobody is served any more: what hangs now hangs alone."""
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        await self._end_watchdog()

    async def _beat(self) -> None:
        while True:
            self._tell_watchdog()
            status = self._status()
            notify("WATCHDOG=1", *([f"STATUS={status}"] if status != self._told else []))
            self._told = status
            if self._patience_s and (self._watchdog is None or self._watchdog.poll() is not None):
                await self._replace_watchdog()
            slept_at = time.monotonic()
            await asyncio.sleep(_EVERY_S)
            late_s = time.monotonic() - slept_at - _EVERY_S
            self.longest_s = max(self.longest_s, late_s)
            self._late(max(0.0, late_s))
            if self._patience_s and late_s > self._patience_s / 2:
                log.warning("the event loop stood still for %.1f s; after %g s Gege is ended", late_s, self._patience_s)

    def _tell_watchdog(self) -> None:
        """Never waits: a watchdog that is stopped lets the pipe fill, one that fell breaks it."""
        if self._watchdog is not None and self._watchdog.stdin is not None:
            with contextlib.suppress(BlockingIOError, BrokenPipeError):
                os.write(self._watchdog.stdin.fileno(), b".")

    def _begin_watchdog(self) -> None:
        """In the loop, for some milliseconds: the threads beside it may all wait for a database that hangs."""
        if not self._patience_s:
            return
        self._began_at = time.monotonic()
        try:
            self._watchdog = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_PROGRAM), str(os.getpid()), str(self._patience_s)],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd="/", process_group=0,
            )  # fmt: skip
        except OSError:
            log.exception("there is no watchdog: a Gege that hangs leaves callers in silence")
        else:
            assert self._watchdog.stdin is not None
            os.set_blocking(self._watchdog.stdin.fileno(), False)

    async def _replace_watchdog(self) -> None:
        if time.monotonic() - self._began_at < _REPLACED_S:
            return
        if self._watchdog is not None:
            log.warning("the watchdog fell (status %s); another one begins", self._watchdog.returncode)
            await self._end_watchdog()
        self._begin_watchdog()

    async def _end_watchdog(self) -> None:
        ended, self._watchdog = self._watchdog, None
        if ended is None:
            return
        assert ended.stdin is not None
        with contextlib.suppress(OSError):
            ended.stdin.close()
        until = time.monotonic() + _ENDS_S
        while ended.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.02)
        if ended.poll() is None:
            ended.kill()
            ended.wait()
