"""Tells an ear what may be said now: the answers to the question that was asked, and what places are called here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.speech.phrases import names_a_place, phrases_by_question
from bot.speech.port import NOTHING_LIKELY, Likely, Recogniser, RecognitionSession

#: so many names are told to any ear; each takes of them what it has room for
MOST_NAMES = 1_000


@dataclass(frozen=True)
class PlaceNames:
    """What places of this county are called."""

    communities: tuple[str, ...] = ()
    #: communities, compounds, streets and bays, those of most households first
    by_size: tuple[str, ...] = ()


class Informed:
    """A recogniser whose callers say only what was asked: phrases and names are added here.

    Names are asked for each time, for an import may have brought others; `places` must be quick."""

    def __init__(self, recogniser: Recogniser, places: Callable[[], PlaceNames]) -> None:
        self._recogniser, self._places = recogniser, places
        self._known: Sequence[str] | None = None
        self._phrases: dict[str, tuple[str, ...]] = {}

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> RecognitionSession:
        return self._recogniser.begin(sample_rate, self.likely(likely))

    def likely(self, said: Likely) -> Likely:
        """What a caller said is likely, filled in where it says nothing."""
        places = self._places()
        if places.communities is not self._known:
            self._known, self._phrases = places.communities, phrases_by_question(places.communities)
        names = places.by_size[:MOST_NAMES] if names_a_place(said.question) else ()
        return replace(said, phrases=said.phrases or self._phrases.get(said.question, ()), names=said.names or names)

    async def close(self) -> None:
        await self._recogniser.close()
