"""One utterance on its way in, before anybody tried to understand it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Heard:
    """One utterance on its way in. `id` is unique; the same id twice is the same turn."""

    id: str
    session: str
    text: str
    #: n-best of the recogniser, best first, without `text` itself being required
    alternatives: tuple[str, ...] = ()
    #: number or chat id that reached us, empty when unknown
    caller: str = ""
    #: phone, web, terminal, telegram, wecom
    channel: str = "terminal"
    #: number that was dialled, number that diverted to us, or the grid of a QR code ("grid_24")
    dialled: str = ""
    diverting: str = ""
    #: path of the audio below GEGE_HOME, empty when typed
    recording: str = ""
    call_id: str = ""
