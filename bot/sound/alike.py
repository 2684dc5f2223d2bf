"""Whether one word may be another one misheard."""

from __future__ import annotations

from bot.sound.alignment import where
from bot.sound.channel import Channel
from bot.sound.heard import Heard
from bot.sound.site import channel

#: what each character of a word has to tell on average (nats) where it is the same word misheard; chance is 0
_EACH = 1.5


def sounds_alike(heard: str, meant: str, through: Channel | None = None) -> bool:
    """Whether `heard` as a whole is what may be heard of `meant`: `sounds_alike("严活路", "沿河路")`, not 老农药厂 and 桃溪社区."""
    longest = max(len(heard), len(meant))
    return bool(longest) and where(Heard(heard), meant, through or channel()).gain >= _EACH * longest
