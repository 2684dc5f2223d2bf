"""How a village speaks, as its recogniser writes it: draws from a channel, spelled with common characters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from bot.sound.channel import Channel, prior
from bot.sound.syllables import FINALS, INITIALS, readings

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


def heard_as(text: str, speech: Channel, dice: np.random.Generator) -> str:
    """What a recogniser writes when a resident of the village says `text`; digits and marks stay."""
    meant = [readings(one)[:1] for one in text]
    sounds = np.array([one[0] for one in meant if one], np.int64)
    heard = iter(speech.drawn(sounds, dice))
    written = _written()
    return "".join(
        dice.choice(written[int(next(heard))]) if said else one for one, said in zip(text, meant, strict=True)
    )


@cache
def _written() -> dict[int, list[str]]:
    """The common characters (level 1 of GB 2312) of every syllable; of one that nobody writes, those of the nearest."""
    common = bytes(byte for row in range(0xB0, 0xD8) for column in range(0xA1, 0xFF) for byte in (row, column))
    found: dict[int, list[str]] = {}
    for one in common.decode("gb2312", "ignore"):
        for number in readings(one)[:1]:
            found.setdefault(number, []).append(one)
    known = np.array(sorted(found))
    nearest = known[prior().gain[:, known].argmax(1)]
    return {number: found[int(near)] for number, near in enumerate(nearest)}
