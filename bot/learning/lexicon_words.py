"""New words for the lexicon: what differs between heard and said, for a person to confirm."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.learning import shelf
from bot.learning.book import CorrectionCard, learning_words
from bot.learning.rules import same_sentence
from nlu.lexicon import Entry, Lexicon, LexiconRefused, check, lexicon, ordinary, read, site_file

#: characters of a word on either side
_FEWEST, _MOST = 2, 6
#: sentences that share less than this are two sentences, not one misheard
_ALIKE = 0.4
_EXAMPLES = 3
#: what the lexicon says about where such an entry comes from
SOURCE = "corrected by staff"


class WordRefused(Exception):
    """A word cannot be taken or rejected; the message says why."""


@dataclass
class Word:
    """`say` was heard where `means` was said, `count` times."""

    say: str
    means: str
    count: int = 0
    examples: list[str] = field(default_factory=list)


def differing(heard: str, said: str) -> list[tuple[str, str]]:
    """differing("屋里梭子断了", "屋里闸刀断了") == [("梭子", "闸刀")]; a single character takes its neighbour with it."""
    a, b = same_sentence(heard), same_sentence(said)
    aligned = difflib.SequenceMatcher(None, a, b, autojunk=False)
    if not a or not b or aligned.ratio() < _ALIKE:
        return []
    found = []
    for tag, begin, end, to, until in aligned.get_opcodes():
        if tag == "equal":
            continue
        while min(end - begin, until - to) < _FEWEST:
            if end < len(a) and until < len(b) and a[end] == b[until]:
                end, until = end + 1, until + 1
            elif begin and to and a[begin - 1] == b[to - 1]:
                begin, to = begin - 1, to - 1
            else:
                break
        say, means = a[begin:end], b[to:until]
        if _FEWEST <= len(say) <= _MOST and _FEWEST <= len(means) <= _MOST and not any(map(str.isdigit, say + means)):
            found.append((say, means))
    return list(dict.fromkeys(found))


def candidates(corrections: Iterable[CorrectionCard], strip: Callable[[str, CorrectionCard], str]) -> list[Word]:
    """The words of these corrections that the lexicon does not know yet, most often first."""
    words: dict[tuple[str, str], Word] = {}
    known = lexicon()
    for one in corrections:
        heard, said = strip(one.heard, one), strip(one.words, one)
        for say, means in differing(heard, said):
            if known.standard(say) == known.standard(means):
                continue
            word = words.setdefault((say, means), Word(say, means))
            word.count += 1
            if len(word.examples) < _EXAMPLES and said not in word.examples:
                word.examples.append(f"{heard} → {said}")
    return sorted(words.values(), key=lambda word: (-word.count, word.say, word.means))


# ---- the file that a person reads ---------------------------------------------------------------


def waiting() -> list[Word]:
    """Words that nobody has accepted or rejected."""
    return [Word(**row) for row in _file()["waiting"]]


def keep(found: Sequence[Word]) -> int:
    """Write the words down for a person; → how many wait. What was rejected does not come back."""
    rejected = {tuple(pair) for pair in _file()["rejected"]}
    _write([word for word in found if (word.say, word.means) not in rejected], _file()["rejected"])
    return len(waiting())


def entry_of(choice: str) -> Entry:
    """The entry for "梭子", or "梭子=闸刀" where two are possible. Raises WordRefused."""
    say, _, means = choice.partition("=")
    fitting = [word for word in waiting() if word.say == say and means in ("", word.means)]
    if not fitting:
        raise WordRefused(f"{choice} is not among the words that wait ({shelf.words_file()})")
    if len(fitting) > 1:
        both = " or ".join(f"{word.say}={word.means}" for word in fitting)
        raise WordRefused(f"{say} may mean more than one thing; say which: {both}")
    return Entry(say, fitting[0].means, "site", f"{SOURCE}, {fitting[0].count} times")


def accept(entry: Entry) -> None:
    """Write an entry into the site's lexicon. Raises LexiconRefused: nothing was written."""
    file = site_file()
    present = read(file) if file.exists() else []
    check([*present, entry], ordinary(), str(file))
    shelf.write_whole(file, _with_entry(shelf.read_text(file), entry, present))
    lexicon.cache_clear()
    _forget(entry, reject=False)


def reject(choice: str) -> None:
    """Forget a word for good; one that was accepted leaves the lexicon. Raises WordRefused."""
    say, _, means = choice.partition("=")
    file = site_file()
    present = read(file) if file.exists() else []
    learned = [one for one in present if one.say == say and one.source.startswith(SOURCE)]
    if learned:
        rows = yaml.safe_load(file.read_text("utf-8"))
        rows["entries"] = [
            row for row in rows["entries"] if row["say"] != say or not str(row.get("source", "")).startswith(SOURCE)
        ]
        shelf.write_whole(file, yaml.safe_dump(rows, allow_unicode=True, sort_keys=False))
        lexicon.cache_clear()
    for entry in learned or [entry_of(choice)]:
        _forget(entry, reject=True)


def as_lexicon(entry: Entry) -> Lexicon:
    """The entry alone, to see what it would do."""
    return Lexicon([entry])


def _with_entry(text: str, entry: Entry, present: list[Entry]) -> str:
    """The file with one more entry; its comments stay where its form allows that."""
    row = {"say": entry.say, "means": entry.means, "mark": entry.mark, "source": entry.source}
    line = yaml.safe_dump(row, allow_unicode=True, sort_keys=False, default_flow_style=True, width=1000).strip()
    for head in ("- ", "  - ") if present else ("entries:\n- ",):
        written = f"{text.rstrip()}\n{head}{line}\n".lstrip()
        try:
            rows = yaml.safe_load(written)
            if isinstance(rows, dict) and len(rows["entries"]) == len(present) + 1 and rows["entries"][-1] == row:
                return written
        except (yaml.YAMLError, KeyError, TypeError):
            continue
    rows = yaml.safe_load(text) or {}
    rows["entries"] = [*(rows.get("entries") or []), row]
    return yaml.safe_dump(rows, allow_unicode=True, sort_keys=False)


def _forget(entry: Entry, *, reject: bool) -> None:
    pair = [entry.say, entry.means]
    rejected = [*_file()["rejected"], pair] if reject and pair not in _file()["rejected"] else _file()["rejected"]
    _write([word for word in waiting() if [word.say, word.means] != pair], rejected)


def _file() -> dict[str, Any]:
    try:
        kept = yaml.safe_load(shelf.read_text(shelf.words_file())) or {}
        return {"waiting": kept.get("waiting") or [], "rejected": kept.get("rejected") or []}
    except (yaml.YAMLError, AttributeError) as problem:
        raise LexiconRefused(f"{shelf.words_file()}: {problem}") from problem


def _write(words: Sequence[Word], rejected: list[list[str]]) -> None:
    rows = {"waiting": [vars(word) for word in words], "rejected": rejected}
    text = yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=1000)
    shelf.write_whole(shelf.words_file(), learning_words()["words_head"] + text)
