"""Backups while the service runs: a process of its own each time, so that no call hears it."""

from __future__ import annotations

from pathlib import Path

from bot.foundation.background import Background
from bot.foundation.backup_names import archives_in
from bot.foundation.errors import Unavailable
from bot.foundation.own_process import in_its_own_process
from bot.settings import Settings

#: it may wait for every call
_NICE = 10


class BackupFailed(Unavailable):
    """No archive was written; the lines above it say why."""


def backing_up(settings: Settings) -> list[Background]:
    """The loop that a site with a `[backup] folder` has."""
    if not settings.backup.folder:
        return []

    async def work() -> None:
        if code := await in_its_own_process(settings.home, "backup", "--into", settings.backup.folder, nice=_NICE):
            raise BackupFailed(f"gege backup --into {settings.backup.folder} ended with {code}")

    every_s = settings.backup.every_min * 60
    return [Background("backup", every_s, work, stuck_after_s=3 * every_s)]


def newest_backup(settings: Settings) -> float | None:
    """When the newest archive was made, seconds since 1970; None without a folder. 0.0: there is none yet. Blocks."""
    if not settings.backup.folder:
        return None
    found = archives_in(Path(settings.backup.folder).expanduser())
    return found[-1][0].timestamp() if found else 0.0
