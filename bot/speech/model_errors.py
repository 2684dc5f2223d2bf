"""What is wrong with a speech model: its folder, or the file that it came in."""

from __future__ import annotations

from bot.foundation.errors import Refused


class ModelMissing(Refused):
    """A folder holds no usable speech model; the message names it and says what to do."""


class ModelRefused(Refused):
    """A download or zip file is not what it should be; nothing was installed."""
