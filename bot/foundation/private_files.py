"""Whose files they are: what a site keeps is for the user that Gege runs as, and for nobody else on the machine."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterator
from pathlib import Path

_OTHERS = 0o077


def shut(root: Path) -> None:
    """Give a folder and all below it to their owner alone: 0700 and 0600, whatever an archive or a copy said."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)


def is_open(path: Path) -> bool:
    """Others may read, write or enter it. What lies in a shut folder is out of their reach, whatever its own mode."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False  # it has just gone
    return not stat.S_ISLNK(mode) and bool(mode & _OTHERS)


def open_to_others(root: Path, leave_out: Collection[str] = ()) -> Iterator[Path]:
    """The folder itself and what below it others may read, write or enter; `leave_out`: names right below it."""
    if not root.is_dir():
        return
    if is_open(root):
        yield root
    yield from filter(is_open, _below(root, leave_out))


def _below(root: Path, leave_out: Collection[str]) -> Iterator[Path]:
    for first in sorted(root.iterdir()):
        if first.name not in leave_out:
            yield first
            if first.is_dir() and not first.is_symlink():
                yield from first.rglob("*")
