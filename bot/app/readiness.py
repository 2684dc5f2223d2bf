"""Whether the service could take a report now: what it needs is proved again and again, before somebody calls."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.app.among_services import PLACE
from bot.app.parts import Parts
from bot.dialogue.turns import RasaDialogue
from bot.foundation.background import Background, BackgroundState
from bot.settings import Settings
from bot.tickets.due import timers

#: a whole report is rehearsed so often (s), and missed after so long
_CYCLE_EVERY_S, _CYCLE_MISSED_S = 60.0, 200.0
_DISK_EVERY_S = 10.0
#: what fails once may have met a storm, twice in a row has not
_FAILURES = 2
#: with less room (bytes) on its disk no report can be kept
LEAST_FREE = 200 << 20

OK, STARTING = "ok", "starting"


class Readiness:
    """The proofs, as loops that run on, and what they come to."""

    def __init__(
        self,
        folders: Sequence[Path],
        rehearse: Callable[[], Awaitable[object]],
        needed: Mapping[str, Background],
        *,
        least_free: int = LEAST_FREE,
    ) -> None:
        """`folders`: where something is written; `rehearse` raises when a report would not come through; `needed`:
        {part: a loop of the service without which nobody is told of it}."""
        self._folders, self._least_free, self._full = folders, least_free, False
        cycle = Background("rehearsed report", _CYCLE_EVERY_S, rehearse, stuck_after_s=_CYCLE_MISSED_S)
        disk = Background("room on the disk", _DISK_EVERY_S, lambda: asyncio.to_thread(self._look))
        self._parts = {"report": cycle, "disk": disk, **needed}
        #: those that are this one's own
        self.backgrounds = (cycle, disk)

    def parts(self) -> dict[str, str]:
        """{part: "ok" or what is wrong with it}; the words are ours, and tell nobody anything of the site."""
        found = {name: _said(one.state) for name, one in self._parts.items()}
        return {**found, "disk": "full"} if self._full else found

    def _look(self) -> None:
        self._full = not all(_free(one) >= self._least_free for one in self._folders)


def readiness_of(parts: Parts) -> Readiness:
    """That of a whole service: every folder that it writes to, its dialogue, its beat in the database, its relay and its
    timers."""
    dialogue = parts.dialogue
    rehearse = dialogue.rehearse if isinstance(dialogue, RasaDialogue) else partial(dialogue.parse, "")
    names = {PLACE: "database", parts.relay.background.name: "outbox", timers.NAME: "timers"}
    needed = {names[one.name]: one for one in parts.backgrounds if one.name in names}
    return Readiness(list(folders_of(parts.settings).values()), rehearse, needed)


def folders_of(settings: Settings) -> dict[str, Path]:
    """{what lies there: folder} of all that the service writes to."""
    folders, url = {"home": settings.home}, make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        folders["database"] = Path(url.database).parent
    return folders


def _said(state: BackgroundState) -> str:
    if state.failures >= _FAILURES:
        return state.problem
    if state.stuck:
        return "no answer"
    return STARTING if state.idle_s is None else OK


def _free(folder: Path) -> int:
    """Bytes; a folder that is not there is missed by whoever writes to it."""
    return shutil.disk_usage(folder).free if folder.is_dir() else LEAST_FREE
