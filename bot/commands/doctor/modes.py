"""Whether other users of this machine may read what a site keeps."""

from __future__ import annotations

import itertools
import shlex
from pathlib import Path

from bot.foundation.private_files import open_to_others

_SEEN = 3


def check_modes(home: Path) -> tuple[str, str]:
    """(what was found, the command that mends it; empty when nothing has to be mended)."""
    if not home.is_dir():
        return f"{home} is not there yet", ""
    # A speech model is nobody's secret, and may belong to whoever installed it.
    found = list(itertools.islice(open_to_others(home, leave_out=("models",)), 1000))
    if not found:
        return f"{home} is for Gege's user alone", ""
    shown = ", ".join(str(one) for one in found[:_SEEN]) + (" …" if len(found) > _SEEN else "")
    many = f"{len(found)}{' or more' if len(found) == 1000 else ''}"
    return (
        f"others on this machine may look into {many} files and folders: {shown}",
        f"chmod -R go= {shlex.quote(str(home.absolute()))}",
    )
