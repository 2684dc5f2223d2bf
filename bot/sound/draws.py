"""Draws from a channel: what a recogniser may write when somebody says a sentence, spelled with common characters."""

from __future__ import annotations

from functools import cache

import numpy as np

from bot.sound.channel import Channel, prior
from bot.sound.syllables import readings


def heard_as(text: str, channel: Channel, dice: np.random.Generator, share: float = 1.0) -> str:
    """One draw of what is heard of `text`; digits, marks and what has no sound stay as they are.

    `share` of the characters go through the channel, the others are heard as they were said."""
    through = dice.random(len(text)) < share if share < 1 else np.ones(len(text), bool)
    said = [readings(one)[:1] if drawn else () for one, drawn in zip(text, through, strict=True)]
    sounds = np.array([one[0] for one in said if one], np.int64)
    heard = channel.drawn(sounds, dice)
    written, kept = _written(), sounds == heard
    found, place = list(text), 0
    for at, sound in enumerate(said):
        if sound:
            # What is heard as it was meant is written as it was meant: a recogniser knows words.
            if not kept[place]:
                characters = written[int(heard[place])]
                found[at] = characters[int(dice.integers(len(characters)))]
            place += 1
    return "".join(found)


@cache
def _written() -> dict[int, str]:
    """The common characters (level 1 of GB 2312) of every syllable; of one that nobody writes, those of the nearest."""
    common = bytes(byte for row in range(0xB0, 0xD8) for column in range(0xA1, 0xFF) for byte in (row, column))
    found: dict[int, str] = {}
    for one in common.decode("gb2312", "ignore"):
        for number in readings(one)[:1]:
            found[number] = found.get(number, "") + one
    known = np.array(sorted(found))
    nearest = known[prior().gain[:, known].argmax(1)]
    return {number: found[int(near)] for number, near in enumerate(nearest)}
