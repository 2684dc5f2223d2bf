"""What the pages tell of the ear: how well it hears people, and, where Gege is tried, which it is and how to get a better one."""

from __future__ import annotations

from bot.speech.ear_card import EarCard, Measured
from bot.web.words import words


def ear_told(ear: EarCard | None) -> str:
    """For residents; "" where nobody is heard."""
    if ear is None:
        return ""
    said = words().ear
    local = said["no_local"] if ear.local is None else said["local"].format(wrong=_of_100(ear.local.cer))
    return _people(ear.people) + local + said["again"]


def ear_shown(ear: EarCard | None) -> dict[str, str]:
    """For whoever tries Gege: `{"ear", "better"}`, the latter "" where the ear is good enough for residents."""
    if ear is None:
        return {"ear": "", "better": ""}
    said = words().ear
    which = said["demo" if ear.demo else "in_use"].format(name=ear.name)
    return {"ear": which + ear_told(ear), "better": said["better"] if ear.poor else ""}


def ear_in_short(ear: EarCard | None) -> str:
    """One line beside what can be tried: which ear it is, and how much of what people say it hears wrong."""
    said = words().ear
    if ear is None:
        return said["short_none"]
    if ear.people is None:
        return said["short_unmeasured"].format(name=ear.name)
    return said["short_demo" if ear.demo else "short"].format(name=ear.name, wrong=_of_100(ear.people.cer))


def _people(found: Measured | None) -> str:
    said = words().ear
    if found is None:
        return said["unmeasured"]
    if found.line_cer is None:
        return said["people"].format(wrong=_of_100(found.cer))
    return said["people_line"].format(wrong=_of_100(found.cer), line=_of_100(found.line_cer))


def _of_100(share: float) -> int:
    return min(100, round(share * 100))
