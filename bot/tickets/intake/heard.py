"""One utterance on its way in, before anybody tried to understand it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel


@dataclass(frozen=True)
class Heard:
    """What was heard or typed, by whom, and how it came. `id` is unique; the same id twice is the same turn."""

    id: str
    session: str
    text: str
    #: n-best of the recogniser, best first, without `text` itself being required
    alternatives: tuple[str, ...] = ()
    caller: Caller = field(default_factory=lambda: Caller.by(Channel.terminal))
    #: number that was dialled, number that diverted to us, or the grid of a QR code ("grid_24")
    dialled: str = ""
    diverting: str = ""
    #: path of the audio below GEGE_HOME, empty when typed
    recording: str = ""
    call_id: str = ""
    #: name of the speech model that heard it, empty when typed
    ear: str = ""
    #: keyed digest of the network address that a page was written on from; empty elsewhere
    origin: str = ""
    #: the ear understood too little of it to act on: `text` is what stood out, perhaps by chance
    unclear: bool = False

    @property
    def channel(self) -> Channel:
        return self.caller.channel

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file or another process."""
        return {**asdict(self), "alternatives": list(self.alternatives), "caller": self.caller.as_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Heard:
        """Of what `as_json` wrote. Raises KeyError, TypeError for what is no utterance."""
        known = {**values, "alternatives": tuple(values["alternatives"]), "caller": Caller.from_json(values["caller"])}
        return cls(**known)
