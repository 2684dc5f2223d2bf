"""This service among those of its database: one a home, one on SQLite; and what it does for those that fell."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.database import Database, now
from bot.foundation.background import Background
from bot.foundation.errors import Refused
from bot.notify.relay import release
from bot.replicas.place import Place
from bot.settings import Settings
from bot.tickets.desk import TicketDesk

log = logging.getLogger(__name__)

#: the loop that beats: its writes are the proof that the database takes any
PLACE = "place among services"


class RunsAlready(Refused):
    """A second service of one home, or on one SQLite file; the message says what to do."""


@contextlib.contextmanager
def the_only_one(settings: Settings) -> Iterator[None]:
    """Hold the home (and a SQLite file) while the service runs: the kernel lets go of them when the process ends, however
    that is. Raises RunsAlready."""
    url = make_url(settings.database_url)
    locks = {settings.home / "run" / "serving.lock": f"{settings.home} is served already; stop that gege serve first"}
    if settings.database and url.get_backend_name() == "sqlite" and url.database:
        locks[Path(f"{url.database}.serving")] = (
            f"{url.database} is served already: SQLite carries one service. Several services want PostgreSQL"
            " ([database] in docs/settings.md) and a GEGE_HOME each"
        )
    with contextlib.ExitStack() as held:
        for file, sentence in locks.items():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            held.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunsAlready(sentence) from None
        yield


def place_of(settings: Settings, database: Database) -> Place:
    """The place of the service of this home on this machine; its caller holds `the_only_one`."""
    name = settings.replicas.name or f"{socket.gethostname()}:{settings.home.resolve()}"
    # The end of a path tells two homes apart, its beginning does not.
    return Place(database, name if len(name) <= 64 else f"…{name[-63:]}", settings.replicas.lease_s)


def standing_in(place: Place, database: Database, desk: TicketDesk, owed: Callable[[], None]) -> Background:
    """Beats, and takes over the calls and the claimed messages of services that fell."""

    def work() -> bool:
        place.beat()
        living = place.living()
        calls = desk.take_over(living)
        messages = release(database, now(), living, anybodys=False)
        if calls or messages:
            log.warning("%d calls and %d messages of a service that fell were taken over", len(calls), messages)
        return bool(messages)

    async def once() -> None:
        if await asyncio.to_thread(work):
            owed()

    return Background(PLACE, place.every_s, once)
