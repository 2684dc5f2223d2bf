"""What a restore owes to those who were deleted after the archive was made: they are deleted again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.app.parts import existing_site
from bot.commands.line import note
from bot.privacy.persons import Persons
from bot.privacy.tombstones import deleted_file, put_back, read
from bot.settings import Settings, load_settings


@contextmanager
def deleting_again(settings: Settings) -> Iterator[None]:
    """Remember the list of those who were deleted, and, when the block has put another database there, go through it."""
    deleted = read((deleted_file(settings),))
    yield
    after = load_settings(settings.home)
    put_back(deleted_file(after), deleted)
    database = existing_site(after)
    try:
        if count := Persons(after, database, note).again():
            note(f"{count} persons who were deleted since then were deleted again (docs/privacy.md)")
    finally:
        database.dispose()
