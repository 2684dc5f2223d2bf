"""Whose voice a turn is: the caller's, one in the room behind him, Gege's own that comes back, or none at all."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Sequence

from bot.tickets.intake.danger import danger_in
from bot.voice.ear import Said
from bot.voice.echo import is_echo
from bot.voice.patience import only_listens

#: quieter than the caller by this factor (10 dB) may be somebody else in the room
_QUIETER = 0.316
#: what the recogniser is surer of than this was spoken into the telephone, however quietly
_SURE = 0.9
#: and so many syllables of it are no chance: a voice that holds still (an old man's, a machine's) is told by its words
_WORDS = 5
#: so many turns one after the other are somebody else's at most: then the caller has become quiet
_MOST = 2
#: so much of a voice (s) is the shortest answer, 嗯 and 对; in other sound less of it is chance, and this share of long sound too;
#: so much is somebody, whatever sounds beside
_VOICE_S, _CHANCE, _SOMEBODY_S = 0.3, 0.25, 1.0
#: turns by which the caller's loudness is known
_TURNS = 5


class CallerVoice:
    """The caller's loudness in one call, by his own turns: who is quiet from the beginning is heard as ever."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=_TURNS)
        self._others = 0

    def is_his(self, said: Said, sentences: Sequence[str]) -> bool:
        """Whether a turn is to be taken for the caller's; `sentences`: what Gege said lately. Danger in any voice always is."""
        little = said.no_voice > said.voice < min(_SOMEBODY_S, max(_VOICE_S, _CHANCE * said.no_voice))
        if little and not (said.speech.confidence >= _SURE and len(said.speech.text) >= _WORDS):
            return False
        if is_echo(said.follows, said.speech.text, sentences):
            return False
        if self._quiet(said) and self._others < _MOST and not _dangerous(said):
            self._others += 1
            return False
        if said.speech.text and said.level:
            if self._others:
                # Nobody else than the caller goes on and on: he speaks like this now.
                self._levels.clear()
            self._levels.append(said.level)
        self._others = 0
        return True

    def _quiet(self, said: Said) -> bool:
        """Much quieter than the caller, and hardly to be understood."""
        if not self._levels or not said.speech.text:
            return False
        return said.level < statistics.median(self._levels) * _QUIETER and said.speech.confidence < _SURE


def only_shows_that_he_listens(said: Said) -> bool:
    """Whether a turn is what people say while they listen: 嗯, or a sound of one syllable that the recogniser is not sure of."""
    text = said.speech.text
    if _dangerous(said):
        return False
    return only_listens(text) or (len(text) == 1 and said.speech.confidence < _SURE)


def _dangerous(said: Said) -> bool:
    return any(danger_in(reading) for reading in (said.speech.text, *said.speech.alternatives))
