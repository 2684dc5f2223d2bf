"""What a resident's page is shown: replies, the talk, and the own reports. What staff read has no way in here."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from bot.dialogue.port import Reply
from bot.settings import SiteSettings
from bot.tickets.labels import labels
from bot.tickets.owed.asking import buttons
from bot.tickets.own_case import OwnCase, OwnTurn
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
    #: it is kept, and not answered yet: in so many seconds it is worth asking again
    again_s: int = 0

    @classmethod
    def of(cls, reply: Reply, speech: str | None) -> ResidentReply:
        return cls(reply.sentences, reply.hand_over, reply.ended, speech)

    def as_json(self) -> dict[str, Any]:
        told = {"reply": "".join(self.sentences), "sentences": list(self.sentences)}
        flags = {"hand_over": self.hand_over, "ended": self.ended, "speech": self.speech}
        return {
            **told,
            **flags,
            **({"error": self.error} if self.error else {}),
            **({"waiting": True, "again_s": self.again_s} if self.again_s else {}),
        }


@dataclass(frozen=True)
class ResidentCase(ForResidents):
    """How far it is with what was reported here; `case` None: nothing was."""

    case: OwnCase | None
    site: SiteSettings

    def as_json(self) -> dict[str, Any]:
        return {"case": _case(self.case, self.site) if self.case is not None else None}


@dataclass(frozen=True)
class ResidentReports(ForResidents):
    """All that this page may follow, and what can be done about each. `page`: the name of the page, for the reports' keys."""

    reports: tuple[OwnCase, ...]
    site: SiteSettings
    page: str

    def as_json(self) -> dict[str, Any]:
        return {"reports": [self._report(one) for one in self.reports]}

    def _report(self, case: OwnCase) -> dict[str, Any]:
        at = _ORDER.index(case.state) if case.state in _ORDER else -1
        return {
            **_case(case, self.site),
            "key": key_of(self.page, case.ticket_no),
            "steps": [(word, at >= _ORDER.index(state)) for state, word in labels().own_steps()] if at >= 0 else [],
            "over": case.state in _OVER,
            "estimate": self._moment(case.estimated_at) if case.estimated_at else "",
            "asked": case.asked,
            "answers": answers_to(case.asked),
            "rated": answers_to("rating").get(case.rated, ""),
            "may_call_off": case.may_call_off,
            "is_danger": case.kind == "hazard" and case.state not in _OVER,
            "no_number": case.no_number,
        }

    def _moment(self, at: dt.datetime) -> str:
        return at.astimezone(ZoneInfo(self.site.timezone)).strftime(words().moment)


@dataclass(frozen=True)
class ResidentTalk(ForResidents):
    """What was said on this page and answered. `speech`: where the sound of an answer is, None where nothing is spoken."""

    turns: tuple[OwnTurn, ...]
    site: SiteSettings
    speech: Callable[[str], str | None]
    #: whoever waits for an answer looks again after so many seconds
    again_s: int = 0

    def as_json(self) -> dict[str, Any]:
        zone = ZoneInfo(self.site.timezone)
        return {
            "talk": [
                {
                    "said": one.said,
                    "reply": "".join(one.sentences),
                    "at": one.at.astimezone(zone).strftime(words().moment),
                    "speech": self.speech("".join(one.sentences)) if one.sentences else None,
                    "waits": self.again_s if one.sentences in ((), (words().waiting,)) else 0,
                }
                for one in self.turns
            ]
        }


_ORDER = ("reported", "acknowledged", "on_site", "resolved", "closed")
_OVER = ("closed", "cancelled", "merged")


def key_of(page: str, ticket_no: str) -> str:
    """What a report is called on its own page: no number of ours, and no other page's."""
    return hashlib.sha256(f"{page}:{ticket_no}".encode()).hexdigest()[:16]


def answers_to(asked: str) -> dict[str, str]:
    """What can be pressed below a question: answer → label."""
    if not asked:
        return {}
    found = buttons("light" if asked == "light" else "rating", "", *(["not_fixed"] if asked == "content" else []))
    return {name.removesuffix(":"): label for name, label in found.items()}


def shown(*views: ForResidents) -> dict[str, Any]:
    """The JSON of a resident's page. Raises TypeError for what is not for residents."""
    found: dict[str, Any] = {}
    for view in views:
        if not isinstance(view, ForResidents):
            raise TypeError(f"{type(view).__name__} is not for residents")
        found.update(view.as_json())
    return found


def _case(case: OwnCase, site: SiteSettings) -> dict[str, Any]:
    said, zone = words(), ZoneInfo(site.timezone)
    return {
        "what": labels().spoken_kind(case.kind),
        "state": case.state,
        "state_name": case.told.rstrip("。") or labels().own_state(case.state),
        "steps": labels().own_steps(),
        "said": list(case.said),
        "who": case.manager or site.station,
        "phone": case.phone or site.station_phone,
        "opened_at": case.opened_at.astimezone(zone).strftime(said.moment),
        "changed_at": case.changed_at.astimezone(zone).strftime(said.moment),
    }
