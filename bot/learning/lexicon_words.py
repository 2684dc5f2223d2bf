"""New words for the lexicon: what differs between heard and said, for a person to confirm."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

import yaml

from bot.foundation.files import write_whole
from bot.learning import files
from bot.learning.book import CorrectionCard, learning_words
from bot.learning.rules import same_sentence
from bot.learning.waiting_words import WaitingWords, Word
from bot.sound.alike import sounds_alike
from nlu.lexicon import Entry, Lexicon, LexiconRefused, check, lexicon, ordinary, read, site_file

#: characters of a word on either side
_FEWEST, _MOST = 2, 6
#: sentences that share less than this are two sentences, not one misheard
_ALIKE = 0.4
_EXAMPLES = 3
#: what the lexicon says about where such an entry comes from
SOURCE = "corrected by staff"


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
            # What is merely misheard is the channel's (bot/learning/hearing.py).
            if known.standard(say) == known.standard(means) or sounds_alike(say, means):
                continue
            word = words.setdefault((say, means), Word(say, means))
            word.count += 1
            if len(word.examples) < _EXAMPLES and said not in word.examples:
                word.examples.append(f"{heard} → {said}")
    return sorted(words.values(), key=lambda word: (-word.count, word.say, word.means))


# ---- the file that a person reads ---------------------------------------------------------------


_words = WaitingWords(files.words_file, lambda: learning_words().words_head, LexiconRefused)
waiting, keep = _words.waiting, _words.keep


def entry_of(choice: str) -> Entry:
    """The entry for "梭子", or "梭子=闸刀" where two are possible. Raises WordRefused."""
    word = _words.one(choice)
    return Entry(word.say, word.means, "site", f"{SOURCE}, {word.count} times")


def accept(entry: Entry) -> None:
    """Write an entry into the site's lexicon. Raises LexiconRefused: nothing was written."""
    file = site_file()
    present = read(file) if file.exists() else []
    check([*present, entry], ordinary(), str(file))
    write_whole(file, _with_entry(files.read_text(file), entry, present))
    lexicon.cache_clear()
    _words.forget(entry.say, entry.means, reject=False)


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
        write_whole(file, yaml.safe_dump(rows, allow_unicode=True, sort_keys=False))
        lexicon.cache_clear()
    for entry in learned or [entry_of(choice)]:
        _words.forget(entry.say, entry.means, reject=True)


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
