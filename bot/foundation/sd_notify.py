"""What systemd is told of a service of `Type=notify` (sd_notify(3)); without systemd nothing."""

from __future__ import annotations

import contextlib
import os
import socket


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
