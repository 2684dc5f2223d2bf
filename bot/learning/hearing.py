"""The site's channel out of its corrections: what was heard beside what was meant, counted ear by ear."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.grid.address import street_of
from bot.grid.registry import Registry
from bot.learning.book import CorrectionCard
from bot.learning.rules import same_sentence
from bot.sound import site
from bot.sound.channel import Channel, prior
from bot.sound.draws import heard_as
from bot.sound.estimate import DOUBT, Pair, estimate, evidence
from bot.sound.site import Learned

#: the set of sentences with places, among those that models are compared on
PLACES = "places"
#: corrections that are counted, the newest first: more of them move nothing
_MOST = 2000
#: drawn sentences with places of the site, the same ones for every comparison
_SENTENCES, _SEED = 200, 20261128
#: share of them that may be lost: who learns a village's speech is a little worse at what nobody speaks
_ALLOWED = 0.01


@dataclass(frozen=True)
class Meant:
    """What one correction tells about hearing: pairs of what an ear wrote and what was meant."""

    correction: int
    ear: str
    pairs: tuple[Pair, ...]


def meant_by(corrections: Iterable[CorrectionCard], parts: Callable[[str], Sequence[str]]) -> list[Meant]:
    """Those corrections that say what was really said, the oldest first. `parts`: names of a household's place, of which
    the resident may have said some: each counts only as far as it fits."""
    found = []
    for one in sorted(corrections, key=lambda one: (one.at, one.id)):
        pairs = []
        if one.words and same_sentence(one.words) != same_sentence(one.heard):
            pairs.append(Pair(one.heard, one.words))
        if one.household_no and not pairs:
            pairs += [Pair(one.heard, part, DOUBT) for part in parts(one.household_no)]
        if one.heard and pairs:
            found.append(Meant(one.id, one.ear, tuple(pairs)))
    return found[-_MOST:]


def parts_of(registry: Registry) -> Callable[[str], tuple[str, ...]]:
    """What a household's place is called: its street, compound, community, householder."""
    county = registry.county

    def parts(household_no: str) -> tuple[str, ...]:
        row = county.row_of.get(household_no)
        if row is None:
            return ()
        street = street_of(county.addresses[row])
        names = (street, county.compounds[row], county.communities_of[row].removesuffix("社区"), county.holders[row])
        return tuple(dict.fromkeys(name for name in names if name and len(name) > 1))

    return parts


def learned_from(meant: Sequence[Meant]) -> tuple[Learned, ...]:
    """The counts of every ear."""
    by_ear: dict[str, list[Meant]] = defaultdict(list)
    for one in meant:
        by_ear[one.ear].append(one)
    return tuple(
        Learned(estimate([pair for one in those for pair in one.pairs], prior()).counts, len(those), ear)
        for ear, those in sorted(by_ear.items())
    )


def in_use() -> tuple[Learned, ...]:
    """The counts of the site now; none where the file is damaged."""
    try:
        return site.read(site.channel_file())
    except site.ChannelBroken:
        return ()


def worse_to_hear(
    registry: Registry, new: tuple[Learned, ...], held_out: Sequence[Meant]
) -> tuple[str, dict[str, float], dict[str, float]]:
    """Why these counts are not taken into service, "" when places are found no worse with them and corrections that
    they did not see are explained no worse; and how many places are found now and with them."""
    sentences = _with_places(registry)
    before = {"found": _found(registry, sentences), "sentences": float(len(sentences))}
    with site.trying(new):
        after = {"found": _found(registry, sentences), "sentences": float(len(sentences))}
    reasons = []
    if after["found"] < before["found"] - _ALLOWED - 1e-9:
        reasons.append(f"{PLACES}: {after['found']:.1%} found instead of {before['found']:.1%}")
    was, now = (sum(evidence(one.pairs, site.of(counts, one.ear)) for one in held_out) for counts in (in_use(), new))
    if now < was - 1e-6:
        reasons.append(f"corrections held out are explained worse ({now:.1f} instead of {was:.1f} nats)")
    return "; ".join(reasons), before, after


def _with_places(registry: Registry) -> list[tuple[str, str]]:
    """(what is heard, household): places of the site as they are written, and drawn from the prior's half."""
    county, dice = registry.county, np.random.default_rng(_SEED)
    rows = range(len(county.numbers))
    chosen = sorted(dice.choice(len(rows), min(_SENTENCES, len(rows)), replace=False))
    accent = Channel.of(*((np.eye(len(table)) + table) / 2 for table in (prior().initials, prior().finals)))
    found = []
    for number, row in enumerate(chosen):
        said = f"{county.communities_of[row]}{county.compounds[row]}{county.addresses[row]}{county.holders[row]}"
        found.append((said if number % 2 else heard_as(said, accent, dice), county.numbers[row]))
    return found


def _found(registry: Registry, sentences: Sequence[tuple[str, str]]) -> float:
    def first(text: str) -> str | None:
        place = registry.locate(text)
        return place.household_no or next((one.household_no for one in place.candidates), None)

    return sum(first(text) == number for text, number in sentences) / len(sentences) if sentences else 1.0
