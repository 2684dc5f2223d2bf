"""How archives of one site are called in a folder of backups: by the moment, so that the newest is the last by name."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

_NAME = re.compile(r"gege-(\d{8}-\d{6})\.tar\.gz")
_MOMENT = "%Y%m%d-%H%M%S"


def archive_of(folder: Path, at: dt.datetime) -> Path:
    """The archive of a moment."""
    return folder / f"gege-{at.astimezone(dt.UTC).strftime(_MOMENT)}.tar.gz"


def archives_in(folder: Path) -> list[tuple[dt.datetime, Path]]:
    """(moment in UTC, archive), oldest first; whatever else lies there is none of ours."""
    found = []
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if name := _NAME.fullmatch(file.name):
            found.append((dt.datetime.strptime(name[1], _MOMENT).replace(tzinfo=dt.UTC), file))
    return found
