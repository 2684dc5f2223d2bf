"""A copy of a site to try things on: its database in a folder of its own, and settings that reach nothing else."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.foundation.errors import Refused
from bot.settings import NotifySettings, Settings


class CannotCopy(Refused):
    """The site's database is not one that can be copied; the message says what can be done instead."""


@contextlib.contextmanager
def copied(settings: Settings) -> Iterator[Settings]:
    """Settings of a copy of the site, which is gone afterwards; the site itself is only read.

    A site without a database gives an empty copy. Raises CannotCopy for PostgreSQL."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise CannotCopy(
            f"a copy can be made of a SQLite file only, and the database is {url.get_backend_name()}: "
            "leave GEGE_DATABASE_URL and [database] empty for a home of its own, or work in the site with --here"
        )
    with tempfile.TemporaryDirectory(prefix="gege-copy-") as folder:
        home = Path(folder)
        _copy_database(Path(url.database), home / "gege.sqlite")
        # The one file of a home beside the database that rules are read from.
        if (holidays := settings.home / "holidays.yml").exists():
            shutil.copy(holidays, home)
        yield settings.model_copy(
            update={
                "home": home,
                "database": "",
                # A Rasa server acts on the site's own database, and accounts write to people.
                "dialogue": settings.dialogue.model_copy(update={"adapter": "embedded"}),
                "notify": NotifySettings(),
            }
        )


def _copy_database(source: Path, copy: Path) -> None:
    if not source.exists():
        return
    if not source.with_name(f"{source.name}-shm").exists():
        # Nobody has it open; to open it ourselves, only to read, would leave files beside it.
        for file in (source, source.with_name(f"{source.name}-wal")):
            if file.exists():
                shutil.copy(file, copy.with_name(file.name.replace(source.name, copy.name)))
        return
    with (
        contextlib.closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as reading,
        contextlib.closing(sqlite3.connect(copy)) as writing,
    ):
        reading.backup(writing)
