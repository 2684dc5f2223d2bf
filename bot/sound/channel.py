"""The channel: how probable it is that one syllable is heard when another was meant.

P(heard | meant) = P(initial heard | meant) × P(final heard | meant). The prior is prior.yml: what is kept, what accent
merges, what full dialect makes of it, and a floor for what no table foresees. A site's corrections add counts
(`Counts`), so that the next caller who speaks so is heard better. Units: nats."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.foundation.words import load
from bot.sound.syllables import COUNT, FINALS, INITIALS

_FILE = Path(__file__).with_name("prior.yml")
#: the dialect of prior.yml that is meant where none is named
DIALECT = "chongyang"
#: what a syllable that was heard is worth against chance (nats): about as many as there are common ones
CHANCE = 5.0
#: the worst that one syllable can cost (nats): a recogniser may write anything
WORST = 9.0
#: pseudo-counts of the prior for each sound that was meant, against counts that a site learned
PRIOR = 30.0
#: what a site learned is so much of a channel at most: those who were never corrected call as well. Measured with 60 to 600
#: corrections of one village: two thirds of prior cost it nothing, and the next village loses one sentence in a hundred
SHARE = 1 / 3
#: how a Chongyang sound is named in prior.yml that is none
_NONE = "none"

Matrix = NDArray[np.float32]
Counted = NDArray[np.float64]


@dataclass(frozen=True)
class _Dialect:
    initials: dict[str, dict[str, float]]
    finals: dict[str, dict[str, float]]


@dataclass(frozen=True)
class _Merged:
    initials: dict[str, tuple[str, ...]]
    finals: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Prior:
    """prior.yml."""

    kept: float
    merged: float
    floor: float
    dialects: dict[str, _Dialect]
    written: _Dialect
    accent: _Merged


@dataclass(frozen=True, eq=False)
class Counts:
    """How often a sound was meant (row) and heard (column): (initials × initials), (finals × finals), expected counts."""

    initials: Counted
    finals: Counted

    @classmethod
    def none(cls) -> Counts:
        """Nothing learned yet."""
        return cls(np.zeros((len(INITIALS),) * 2), np.zeros((len(FINALS),) * 2))

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(self.initials + other.initials, self.finals + other.finals)


@dataclass(frozen=True, eq=False)
class Channel:
    """`initials` (22 × 22) and `finals` (36 × 36): P(heard | meant), rows are what was meant and sum to 1.

    `gain` (syllables × syllables, float32): what hearing the column tells for the row, in nats against chance; between
    CHANCE − WORST and CHANCE. A channel is itself and no other, so it can be the key of a cache."""

    initials: Counted
    finals: Counted
    gain: Matrix

    @classmethod
    def of(cls, initials: Counted, finals: Counted) -> Channel:
        """The channel of two tables of probabilities."""
        both = -np.log(initials)[:, None, :, None] - np.log(finals)[None, :, None, :]
        cost = np.minimum(both.reshape(COUNT, COUNT), WORST)
        return cls(initials, finals, (CHANCE - cost).astype(np.float32))

    def learned(self, counts: Counts, prior: float = PRIOR, share: float = SHARE) -> Channel:
        """This channel as the prior (`prior` pseudo-counts a row) and what a site counted, of which no row takes more
        than its `share`."""

        def posterior(table: Counted, seen: Counted) -> Counted:
            most = prior * share / (1 - share) if share < 1 else np.inf
            seen = seen * np.minimum(1.0, most / np.maximum(seen.sum(1, keepdims=True), 1e-9))
            return (prior * table + seen) / (prior + seen.sum(1, keepdims=True))

        return Channel.of(posterior(self.initials, counts.initials), posterior(self.finals, counts.finals))

    def drawn(self, meant: NDArray[np.int64], dice: np.random.Generator) -> NDArray[np.int64]:
        """What is heard for each syllable that was meant, one draw each. Shape (n,) → (n,)."""
        initial, final = np.divmod(meant, len(FINALS))

        def draw(table: Counted, rows: NDArray[np.int64]) -> NDArray[np.int64]:
            over = np.cumsum(table[rows], axis=1) > dice.random(len(rows))[:, None]
            return np.asarray(over.argmax(1))

        return draw(self.initials, initial) * len(FINALS) + draw(self.finals, final)


def _table(
    names: tuple[str, ...],
    prior: _Prior,
    said: dict[str, dict[str, float]],
    written: dict[str, dict[str, float]],
    merged: dict[str, tuple[str, ...]],
) -> Counted:
    at = {name: place for place, name in enumerate(names)}
    table = np.full((len(names), len(names)), prior.floor)
    for name in names:
        row = table[at[name]]
        row[at[name]] += prior.kept
        for other in merged.get(name, ()):
            row[at[other]] += prior.merged
        for sound, share in said.get(name, {}).items():
            for other, part in written.get(sound, {}).items():
                row[at[other]] += (1 - prior.kept) * share * part
    table /= table.sum(1, keepdims=True)
    return table


def prior(dialect: str = DIALECT) -> Channel:
    """The channel before anything was learned, always the same one. Raises WordsBroken when prior.yml is damaged,
    KeyError for a dialect that it does not have."""
    return _prior(dialect)


@lru_cache(maxsize=4)
def _prior(dialect: str) -> Channel:
    tables = load(_Prior, _FILE)
    return _of_tables(tables, dialect)


def speaker(kept: float, merged: float, floor: float, dialect: str | None = DIALECT) -> Channel:
    """The channel of somebody who keeps and merges more or less than the prior says; without a dialect accent alone.

    For training on many speakers, so that what is learned holds for one whom nobody has heard."""
    return _of_tables(replace(load(_Prior, _FILE), kept=kept, merged=merged, floor=floor), dialect)


def digest() -> str:
    """Changes when the tables of the prior change: what was trained with others is stale."""
    return hashlib.sha256(_FILE.read_bytes()).hexdigest()


def _of_tables(tables: _Prior, dialect: str | None) -> Channel:
    one = tables.dialects[dialect] if dialect else _Dialect({}, {})
    return Channel.of(
        _table(INITIALS, tables, one.initials, tables.written.initials, tables.accent.initials),
        _table(FINALS, tables, one.finals, tables.written.finals, tables.accent.finals),
    )
