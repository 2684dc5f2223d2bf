"""Training the dialogue model, and knowing when the one on disk is stale."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.dialogue import rasa_lite
from bot.dialogue.responses import learned_of
from bot.foundation.errors import Broken
from bot.settings import PROJECT
from nlu.lexicon import site_file

#: everything that decides what a trained model is
SOURCES = (
    "config.yml",
    "domain.yml",
    "nlu/*.yml",
    "nlu/data/**/*.yml",
    "nlu/learned/**/*.yml",
    "nlu/**/*.py",
    "nlu/**/*.txt",
    "nlu/**/*.tsv",
)


class TrainingFailed(Broken):
    """Rasa refused the training data; the message says why."""


def learned_folder() -> Path:
    """Sentences that a site learned (`gege learn`) or wrote itself; where there are any they stand for nlu/learned."""
    return site_file().parent / "learned"


def site_models() -> Path:
    """Models that were trained with a site's own sentences; made again when they are missing."""
    return site_file().parent / "cache" / "dialogue"


def source_fingerprint(root: Path = PROJECT) -> str:
    """A hash over the path and content of every file that Gege itself is trained from."""
    return _digest(root).hexdigest()[:16]


def fingerprint(root: Path = PROJECT, learned: Path | None = None) -> str:
    """A hash over every source file's path and content, and the site's own words and sentences (`learned`)."""
    digest = _digest(root)
    if site_file().exists():
        # A site's own words: a model trained without them is stale.
        digest.update(site_file().read_bytes())
    for file in _sentences(learned):
        digest.update(f"learned/{file.name}".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _digest(root: Path) -> hashlib._Hash:
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for file in sorted(root.glob(pattern)):
            digest.update(str(file.relative_to(root)).encode())
            content = file.read_bytes()
            digest.update(learned_of(content) if file.name == "domain.yml" else content)
    return digest


def _sentences(learned: Path | None) -> list[Path]:
    return sorted((learned or learned_folder()).glob("*.yml"))


def trained_model(folder: Path) -> Path | None:
    """The model that was trained from the present sources, in `folder` or the site's own; None when there is none."""
    name = f"dialogue-{fingerprint()}.tar.gz"
    return next((one / name for one in (folder, site_models()) if (one / name).exists()), None)


def train(folder: Path, *, force: bool = False, how_far: Callable[[float], None] | None = None) -> Path:
    """Train from config.yml, domain.yml, nlu/ and the site's sentences; → the model's path. Old models are removed.

    It goes into `folder`, or to the site's own models when the site has sentences of its own.
    `how_far` hears the share that is done; without it a line goes to stderr. Raises TrainingFailed. Two processes at once:
    the second takes what the first made."""
    if _sentences(None):
        ready = None if force else trained_model(folder)
        return ready or train_learned(learned_folder(), site_models(), how_far)
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / ".training.lock"
    import fcntl

    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        ready = trained_model(folder)
        if ready and not force:
            return ready
        return _train(folder, how_far=how_far)


def train_learned(learned: Path, folder: Path, how_far: Callable[[float], None] | None = None) -> Path:
    """Train with the sentences in `learned` into `folder`, which keeps what is there; → the model's path.

    The model appears in one piece or not at all. Raises TrainingFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"dialogue-{fingerprint(learned=learned)}.tar.gz"
    with tempfile.TemporaryDirectory(prefix=".training-", dir=folder) as made:
        _train(Path(made), learned, how_far)
        (Path(made) / name).replace(folder / name)
    return folder / name


@contextlib.contextmanager
def sentence_files(learned: Path | None) -> Iterator[str]:
    """What Rasa reads: all of nlu/, and the sentences of a site instead of nlu/learned.

    Rasa sorts by path. A site's sentences come last, so that the simulated speech of the others (nlu/augmentation.py
    draws one after the other) is the same as without them, and two models differ by what was learned alone."""
    if not _sentences(learned):
        yield str(PROJECT / "nlu")
        return
    with tempfile.TemporaryDirectory(prefix="gege-sentences-") as folder:
        own = Path(folder) / "1-nlu"
        shutil.copytree(PROJECT / "nlu", own, ignore=shutil.ignore_patterns("learned", "*.py", "__pycache__"))
        site = Path(folder) / "2-learned"
        site.mkdir()
        for file in _sentences(learned):
            shutil.copy(file, site)
        yield folder


def _train(folder: Path, learned: Path | None = None, how_far: Callable[[float], None] | None = None) -> Path:
    rasa_lite.install()
    if how_far is None:
        print("training the dialogue model (a minute or two) …", file=sys.stderr, flush=True)
    stdout = os.dup(1)
    try:
        # Rasa prints on stdout, which belongs to the commands' JSON.
        sys.stdout.flush()
        os.dup2(2, 1)
        import rasa.model_training

        from bot.dialogue.quick_training import train_quickly
        from bot.dialogue.quiet_logs import quiet_rasa
        from bot.dialogue.rasa_patches import acts_need_no_response, cache_nothing

        quiet_rasa()
        acts_need_no_response()
        cache_nothing()
        train_quickly(how_far or (lambda _share: None))
        name = f"dialogue-{fingerprint(learned=learned)}"
        with sentence_files(learned) as files:
            result = rasa.model_training.train(
                domain=str(PROJECT / "domain.yml"),
                config=str(PROJECT / "config.yml"),
                training_files=[files],
                output=str(folder),
                fixed_model_name=name,
                # Rasa would hash all data first to see what has changed: all of it has, or nobody would train.
                force_training=True,
            )
    except Exception as problem:
        raise TrainingFailed(f"the dialogue model could not be trained: {problem}") from problem
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)
    if not result.model or result.code:
        raise TrainingFailed("the dialogue model could not be trained; see the lines above")
    model = folder / f"{name}.tar.gz"
    made = Path(result.model)
    if made != model:
        made.replace(model)
    for old in folder.glob("dialogue-*.tar.gz"):
        if old != model:
            old.unlink()
    return model
