"""How a village speaks: the prior, with sounds merged that no table merges."""

from __future__ import annotations

from collections.abc import Mapping

from bot.sound.channel import Channel, prior
from bot.sound.syllables import FINALS, INITIALS

#: of a sound that a village merges, so much is heard as the other
_MERGED = 0.85


def village(initials: Mapping[str, str], finals: Mapping[str, str]) -> Channel:
    """The prior, but these sounds are said as others."""
    tables = prior().initials.copy(), prior().finals.copy()
    for table, names, merged in zip(tables, (INITIALS, FINALS), (initials, finals), strict=True):
        for meant, heard in merged.items():
            table[names.index(meant)] *= 1 - _MERGED
            table[names.index(meant), names.index(heard)] += _MERGED
    return Channel.of(*tables)
