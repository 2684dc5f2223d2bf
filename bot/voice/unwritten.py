"""Calls whose row is not committed yet, each a small file from before it is greeted until the database has it.

A database may be away, or slow, while somebody is greeted. Should the process die then, the next start finds the file, and
the caller is called back as of any other call that broke off. A file survives the process; after a power cut it may not be
there."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from bot.foundation.reserve import Reserve

log = logging.getLogger(__name__)


class Begun(NamedTuple):
    """What a call's row begins with (`TicketDesk.begin_call`)."""

    call_id: str
    caller: str
    dialled: str
    diverting: str
    front_end: str


class Unwritten:
    """The files of one home; everything but `note_soon` blocks. Without a home nothing is kept."""

    def __init__(self, home: Path | None = None) -> None:
        # Its own thread: those of everybody are the first that a database which is away keeps waiting.
        self._thread = ThreadPoolExecutor(1, "calls that begin")
        self._folder = home / "run" / "calls" if home is not None else None
        self._reserve = Reserve(home) if home is not None else None

    async def note_soon(self, call: Begun) -> None:
        """`note`, beside the event loop."""
        if self._reserve is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self.note, call)

    def note(self, call: Begun) -> None:
        """Somebody calls. A disk that takes nothing now is no reason not to answer."""
        if self._reserve is None:
            return
        try:
            self._reserve.writing(lambda: self._put(call))
        except OSError as problem:
            log.error("a call that begins is in no file (%s)", problem.strerror)

    def forget(self, call_id: str) -> None:
        """The database has it."""
        if self._folder is not None:
            with contextlib.suppress(OSError):
                self._file(call_id).unlink(missing_ok=True)

    def settle(self, begin: Callable[..., bool], call_back: Callable[[str, str], Any]) -> int:
        """At a start: what a process that fell has left becomes rows of calls that broke off. → how many."""
        settled = 0
        for file in sorted(self._folder.glob("*.json")) if self._folder is not None else ():
            try:
                call = Begun(**json.loads(file.read_text("utf-8")))
            except (OSError, ValueError, TypeError):
                log.exception("%s cannot be read and is put aside", file.name)
                file.rename(file.with_suffix(".broken"))
                continue
            if begin(*call):
                call_back(call.call_id, "interrupted")
                settled += 1
            self.forget(call.call_id)
        return settled

    def _put(self, call: Begun) -> None:
        file = self._file(call.call_id)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as writing:
            json.dump(call._asdict(), writing, ensure_ascii=False)
        part.replace(file)

    def _file(self, call_id: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{hashlib.sha256(call_id.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}.json"
