"""Dialect words on their way to the standard language, for what decides the intent."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from bot.foundation.errors import Refused
from bot.foundation.words import load

OWN = Path(__file__).resolve().parent / "data" / "lexicon.yml"
MARKS = ("A", "A?", "B", "G", "site")
#: an entry that changes more than this share of ordinary sentences rewrites the language, not a word
HALF_THE_LANGUAGE = 0.25


class LexiconRefused(Refused):
    """The lexicon cannot be used; the message names the file, the entry and the reason."""


@dataclass(frozen=True)
class Entry:
    """`say` becomes `means`, where the next character allows it."""

    say: str
    means: str
    mark: str = "site"
    source: str = ""
    before: tuple[str, ...] = ()
    not_before: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        ahead = f"(?={'|'.join(map(re.escape, self.before))})" if self.before else ""
        never = f"(?!{'|'.join(map(re.escape, self.not_before))})" if self.not_before else ""
        return re.escape(self.say) + ahead + never


class Lexicon:
    """Rewrites each place once, the longest entry first; what was written is not looked at again."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(sorted(entries, key=lambda one: (-len(one.say), not one.before)))
        self._means = [one.means for one in self.entries]
        together = "|".join(f"({one.pattern})" for one in self.entries)
        self._pattern = re.compile(together) if together else None

    def standard(self, text: str) -> str:
        """`standard("屋里冇得电") == "家里没有电"`."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._means[(match.lastindex or 1) - 1], text)


def check(entries: Iterable[Entry], sentences: Sequence[str] = (), file: str = "lexicon.yml") -> None:
    """Raises LexiconRefused for an empty word, an unknown mark, two meanings, a circle, and an entry that would
    change more than a quarter of `sentences` (unless it only holds before certain characters)."""
    known: dict[tuple[str, tuple[str, ...]], Entry] = {}
    for one in entries:
        if not one.say.strip() or not one.means.strip():
            raise LexiconRefused(f"{file}: an entry without {'say' if not one.say.strip() else 'means'}")
        if one.mark not in MARKS:
            raise LexiconRefused(f"{file}: {one.say}: mark {one.mark!r} is none of {', '.join(MARKS)}")
        if one.say == one.means:
            raise LexiconRefused(f"{file}: {one.say} means itself")
        earlier = known.setdefault((one.say, one.before), one)
        if earlier.means != one.means:
            raise LexiconRefused(f"{file}: {one.say} means both {earlier.means} and {one.means}")
        changed = sum(re.search(one.pattern, sentence) is not None for sentence in sentences)
        if sentences and changed > HALF_THE_LANGUAGE * len(sentences):
            raise LexiconRefused(
                f"{file}: {one.say} → {one.means} would change {changed} of {len(sentences)} ordinary sentences;"
                " say it longer, or with before: […]"
            )
    means = {say: one.means for (say, _), one in known.items()}
    for say in means:
        seen, at = {say}, means[say]
        while at in means:
            if at in seen:
                raise LexiconRefused(f"{file}: {say} leads back to {at}")
            seen.add(at)
            at = means[at]


@dataclass(frozen=True)
class _LexiconFile:
    entries: tuple[Entry, ...] | None = None


def read(file: Path) -> list[Entry]:
    """The entries of a file. Raises LexiconRefused."""
    found = load(
        _LexiconFile,
        file,
        empty=_LexiconFile(),
        fault=lambda line: LexiconRefused(f"not a lexicon (say, means, mark, source): {line}"),
    )
    return list(found.entries or ())


def site_file() -> Path:
    """Where a site writes its own words."""
    return Path(os.environ.get("GEGE_HOME") or "var") / "lexicon.yml"


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """Gege's words and the site's; the site's win."""
    own, site = read(OWN), read(site_file()) if site_file().exists() else []
    check(own, file=OWN.name)
    check(site, ordinary(), str(site_file()))
    taken = {one.say for one in site}
    return Lexicon([*site, *(one for one in own if one.say not in taken)])


@lru_cache(maxsize=1)
def ordinary() -> tuple[str, ...]:
    """The training sentences, as ordinary language."""
    found: list[str] = []
    for file in sorted(OWN.parent.parent.glob("*.yml")):
        for block in yaml.safe_load(file.read_text("utf-8")).get("nlu") or ():
            found += [line.removeprefix("- ") for line in block.get("examples", "").splitlines() if line.strip()]
    return tuple(found)


def standard(text: str) -> str:
    """The standard wording of what was said."""
    return lexicon().standard(text)


def digest() -> str:
    """Changes when a word changes: a model trained with other words is stale."""
    together = hashlib.sha256(OWN.read_bytes())
    if site_file().exists():
        together.update(site_file().read_bytes())
    return together.hexdigest()
