"""What people call a place that has another name on paper: shown to a person, then a name of the place (`places.yml`).

A name that was merely misheard is none of these: the channel learns it (bot/learning/hearing.py)."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence

from bot.grid.said_names import SHORTEST, SaidName, check, places_file, read, write
from bot.learning import files
from bot.learning.book import CorrectionCard
from bot.learning.lexicon_words import SOURCE
from bot.learning.rules import same_sentence
from bot.learning.waiting_words import WaitingWords, Word
from bot.sound.alike import sounds_alike

#: so often at least, so that one slip of a pen is no name
_FEWEST = 2
#: what people call a place is not longer
_LONGEST = 10


def called_otherwise(corrections: Iterable[CorrectionCard], names: Collection[str]) -> list[Word]:
    """Names that stand in the corrected words where something else was said, most often first. Streets, compounds and
    communities are public; nothing else of the sentence is kept but what stood in the name's place."""
    found: dict[tuple[str, str], Word] = {}
    for one in corrections:
        heard, said = same_sentence(one.heard), same_sentence(one.words)
        for name in {name for name in names if name in said and name not in heard}:
            part = _instead(heard, said, name)
            if part and part not in names and not sounds_alike(part, name):
                word = found.setdefault((part, name), Word(part, name, 0, [f"{part} → {name}"]))
                word.count += 1
    often = [word for word in found.values() if word.count >= _FEWEST]
    return sorted(often, key=lambda word: (-word.count, word.say, word.means))


def _instead(heard: str, said: str, name: str) -> str:
    """The characters that were heard where the name should stand; empty when that cannot be told."""
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
    return part if SHORTEST <= len(part) <= _LONGEST and not any(map(str.isdigit, part)) else ""


# ---- the file that a person reads ---------------------------------------------------------------


_names = WaitingWords(lambda: files.words_file().with_name("places.yml"))
waiting = _names.waiting


def keep(found: Sequence[Word]) -> int:
    """Write the pairs down for a person; → how many wait. What was accepted or rejected does not come back."""
    return _names.keep(found, {(one.said, one.means) for one in read(places_file())})


def is_known(choice: str) -> bool:
    """Whether "老农药厂" or "老农药厂=桃溪社区" waits, or is in use."""
    say = choice.partition("=")[0]
    return bool(_names.fitting(choice)) or any(one.said == say for one in read(places_file()))


def accept(choice: str, names: Collection[str], ordinary: Sequence[str]) -> str:
    """Confirm a pair; → what was done. Raises WordRefused, SaidNamesRefused: nothing was changed."""
    word = _names.one(choice)
    pairs = [*read(places_file()), SaidName(word.say, word.means, f"{SOURCE}, {word.count} times")]
    check(pairs, names, ordinary)
    write(pairs)
    _names.forget(word.say, word.means, reject=False)
    return f"{word.say} → {word.means}"


def reject(choice: str) -> None:
    """Forget a pair for good; one that is in use is taken back. Raises WordRefused."""
    say, _, means = choice.partition("=")
    present = read(places_file())
    gone = [one for one in present if one.said == say and means in ("", one.means)]
    if gone:
        write(one for one in present if one not in gone)
    for word in [Word(one.said, one.means) for one in gone] or [_names.one(choice)]:
        _names.forget(word.say, word.means, reject=True)
