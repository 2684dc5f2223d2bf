"""No database in the event loop: whatever of ours asks it there, in any test, is found (docs/decisions/0005)."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Engine, event

from bot.settings import PROJECT

_TESTS = Path(__file__).parent
_OURS = (PROJECT / "bot", PROJECT / "actions")
_WAITS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class LoopGuard:
    """Remembers every statement that a coroutine of the service sent from the service's own loop.

    A test may ask the database where it likes: the nearest frame decides whose doing it is. The dialogue's own
    thread is no loop of frames and pages (docs/decisions/0003)."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def watch(self) -> None:
        """Look at every engine that there is and that will be."""
        event.listen(Engine, "begin", self._looked)
        event.listen(Engine, "before_cursor_execute", self._looked)

    def _looked(self, *_about: Any) -> None:
        in_the_loop = threading.current_thread() is threading.main_thread() and asyncio._get_running_loop() is not None
        if in_the_loop and (where := _blocked(sys._getframe())):
            self.found.append(where)


def _blocked(frame: FrameType | None) -> str:
    """Where a coroutine of ours stands still, "" when it is the test's own doing; and by which way."""
    way: list[str] = []
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(_TESTS) and file != Path(__file__):
            return ""
        if any(file.is_relative_to(room) for room in _OURS):
            way.append(f"{file.relative_to(PROJECT)}:{frame.f_lineno} {frame.f_code.co_name}")
            if frame.f_code.co_flags & _WAITS:
                break
        frame = frame.f_back
    return " < ".join(way)
