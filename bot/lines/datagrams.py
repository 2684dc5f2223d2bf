"""What waits on a socket of datagrams, taken at once.

asyncio takes one datagram in each turn of its loop. Where turns are long (a storm), a queue grows that nothing empties: a
telephone's sound comes seconds late, and who should hear that all lines are taken waits for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

_LARGEST = 65_536
#: at one time no more, so that no flood keeps the loop for itself
_MOST = 64


def that_wait(sock: socket.socket) -> Iterator[tuple[bytes, tuple[str, int]]]:
    """The datagrams that have come by now, each with its sender; `sock` does not block."""
    for _ in range(_MOST):
        try:
            data, source = sock.recvfrom(_LARGEST)
        except OSError:  # nothing more, or ICMP says that nobody is there
            return
        yield data, (source[0], source[1])
