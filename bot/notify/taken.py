"""What messengers have taken, in a file from the moment that they say so: the database hears it a moment later.

Between a messenger's yes and the row's mark lies a wait for others that write. A service that dies in it would say again
what Telegram, which knows no key by which the second is dropped, has shown already. A line in a file waits for nobody and
survives the process (not a power cut: then it is said again)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import select

from bot.database import Database
from bot.tickets import site_history
from bot.tickets.models import Notification

#: bytes of a file that nobody needs any more
_LONG = 64 * 1024
_MESSAGE = "message"


class Taken:
    """One home's file; without one nothing is kept. Names are told apart by their first word. From the event loop."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._handle: int | None = None
        self._open: set[str] = set()

    def note(self, names: Iterable[str]) -> None:
        """A messenger has them. A disk that takes nothing now is no reason not to go on."""
        if self._file is None:
            return
        names = list(names)
        self._open.update(names)
        with contextlib.suppress(OSError):
            if self._handle is None:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
                self._handle = os.open(self._file, flags, 0o600)
            os.write(self._handle, "".join(f"{name}\n" for name in names).encode())

    def done(self, names: Iterable[str]) -> None:
        """The database knows it."""
        self._open.difference_update(names)
        if self._handle is not None and not self._open and os.fstat(self._handle).st_size > _LONG:
            os.ftruncate(self._handle, 0)

    def left(self) -> frozenset[str]:
        """What a service that fell had noted; its last line may be half a name."""
        if self._file is None or not self._file.exists():
            return frozenset()
        return frozenset(self._file.read_text("utf-8", "replace").split("\n")[:-1])


def of_message(id: int, jump: int, way: str) -> str:
    """The name of a row's message that left by one way. A restore gives ids a second time: `jump` tells which time it is
    (bot/tickets/site_history.py)."""
    return f"{_MESSAGE} {jump}:{id} {way}"


def mark_taken(database: Database, names: Iterable[str]) -> int:
    """The ways of a fallen relay's messages that were taken are not tried again. → how many messages."""
    said: dict[str, dict[int, set[str]]] = {}
    for name in names:
        kind, _, rest = name.partition(" ")
        number, _, way = rest.partition(" ")
        jump, _, id = number.partition(":")
        if kind == _MESSAGE and id.isdecimal() and way:
            said.setdefault(jump, {}).setdefault(int(id), set()).add(way)
    if not said:
        return 0
    with database.session() as session:
        ways = said.get(str(site_history.jump(session)), {})
        rows = session.scalars(
            select(Notification).where(Notification.id.in_(ways), Notification.state == "pending").with_for_update()
        ).all()
        for row in rows:
            known = list(filter(None, row.provider.split(",")))
            row.provider = ",".join([*known, *sorted(ways[row.id].difference(known))])
    return len(rows)
