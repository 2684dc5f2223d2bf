"""Training the dialogue model, and knowing when the one on disk is stale."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from bot.dialogue import rasa_lite
from bot.settings import PROJECT
from nlu.lexicon import site_file

#: everything that decides what a trained model is
SOURCES = ("config.yml", "domain.yml", "nlu/**/*.yml", "nlu/**/*.py", "nlu/**/*.txt", "nlu/**/*.tsv")


class TrainingFailed(Exception):
    """Rasa refused the training data; the message says why."""


def fingerprint(root: Path = PROJECT) -> str:
    """A hash over every source file's path and content, and Rasa's version in the lock file."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for file in sorted(root.glob(pattern)):
            digest.update(str(file.relative_to(root)).encode())
            digest.update(file.read_bytes())
    if site_file().exists():
        # A site's own words: a model trained without them is stale.
        digest.update(site_file().read_bytes())
    return digest.hexdigest()[:16]


def trained_model(folder: Path) -> Path | None:
    """The model in `folder` that was trained from the present sources, None when there is none."""
    model = folder / f"dialogue-{fingerprint()}.tar.gz"
    return model if model.exists() else None


def train(folder: Path, *, force: bool = False) -> Path:
    """Train from config.yml, domain.yml and nlu/ into `folder`; → the model's path. Old models are removed.

    Progress goes to stderr. Raises TrainingFailed. Two processes at once: the second takes what the first made."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / ".training.lock"
    import fcntl

    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        ready = trained_model(folder)
        if ready and not force:
            return ready
        return _train(folder)


def _train(folder: Path) -> Path:
    rasa_lite.install()
    print("training the dialogue model …", file=sys.stderr, flush=True)
    stdout = os.dup(1)
    try:
        # Rasa prints on stdout, which belongs to the commands' JSON.
        sys.stdout.flush()
        os.dup2(2, 1)
        import rasa.model_training

        from bot.dialogue.quiet import quiet_rasa

        quiet_rasa()
        name = f"dialogue-{fingerprint()}"
        result = rasa.model_training.train(
            domain=str(PROJECT / "domain.yml"),
            config=str(PROJECT / "config.yml"),
            training_files=[str(PROJECT / "nlu")],
            output=str(folder),
            fixed_model_name=name,
            force_training=False,
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
