"""Whether the service could take a report now: what it needs is proved again and again, before somebody calls."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.app.parts import Parts
from bot.database import Database, now, patience
from bot.dialogue.turns import RasaDialogue
from bot.foundation.background import Background, BackgroundState
from bot.settings import Settings
from bot.tickets.due import timers
from bot.tickets.site_history import beat

#: a write is tried so often (s), waits so long (s) for others, and is missed after so long (s)
_WRITE_EVERY_S, _WRITE_WAITS_S, _WRITE_MISSED_S = 10.0, 3.0, 35.0
#: a whole report is rehearsed so often (s); one that fails may have met a storm, two have not
_CYCLE_EVERY_S, _CYCLE_MISSED_S, _CYCLE_FAILURES = 60.0, 200.0, 2
#: with less room (bytes) on its disk no report can be kept
LEAST_FREE = 200 << 20

OK, STARTING = "ok", "starting"


class Readiness:
    """The proofs, as loops that run on, and what they come to."""

    def __init__(
        self,
        database: Database,
        folders: Sequence[Path],
        rehearse: Callable[[], Awaitable[object]],
        needed: Sequence[Background],
        *,
        node: str = "",
        least_free: int = LEAST_FREE,
    ) -> None:
        """`folders`: where something is written; `rehearse` raises when a report would not come through; `needed`:
        loops without which nobody is told of it."""
        self._database, self._folders, self._needed = database, folders, needed
        self._node, self._least_free = node or socket.gethostname(), least_free
        self._full = ""
        self._writes = Background("database proof", _WRITE_EVERY_S, self._write, stuck_after_s=_WRITE_MISSED_S)
        self._cycle = Background("rehearsed report", _CYCLE_EVERY_S, rehearse, stuck_after_s=_CYCLE_MISSED_S)
        self.backgrounds = (self._writes, self._cycle)

    def parts(self) -> dict[str, str]:
        """{part: "ok" or what is wrong with it}; the words are ours, and tell nobody anything of the site."""
        found = {
            "database": _said(self._writes.state, failures=1),
            "report": _said(self._cycle.state, failures=_CYCLE_FAILURES),
            "disk": self._full or OK,
        }
        for one in self._needed:
            found[one.name] = "stuck" if one.state.stuck else OK
        return found

    async def _write(self) -> None:
        await asyncio.to_thread(self._look)

    def _look(self) -> None:
        self._full = "" if all(_free(one) >= self._least_free for one in self._folders) else "full"
        with patience(_WRITE_WAITS_S):
            beat(self._database, self._node, now())


def readiness_of(parts: Parts) -> Readiness:
    """That of a whole service: every folder that it writes to, its dialogue, its relay and its timers."""
    settings, dialogue = parts.settings, parts.dialogue
    rehearse = dialogue.rehearse if isinstance(dialogue, RasaDialogue) else partial(dialogue.parse, "")
    needed = [one for one in parts.backgrounds if one.name in (parts.relay.background.name, timers.NAME)]
    node = f"{socket.gethostname()}:{settings.web.port}"
    return Readiness(parts.database, list(folders_of(settings).values()), rehearse, needed, node=node)


def folders_of(settings: Settings) -> dict[str, Path]:
    """{what lies there: folder} of all that the service writes to."""
    folders, url = {"home": settings.home}, make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        folders["database"] = Path(url.database).parent
    return folders


def _said(state: BackgroundState, failures: int) -> str:
    if state.failures >= failures:
        return state.problem
    if state.stuck:
        return "no answer"
    return STARTING if state.idle_s is None else OK


def _free(folder: Path) -> int:
    """Bytes; a folder that is not there is missed by whoever writes to it."""
    return shutil.disk_usage(folder).free if folder.is_dir() else LEAST_FREE
