"""What `gege doctor` says of the backups that the service makes of itself."""

from __future__ import annotations

import time
from pathlib import Path

from bot.app.backing_up import newest_backup
from bot.settings import Settings

#: so many of its periods without a new one, and somebody should look
_PERIODS = 3


def check_backups(settings: Settings) -> tuple[str, str]:
    """What is seen, and what to do about it ("": nothing)."""
    newest = newest_backup(settings)
    if newest is None:
        return "none are made: a lost disk loses everything", "set [backup] folder to one on another disk"
    folder = Path(settings.backup.folder).expanduser()
    if not folder.is_dir():
        return f"{folder}: there is no such folder", "mount its disk, or correct [backup] folder"
    if not newest:
        return f"there is none yet in {folder}", "gege serve makes the first; gege backup --into FOLDER does it now"
    minutes = (time.time() - newest) / 60
    told = f"the newest is {minutes:.0f} min old ({folder})"
    if minutes > _PERIODS * settings.backup.every_min:
        return told, "is gege serve running? its log says why none was made"
    return told, ""
