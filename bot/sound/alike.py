"""Whether one word may be another one misheard, and how much of one sentence sounds in another."""

from __future__ import annotations

from bot.sound.alignment import where
from bot.sound.channel import Channel
from bot.sound.heard import Characters, Heard
from bot.sound.site import channel

#: what each character of a word has to tell on average (nats) where it is the same word misheard; chance is 0
_EACH = 1.5


def sounds_alike(heard: str, meant: str, through: Channel | None = None) -> bool:
    """Whether `heard` as a whole is what may be heard of `meant`: `sounds_alike("严活路", "沿河路")`, not 老农药厂 and 桃溪社区."""
    longest = max(len(heard), len(meant))
    return bool(longest) and where(Heard(heard), meant, through or channel()).gain >= _EACH * longest


def likeness(one: str, other: str, through: Channel | None = None) -> float:
    """How much of two sentences has the same sound, 0 to 1: 停电了 and 停店了 are 1, 我家停电了 and 我家的电费 between; 1 for two
    in which nothing is said."""
    heard, meant = Heard(one), Heard(other).symbols
    longest = max(heard.n, len(meant))
    if not heard.n or not meant:
        return float(longest == 0)
    through = through or channel()
    characters = Characters(meant)
    gains = heard.emissions(characters, through)
    stands = where(heard, meant, through).symbols
    pairs = [gains[characters.index[said], at] for said, at in zip(meant, stands, strict=False) if at >= 0]
    return sum(bool(gain >= _EACH) for gain in pairs) / longest
