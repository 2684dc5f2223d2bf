"""What a resident's page is shown: replies, and the conversation's own case. What staff read has no way in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.dialogue.port import Reply
from bot.settings import SiteSettings
from bot.tickets.labels import labels
from bot.tickets.own_case import OwnCase
from bot.web.words import words


class ForResidents:
    """What may be written to a resident's page. Nothing else is: `shown` refuses every other type."""

    def as_json(self) -> dict[str, Any]:
        raise NotImplementedError


@dataclass(frozen=True)
class ResidentReply(ForResidents):
    """What Gege said; not what she understood, how sure she was, or which row it became."""

    sentences: tuple[str, ...]
    hand_over: bool = False
    ended: bool = False
    #: where the sound of it is
    speech: str | None = None
    error: str = ""

    @classmethod
    def of(cls, reply: Reply, speech: str | None) -> ResidentReply:
        return cls(reply.sentences, reply.hand_over, reply.ended, speech)

    def as_json(self) -> dict[str, Any]:
        told = {"reply": "".join(self.sentences), "sentences": list(self.sentences)}
        flags = {"hand_over": self.hand_over, "ended": self.ended, "speech": self.speech}
        return {**told, **flags, **({"error": self.error} if self.error else {})}


@dataclass(frozen=True)
class ResidentCase(ForResidents):
    """How far it is with what was reported here; `case` None: nothing was."""

    case: OwnCase | None
    site: SiteSettings

    def as_json(self) -> dict[str, Any]:
        case = self.case
        if case is None:
            return {"case": None}
        said, zone = words(), ZoneInfo(self.site.timezone)
        return {
            "case": {
                "what": labels().spoken_kind(case.kind),
                "state": case.state,
                "state_name": labels().own_state(case.state),
                "steps": labels().own_steps(),
                "said": list(case.said),
                "who": case.manager or self.site.station,
                "phone": case.phone or self.site.station_phone,
                "opened_at": case.opened_at.astimezone(zone).strftime(said.moment),
                "changed_at": case.changed_at.astimezone(zone).strftime(said.moment),
            }
        }


def shown(*views: ForResidents) -> dict[str, Any]:
    """The JSON of a resident's page. Raises TypeError for what is not for residents."""
    found: dict[str, Any] = {}
    for view in views:
        if not isinstance(view, ForResidents):
            raise TypeError(f"{type(view).__name__} is not for residents")
        found.update(view.as_json())
    return found
