"""Whether two names are one to the ear of somebody who must not mistake one for another: accent apart, nothing else."""

from __future__ import annotations

from functools import lru_cache

from bot.sound.channel import prior
from bot.sound.numbers import plain
from bot.sound.syllables import readings

#: what one character must tell of the other (nats): accent merges tell more, full dialect less
_ACCENT = 2.0


def same_name(name: str, spoken: str) -> bool:
    """Whether two names have the same sounds but for accent: 张 and 章, 刘 and 牛; 王 and 黄, which only full dialect
    merges, are not alike. By the prior: what a site learned proves nobody to be somebody."""
    name, spoken = plain(name), plain(spoken).replace(" ", "")
    return len(name) == len(spoken) and all(_alike(a, b) for a, b in zip(name, spoken, strict=True))


@lru_cache(maxsize=20_000)
def _alike(a: str, b: str) -> bool:
    if a == b:
        return True
    gain = prior().gain
    return any(float(gain[one, other]) >= _ACCENT for one in readings(a) for other in readings(b))
