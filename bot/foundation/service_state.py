"""What a running service writes of its loops, so that another process (`gege doctor`) can look at them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.foundation.background import BackgroundState
from bot.foundation.files import write_whole

#: written so often (s); a file that is much older was left by a service that hangs or was killed
EVERY_S = 10.0


@dataclass(frozen=True)
class ServiceState:
    """The file's content."""

    pid: int
    #: when it was written, seconds since 1970
    at: float
    backgrounds: tuple[BackgroundState, ...]

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # another user's: it is there
        return True


def file_of(home: Path) -> Path:
    """Where a site's service writes it."""
    return home / "run" / "background.json"


def write_state(file: Path, states: Iterable[BackgroundState], at: float) -> None:
    """Write down how the loops of this process are, readable for its own user."""
    state = ServiceState(os.getpid(), at, tuple(states))
    write_whole(file, json.dumps(asdict(state), ensure_ascii=False))


def read_state(file: Path) -> ServiceState | None:
    """What a service wrote last; None when none runs. Raises ValueError for a file that no service wrote."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    try:
        loops = tuple(BackgroundState(**one) for one in found["backgrounds"])
        return ServiceState(int(found["pid"]), float(found["at"]), loops)
    except (KeyError, TypeError) as problem:
        raise ValueError(f"{file} was not written by a service of this version") from problem


def forget_state(file: Path) -> None:
    """The service has ended; what another one wrote meanwhile stays."""
    try:
        state = read_state(file)
    except ValueError:
        state = None
    if state is None or state.pid == os.getpid():
        file.unlink(missing_ok=True)
