"""What a fresh clone lacks, made before it is tried: the sample county and the dialogue model, side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import select

from bot.app.parts import open_site
from bot.commands.line import Failure, note
from bot.grid.models import Household
from bot.settings import Settings

#: how often those that work are looked at (s)
_LOOK_S = 0.2
#: where no bar can be drawn, a line for each such part of the way
_PARTS = 4


@dataclass
class _Step:
    """A `gege` command that is running, and what is said of it."""

    name: str
    lasts: str
    process: subprocess.Popen[bytes]
    #: what it prints: shares of the way, and everything else as it is
    said: Path
    errors: Path
    began: float = field(default_factory=time.monotonic)
    bar: TaskID | None = None
    share: float = 0.0
    told: int = 0

    def look(self) -> bool:
        """Read how far it is; → whether it is still running."""
        running = self.process.poll() is None
        for line in self.said.read_bytes().splitlines():
            try:
                self.share = float(json.loads(line)["share"])
            except (ValueError, KeyError, TypeError):
                continue
        return running

    def check(self) -> None:
        """Raises Failure, with all that it wrote, when it did not end well."""
        if self.process.returncode:
            written = self.errors.read_text("utf-8", "replace").strip()
            raise Failure(f"{self.name}: it failed (status {self.process.returncode})\n{written}")


def make_what_is_missing(settings: Settings, *, sample: bool = True) -> None:
    """Make the sample county where there is no household at all (`sample`), and the dialogue model where it is missing or stale.

    Both at once, each in a process of its own: what they need of memory is given back. Raises Failure."""
    from bot.dialogue.training import trained_model

    wanted: list[tuple[str, str, tuple[str, ...]]] = []
    if sample and not _has_households(settings):
        wanted.append(("the sample county", "57,600 invented households, about 20 s", ("sample",)))
    if settings.dialogue.adapter != "http" and trained_model(settings.dialogue_models) is None:
        wanted.append(("the dialogue model", "learned from its sentences, a minute or two", ("train", "--json")))
    if not wanted:
        return
    with ExitStack() as stack:
        steps = [stack.enter_context(_begun(settings, name, lasts, words)) for name, lasts, words in wanted]
        if sys.stderr.isatty():
            _with_bars(steps)
        else:
            _with_lines(steps)


def _has_households(settings: Settings) -> bool:
    database = open_site(settings)
    try:
        with database.reading() as session:
            return session.execute(select(Household.household_no).limit(1)).first() is not None
    finally:
        database.dispose()


@contextmanager
def _begun(settings: Settings, name: str, lasts: str, words: tuple[str, ...]) -> Iterator[_Step]:
    with tempfile.TemporaryDirectory(prefix="gege-first-run-") as folder:
        said, errors = Path(folder) / "said", Path(folder) / "errors"
        with said.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()", *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "GEGE_HOME": str(settings.home.resolve())},
            )
        try:
            yield _Step(name, lasts, process, said, errors)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


def _with_lines(steps: list[_Step]) -> None:
    for one in steps:
        note(f"{one.name}: {one.lasts}, once …")
    waiting = list(steps)
    while waiting:
        for one in tuple(waiting):
            if not one.look():
                one.check()
                waiting.remove(one)
                note(f"{one.name}: ready ({time.monotonic() - one.began:.0f} s)")
            elif int(one.share * _PARTS) > one.told:
                one.told = int(one.share * _PARTS)
                note(f"{one.name}: {one.share:.0%}")
        time.sleep(_LOOK_S)


def _with_bars(steps: list[_Step]) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        for one in steps:
            one.bar = bars.add_task(f"{one.name} ({one.lasts}, once)", total=None)
        waiting = list(steps)
        while waiting:
            for one in tuple(waiting):
                assert one.bar is not None
                if not one.look():
                    one.check()
                    waiting.remove(one)
                    bars.update(one.bar, total=1.0, completed=1.0)
                elif one.share:
                    bars.update(one.bar, total=1.0, completed=one.share)
            time.sleep(_LOOK_S)
