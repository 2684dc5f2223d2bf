"""What `gege doctor` says of the backups that the service makes of itself."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

from bot.app.backing_up import newest_backup
from bot.settings import Settings

#: so many of its periods without a new one, and somebody should look
_PERIODS = 3
#: what is older is said in hours
_IN_MINUTES = 180


def check_backups(settings: Settings, oldest: dt.timedelta | None = None) -> tuple[str, str]:
    """What is seen, and what to do about it ("": nothing). `oldest`: how old the newest may be, else some periods."""
    folder = Path(settings.backup.folder).expanduser()
    try:
        newest = newest_backup(settings)
    except OSError as problem:
        return f"{folder} cannot be looked into ({problem.strerror})", "let the service's user read and write there"
    if newest is None:
        return "none are made: a lost disk loses everything", "set [backup] folder to one on another disk"
    if not folder.is_dir():
        return f"{folder}: there is no such folder", "mount its disk, or correct [backup] folder"
    if not newest:
        return (
            f"{folder} holds no backup yet",
            "gege serve makes the first; gege backup --into FOLDER does it now",
        )
    minutes = (time.time() - newest) / 60
    age = f"{minutes:.0f} min" if minutes < _IN_MINUTES else f"{minutes / 60:.0f} hours"
    told = f"the newest is {age} old ({folder})"
    if minutes > (_PERIODS * settings.backup.every_min if oldest is None else oldest / dt.timedelta(minutes=1)):
        return told, "is gege serve running? its log says why none was made"
    return told, ""
