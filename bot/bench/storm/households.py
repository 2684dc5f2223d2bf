"""Households that report by text: each writes, reads, and goes on by what it read; nobody waits for a neighbour."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from dataclasses import dataclass, field

import aiohttp

from bot.bench.homes import Home

OUTAGE, YES, DANGER = "我屋里停电了", "对", "哎呀电线断了掉在路上,冒火花"
#: words that promise that it reaches somebody: from then on it must not be lost
LOGGED = ("记下了", "报上去了")
#: nobody writes more than so many sentences
_MOST_TURNS = 5
#: an answer that does not come in so long (s) never comes
_PATIENCE_S = 60.0
#: a page that is told nothing else looks again after so long (s): the households' own `looks_s` stands for that
_PAGE_LOOKS_S = 8.0
#: who was told that it is kept looks again so often
_MOST_LOOKS = 30


@dataclass
class Seen:
    """What all households saw; times in seconds."""

    #: from a sentence sent to its answer: those that were answered, those told honestly that it is kept
    answered: list[float] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    #: from a sentence that was kept to the look that found its answer
    later: list[float] = field(default_factory=list)
    danger: list[float] = field(default_factory=list)
    #: by what it was that came instead of an answer
    refused: dict[str, int] = field(default_factory=dict)
    #: sessions that were told that it is logged, that only ever were told that it is kept, that were never told anything
    logged: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    untold: int = 0

    def refuse(self, what: str) -> None:
        self.refused[what] = self.refused.get(what, 0) + 1


class Reporter:
    """One household and its page."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, home: Home, seen: Seen, dice: random.Random,
        patience: tuple[float, float, float],
    ) -> None:  # fmt: skip
        """`patience`: seconds between which they read and write, and after which they look whether they were answered."""
        self._shortest, self._longest, self._looks_s = patience
        self._http, self._url, self._home, self._seen, self._dice = http, url, home, seen, dice
        self.session = secrets.token_hex(16)
        self._kept = False

    async def report(self, danger: bool = False) -> None:
        """From the first sentence to the ticket, or as far as it gets."""
        place = self._home.community + self._home.compound + self._home.address
        says = [DANGER, place] if danger else [OUTAGE, place, YES, YES]
        for number, text in enumerate(says[:_MOST_TURNS]):
            if number:
                await asyncio.sleep(self._dice.uniform(self._shortest, self._longest))
            words = await self._say(text, danger and not number)
            if words is None:
                break
            if any(each in words for each in LOGGED) or (danger and number):
                self._seen.logged.append(f"web-{self.session}")
                return
        if self._kept:
            self._seen.waiting.append(f"web-{self.session}")
        else:
            self._seen.untold += 1

    async def _say(self, text: str, danger: bool) -> str | None:
        """The answer to one sentence; None when none came."""
        body = {"session": self.session, "text": text, "id": secrets.token_hex(12)}
        began, looks = time.monotonic(), 0
        while looks <= _MOST_LOOKS:
            asked = time.monotonic()
            found = await self._post(body)
            took = time.monotonic() - asked
            if found is None:
                return None
            if found.get("waiting"):
                self._kept = True
                if not looks:
                    self._seen.kept.append(took)
                looks += 1
                await asyncio.sleep(self._looks_s * max(1.0, float(str(found.get("again_s", 0))) / _PAGE_LOOKS_S))
                continue
            if looks:
                self._seen.later.append(time.monotonic() - began)
            else:
                (self._seen.danger if danger else self._seen.answered).append(took)
            return str(found.get("reply", ""))
        self._seen.refuse("kept and never answered")
        return None

    async def _post(self, body: dict[str, str]) -> dict[str, object] | None:
        try:
            async with self._http.post(
                f"{self._url}/api/turn", json=body, timeout=aiohttp.ClientTimeout(total=_PATIENCE_S)
            ) as answer:
                found: dict[str, object] = await answer.json()
                if answer.status == 200 and not found.get("error"):
                    return found
                self._seen.refuse(str(found.get("error") or answer.status))
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            self._seen.refuse(type(problem).__name__)
        return None
