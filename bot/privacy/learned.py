"""What was learned from somebody's words, unlearned: sentences out of the training files, and a model without them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.training import learned_folder, site_models, train_learned
from bot.foundation.files import write_whole
from bot.learning import files
from bot.learning.rules import same_sentence

#: an example is what is left of a sentence without names and numbers: at least this share of it
_LEAST = 0.4
_ITEM = "    - "


@dataclass(frozen=True)
class Taught:
    """What a correction may have taught: what was heard or meant."""

    sentences: tuple[str, ...]


def unlearn(taught: Iterable[Taught], progress: Callable[[str], None]) -> int:
    """Take every example that may come of these sentences out of the site's files, train without them, and delete the
    models that knew them; → how many sentences went. The same sentence by somebody else comes back with the next
    `gege learn`: that one reads the corrections that are left.

    Raises LearningBusy, TrainingFailed: the files are as they were."""
    said = [same_sentence(one) for each in taught for one in each.sentences if one.strip()]
    present = files.examples_file()
    if not said or not any(_files()):
        return 0
    with files.alone():
        text, gone = without(files.read_text(present), said)
        staged = files.staged_folder(0)
        if gone:
            shutil.rmtree(staged, ignore_errors=True)
            try:
                _use(text, present, staged, progress)
            finally:
                shutil.rmtree(staged, ignore_errors=True)
        for file in _files():
            old, count = without(files.read_text(file), said)
            if count:
                write_whole(file, old)
                gone += count
    return gone


def _files() -> list[Path]:
    room = files.words_file().parent
    return [one for one in (files.examples_file(), *sorted(room.glob("before-*.yml"))) if one.exists()]


def _use(text: str, present: Path, staged: Path, progress: Callable[[str], None]) -> None:
    """A model without them first: replacing the file is what puts it into service."""
    staged.mkdir(parents=True)
    for file in learned_folder().glob("*.yml"):
        if file != present:
            shutil.copy(file, staged)
    if text:
        (staged / present.name).write_text(text, "utf-8")
    progress("training a model without these sentences …")
    model = train_learned(staged, site_models())
    if text:
        write_whole(present, text)
    else:
        present.unlink()
    for old in site_models().glob("dialogue-*.tar.gz"):
        if old != model:
            old.unlink()


def without(text: str, said: Collection[str]) -> tuple[str, int]:
    """The text of a training file without the examples that may come of these sentences, and how many went."""
    kept, gone = [], 0
    for line in text.splitlines():
        example = same_sentence(line.removeprefix(_ITEM)) if line.startswith(_ITEM) else ""
        if example and any(_within(example, one) for one in said):
            gone += 1
        else:
            kept.append(line)
    lines = [line for at, line in enumerate(kept) if not _is_empty(kept, at)]
    left = any(line.startswith(_ITEM) for line in lines)
    return ("\n".join(lines) + "\n" if left else ""), gone


def _is_empty(lines: list[str], at: int) -> bool:
    """The head of an intent that has no example any more."""
    head = at if lines[at].startswith("- intent:") else at - 1
    heads = lines[head].startswith("- intent:") and lines[at].strip() in (lines[head].strip(), "examples: |")
    return heads and not "".join(lines[head + 2 : head + 3]).startswith(_ITEM)


def _within(example: str, sentence: str) -> bool:
    """Whether the characters of an example stand in a sentence in this order, and are enough of it."""
    rest = iter(sentence)
    return len(example) >= _LEAST * len(sentence) and all(one in rest for one in example)
