"""The place of the one writer: whoever is quick takes it, and whoever has waited a while gets it next.

Python's own lock is taken again by whoever has just let go of it, before those who wait have woken up: in a storm the dialogue
wrote turn after turn, and the rows of calls waited for ten seconds. A lock in strict order wastes a change of threads on each
writing."""

from __future__ import annotations

import threading
import time
from collections import deque

#: nobody overtakes who has waited so long (s)
_OVERTAKEN_S = 0.03


class _Waiter:
    def __init__(self) -> None:
        self.since = time.monotonic()
        self.wake = threading.Lock()
        self.wake.acquire()
        #: the place is his already
        self.handed = False


class InLine:
    """A lock that one thread may take and another let go of."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._held = False
        self._waiting: deque[_Waiter] = deque()

    def acquire(self, timeout: float) -> bool:
        """Whether it was had within so long (s); 0: only if it is free now."""
        with self._mutex:
            if not self._held:
                self._held = True
                return True
            if timeout <= 0:
                return False
            me = _Waiter()
            self._waiting.append(me)
        until = me.since + timeout
        while True:
            me.wake.acquire(timeout=max(0.0, until - time.monotonic()))
            with self._mutex:
                if me.handed:
                    return True
                if not self._held:
                    self._held = True
                    self._waiting.remove(me)
                    return True
                if time.monotonic() >= until:
                    self._waiting.remove(me)
                    return False

    def release(self) -> None:
        """Let the next one in."""
        with self._mutex:
            if not self._waiting:
                self._held = False
                return
            first = self._waiting[0]
            if time.monotonic() - first.since >= _OVERTAKEN_S:
                self._waiting.popleft()
                first.handed = True
            else:
                self._held = False
            if first.wake.locked():
                first.wake.release()
