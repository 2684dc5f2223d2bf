"""The telephone's own sentences, read from prompts.yml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load
from bot.settings import Settings
from bot.speech.remote.address import Reach, reach_of


@dataclass(frozen=True)
class Prompts:
    """Sentences in the order in which they are needed."""

    notice: str
    #: said after it where voices leave the company's network
    elsewhere: str
    greeting: str
    silence: tuple[str, ...]
    #: to somebody who asked to be waited for
    still_here: str
    #: whose business is done and who says nothing, asked once, then told goodbye
    anything_else: str
    farewell: str
    failed: str
    message: str
    storm: str
    known_here: str
    known_there: str
    known_until: str
    known_open: str
    message_kept: str
    message_lost: str
    stopping: str
    whisper: str
    whisper_where: str
    #: to whoever was rung, when the caller has hung up before they could talk
    caller_gone: str
    not_reached: str
    nobody_reached: str
    unreached_note: str

    def notice_of(self, site: str) -> str:
        return self.notice.format(site=site)

    def notices_of(self, settings: Settings) -> list[str]:
        """All that a caller is told before anything is stored."""
        far = reach_of(settings.speech) is Reach.far
        return [self.notice_of(settings.site.name), *([self.elsewhere] if far else [])]


@cache
def prompts() -> Prompts:
    """Raises when prompts.yml lacks a line: a fault of the release, not of a site."""
    return load(Prompts, Path(__file__).with_name("prompts.yml"))
