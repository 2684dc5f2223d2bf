"""The port of the ears: sound goes in, what was heard comes out, whichever recogniser is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bot.foundation.errors import Broken

#: from this share of unknown words on, the others are taken for chance (docs/speech.md: where it is from)
UNCLEAR_SHARE = 0.3


class RecogniserFailed(Broken):
    """The recogniser broke on this utterance; the recording has to go to a person."""


@dataclass(frozen=True)
class HeardSpeech:
    """What was understood of one stretch of sound. `text` is empty when no speech was found."""

    text: str
    #: other readings, best first, without `text`
    alternatives: tuple[str, ...] = ()
    #: share of words that the model does not know, 0..1
    unknown_share: float = 0.0
    #: length of the sound
    seconds: float = 0.0
    #: name of the model that heard it
    ear: str = ""
    #: share of `text` among its readings, 0 to 1: how sure the recogniser is; 1 when it does not say
    confidence: float = 1.0

    @property
    def unclear(self) -> bool:
        """Whether too little of it was understood to be acted on: the one rule for calls, notes and measurements."""
        return self.unknown_share >= UNCLEAR_SHARE


@dataclass(frozen=True)
class Likely:
    """What may be said now. Nothing of it is certain: an ear hears other words as well."""

    #: what was asked (phrases.yml); empty when nothing was
    question: str = ""
    #: answers to it, as they are said
    phrases: tuple[str, ...] = ()
    #: names that this county knows: communities, streets, compounds
    names: tuple[str, ...] = ()


NOTHING_LIKELY = Likely()


class RecognitionSession(Protocol):
    """One utterance on its way in."""

    async def feed(self, pcm: bytes) -> str:
        """Take int16 little-endian mono sound; returns what has been understood so far."""

    async def finish(self) -> HeardSpeech:
        """No more sound comes; returns the whole. Raises RecogniserFailed."""


@runtime_checkable
class InHand(Protocol):
    """A session that may have words before all of it is done."""

    def in_hand(self) -> HeardSpeech | None:
        """What is certain already, for whoever can wait no longer; None when there is nothing."""


class Recogniser(Protocol):
    """Something that hears."""

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> RecognitionSession:
        """Start an utterance; `sample_rate` in Hz is that of the sound that will be fed. What is `likely` helps an ear that
        can use it: phrase lists, hot words or context, each in its own way."""

    async def close(self) -> None:
        """Let go of threads and memory."""
