"""Names of places that are heard as something else again and again: shown to a person, then put right, and read so by
the recogniser (`gege models graph`)."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence

import yaml

from bot.foundation.files import write_whole
from bot.grid.heard_names import SHORTEST, HeardName, check, names_file, read
from bot.learning import files
from bot.learning.book import CorrectionCard
from bot.learning.lexicon_words import SOURCE
from bot.learning.rules import same_sentence
from bot.learning.waiting_words import WaitingWords, Word
from bot.sound.classes import fold

#: so often at least, so that one slip of a pen is no pronunciation
_FEWEST = 2


def misheard(corrections: Iterable[CorrectionCard], names: Collection[str]) -> list[Word]:
    """Names that stand in the corrected words and were heard otherwise, most often first. Streets, compounds and
    communities are public; nothing else of the sentence is kept."""
    found: dict[tuple[str, str], Word] = {}
    for one in corrections:
        heard, said = same_sentence(one.heard), same_sentence(one.words)
        for name in {name for name in names if name in said and name not in heard}:
            part = _heard_as(heard, said, name)
            # What sounds the same is found by its sound already.
            if part and fold(part) != fold(name):
                word = found.setdefault((part, name), Word(part, name, 0, [f"{part} → {name}"]))
                word.count += 1
    often = [word for word in found.values() if word.count >= _FEWEST]
    return sorted(often, key=lambda word: (-word.count, word.say, word.means))


def _heard_as(heard: str, said: str, name: str) -> str:
    """The characters that were heard where the name was said; empty when that cannot be told."""
    begin = said.index(name)
    end = begin + len(name)
    pieces: list[tuple[int, int]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, heard, said, autojunk=False).get_opcodes():
        if d <= begin or c >= end:
            continue
        if tag == "equal":
            cut = (max(begin - c, 0), max(d - end, 0))
            pieces.append((a + cut[0], b - cut[1]))
        elif c >= begin and d <= end:
            pieces.append((a, b))
        else:
            return ""  # the difference runs beyond the name
    if not pieces:
        return ""
    part = heard[pieces[0][0] : pieces[-1][1]]
    return part if len(part) >= SHORTEST and abs(len(part) - len(name)) <= 1 and not any(map(str.isdigit, part)) else ""


# ---- the file that a person reads ---------------------------------------------------------------


_names = WaitingWords(lambda: files.words_file().with_name("names.yml"))
waiting = _names.waiting


def keep(found: Sequence[Word]) -> int:
    """Write the pairs down for a person; → how many wait. What was accepted or rejected does not come back."""
    return _names.keep(found, {(one.heard, one.name) for one in read(names_file())})


def is_waiting(choice: str) -> bool:
    """Whether "桃西" or "桃西=桃溪" is one of them."""
    return bool(_names.fitting(choice))


def accept(choice: str, names: Collection[str], ordinary: Sequence[str]) -> str:
    """Confirm a pair; → what was done. Raises WordRefused, NamesRefused: nothing was changed."""
    word = _names.one(choice)
    present = read(names_file())
    pairs = [*present, HeardName(word.say, word.means, f"{SOURCE}, {word.count} times")]
    check(pairs, names, ordinary)
    _write_names(pairs)
    _names.forget(word.say, word.means, reject=False)
    return f"{word.say} → {word.means}"


def reject(choice: str) -> None:
    """Forget a pair for good; one that was accepted is taken back. Raises WordRefused."""
    say, _, means = choice.partition("=")
    present = read(names_file())
    gone = [one for one in present if one.heard == say and means in ("", one.name)]
    if gone:
        _write_names([one for one in present if one not in gone])
    for word in [Word(one.heard, one.name) for one in gone] or [_names.one(choice)]:
        _names.forget(word.say, word.means, reject=True)


def _write_names(pairs: Sequence[HeardName]) -> None:
    rows = {"names": [vars(one) for one in pairs]}
    write_whole(names_file(), yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=1000))
