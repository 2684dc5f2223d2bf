"""Pairs of words that wait for a person: what was heard, what was meant, how often; rejected ones do not come back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bot.foundation.errors import GegeError, Refused
from bot.foundation.files import write_whole
from bot.foundation.words import load


class WordRefused(Refused):
    """A word cannot be taken or rejected; the message says why."""


@dataclass
class Word:
    """`say` was heard where `means` was said, `count` times."""

    say: str
    means: str
    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Kept:
    """The file."""

    waiting: tuple[Word, ...] | None = None
    rejected: tuple[tuple[str, str], ...] | None = None


class WaitingWords:
    """One file of pairs that a person reads. `head`: the remark at its beginning; `broken`: what is raised when it cannot be
    read."""

    def __init__(
        self, file: Callable[[], Path], head: Callable[[], str] = str, broken: type[GegeError] = WordRefused
    ) -> None:
        self._file, self._head, self._broken = file, head, broken

    def waiting(self) -> list[Word]:
        """Pairs that nobody has accepted or rejected."""
        return list(self._kept().waiting or ())

    def keep(self, found: Sequence[Word], settled: Collection[tuple[str, str]] = ()) -> int:
        """Write the pairs down instead of those before; → how many wait. Rejected and `settled` ones do not come back."""
        rejected = self._kept().rejected or ()
        done = {*rejected, *settled}
        self._write([word for word in found if (word.say, word.means) not in done], rejected)
        return len(self.waiting())

    def fitting(self, choice: str) -> list[Word]:
        """Those that "梭子", or "梭子=闸刀" where two are possible, may be."""
        say, _, means = choice.partition("=")
        return [word for word in self.waiting() if word.say == say and means in ("", word.means)]

    def one(self, choice: str) -> Word:
        """The pair of a choice. Raises WordRefused when there is none, or more than one."""
        fitting = self.fitting(choice)
        if not fitting:
            raise WordRefused(f"{choice} is not among the words that wait ({self._file()})")
        if len(fitting) > 1:
            both = " or ".join(f"{word.say}={word.means}" for word in fitting)
            raise WordRefused(f"{choice.partition('=')[0]} may mean more than one thing; say which: {both}")
        return fitting[0]

    def forget(self, say: str, means: str, *, reject: bool) -> None:
        """It waits no more; with `reject` it does not come back."""
        pair, rejected = (say, means), self._kept().rejected or ()
        if reject and pair not in rejected:
            rejected = (*rejected, pair)
        self._write([word for word in self.waiting() if (word.say, word.means) != pair], rejected)

    def _kept(self) -> _Kept:
        file = self._file()
        return load(_Kept, file, empty=_Kept(), fault=self._broken) if file.exists() else _Kept()

    def _write(self, words: Sequence[Word], rejected: Sequence[tuple[str, str]]) -> None:
        rows = {"waiting": [vars(word) for word in words], "rejected": [list(pair) for pair in rejected]}
        text = yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=1000)
        write_whole(self._file(), self._head() + text)
