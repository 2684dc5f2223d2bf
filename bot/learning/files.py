"""Where learning keeps its files in GEGE_HOME, and writing them in one piece."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.dialogue.training import learned_folder
from bot.foundation.errors import Unavailable
from nlu.lexicon import site_file


class LearningBusy(Unavailable):
    """Somebody is learning already."""


def examples_file() -> Path:
    """The sentences in use. Replacing it is what puts a new model into service, and going back the same."""
    return learned_folder() / "examples.yml"


def words_file() -> Path:
    """Words that a person has to confirm."""
    return _room() / "words.yml"


def before_file(run: int) -> Path:
    """The sentences that were in use before a run put its own into service; empty: there were none."""
    return _room() / f"before-{run}.yml"


def before_channel(run: int) -> Path:
    """The counts of the channel that were in use before a run put its own into service; empty: the prior alone."""
    return _room() / f"before-{run}.json"


def staged_folder(run: int) -> Path:
    """The sentences of a run that is not decided."""
    return _room() / f"staged-{run}"


def read_text(file: Path) -> str:
    """What is in a file; empty when it is not there."""
    return file.read_text("utf-8") if file.exists() else ""


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else learns, goes back or changes words meanwhile. Raises LearningBusy; a killed process lets go."""
    _room().mkdir(parents=True, exist_ok=True)
    with (_room() / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LearningBusy("gege learn is running already; wait until it has ended") from None
        yield


def _room() -> Path:
    return site_file().parent / "learning"
