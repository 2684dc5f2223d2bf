"""What systemd is told of a service of `Type=notify` (sd_notify(3)); without systemd nothing."""

from __future__ import annotations

import contextlib
import os
import socket


def under_systemd() -> bool:
    """Whether systemd started this process: it wants to be told, or holds what is written on standard error.

    INVOCATION_ID alone says nothing: every terminal of a desktop inherits one."""
    if os.environ.get("NOTIFY_SOCKET"):
        return True
    with contextlib.suppress(OSError):
        found = os.fstat(2)
        return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
    return False


def notify(*assignments: str) -> bool:
    """Send `READY=1`, `WATCHDOG=1`, `STATUS=…` and the like; → whether somebody was there to be told. Never waits."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if not where.startswith(("/", "@")):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out, contextlib.suppress(OSError):
        out.setblocking(False)
        # An abstract socket is written with @, and begins with a zero.
        out.connect("\0" + where[1:] if where[0] == "@" else where)
        out.send("\n".join(assignments).encode())
        return True
    return False
