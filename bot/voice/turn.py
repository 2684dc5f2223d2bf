"""Turn taking: has the caller begun, stopped, said nothing, spoken too long? Pure; time comes in as audio."""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass

#: so many of the caller's last pauses are remembered
_PAUSES = 8


class TurnEvent(enum.Enum):
    """What `TurnTaker.hear` noticed."""

    started = "the caller began to speak"
    insisted = "the caller goes on speaking: Gege must stop"
    ended = "the caller has finished"
    too_long = "the turn was closed at its longest; the caller goes on in the next one"
    no_input = "the caller was expected to speak and did not"


@dataclass(frozen=True)
class TurnRules:
    """All in seconds of audio time."""

    #: silence that ends a turn (docs/promises.md: 0.9 to 1.5 for old callers)
    end_of_speech: float = 0.9
    #: speech that begins a turn; shorter sounds are clicks
    start_of_speech: float = 0.1
    #: speech in one turn that stops Gege in mid-sentence
    barge_in: float = 0.5
    #: patience with a silent caller, counted from the end of Gege's sentence
    no_input: float = 6.0
    #: a turn is closed here and answered; no word is lost
    longest: float = 60.0
    #: speech shorter than this inside a pause is a click and does not prolong the turn
    click: float = 0.06
    #: a turn in which only a far voice goes on (the television) ends after this
    far_voice: float = 2.0
    #: whoever goes on so soon after the turn was closed had only paused
    cut_off: float = 1.0
    #: a stop shorter than this is the rhythm of speech, and no pause
    pause: float = 0.4


class TurnTaker:
    """Given (seconds, is speech, is near) one frame after the other, says where turns begin and end."""

    def __init__(self, rules: TurnRules) -> None:
        self.rules = rules
        #: inside a turn of the caller
        self.in_turn = False
        #: seconds of near speech (not pauses) in this turn
        self.voiced = 0.0
        #: added to the wait at the end: a number is being said, or the caller is slow
        self.extra = 0.0
        #: how often the caller went on right after a turn had been closed
        self.cut_offs = 0
        #: the caller's last pauses inside what he said, those that Gege took for the end among them
        self._pauses: deque[float] = deque(maxlen=_PAUSES)
        self._waited_at_end = 0.0
        #: those of this turn, or of the last one: whose they are is not known yet
        self._these: list[float] = []
        self._length = 0.0
        self._silence = 0.0
        self._far = 0.0
        self._run = 0.0
        self._begun = 0.0
        self._since_end = float("inf")
        self._insisted = False
        self._expecting = False
        self._waited = 0.0
        self._patience = rules.no_input

    @property
    def expecting(self) -> bool:
        """Gege is silent and it is the caller's turn."""
        return self._expecting

    @property
    def paused(self) -> float:
        """The longest of the caller's last pauses (s)."""
        return max(self._pauses, default=0.0)

    def learn(self) -> None:
        """The last turn was the caller's: so he pauses."""
        self._pauses.extend(self._these)
        self._these = []

    @property
    def hears(self) -> bool:
        """Somebody speaks, or begins to."""
        return self.in_turn or self._begun > 0

    def expect(self, patience: float | None = None, *, still: bool = False) -> None:
        """Gege has finished: from now on the caller's silence counts; it is noticed after `patience` (s) when given. `still`: what
        was heard meanwhile was not the caller, who is waited for as before."""
        self._expecting = True
        self._waited = self._waited if still else 0.0
        self._patience = self.rules.no_input if patience is None else patience

    def rest(self) -> None:
        """Gege thinks or speaks: silence does not count."""
        self._expecting = False

    def finish(self) -> bool:
        """The caller says that he has finished (the # key); False when he had not begun."""
        was, self.in_turn = self.in_turn, False
        self._begun, self._since_end = 0.0, float("inf")
        return was

    @property
    def insists(self) -> bool:
        """The caller is in the middle of something that is no cough."""
        return self.in_turn and self._insisted

    def calm(self) -> None:
        """It was not the caller who insisted; when it goes on, it is noticed again."""
        self._insisted = False

    def hear(self, seconds: float, speech: bool, near: bool = True) -> TurnEvent | None:
        """Take one frame of `seconds`. A voice that is not `near` is a voice in the room, not the caller's."""
        return self._inside(seconds, speech, near) if self.in_turn else self._outside(seconds, speech and near)

    def _outside(self, seconds: float, speech: bool) -> TurnEvent | None:
        self._since_end += seconds
        self._begun = self._begun + seconds if speech else max(0.0, self._begun - seconds)
        if self._begun >= self.rules.start_of_speech - 1e-9:
            cut = 0.0
            if self._since_end <= self.rules.cut_off + self.rules.start_of_speech:
                self.cut_offs += 1
                cut = self._waited_at_end + self._since_end - self._begun
            self._open(self._begun)
            self._these = [cut] if cut else []
            return TurnEvent.started
        if self._expecting:
            self._waited += seconds
            if self._waited >= self._patience - 1e-9 and self._begun == 0.0:
                self._waited = 0.0
                return TurnEvent.no_input
        return None

    def _inside(self, seconds: float, speech: bool, near: bool) -> TurnEvent | None:
        self._length += seconds
        self._waited += seconds if self._expecting else 0.0
        if speech:
            self._run += seconds
            self.voiced += seconds if near else 0.0
            if self._run >= self.rules.click - 1e-9:
                if self._silence >= self.rules.pause and near:
                    self._these.append(self._silence)
                self._silence = 0.0
            else:
                self._silence += seconds
        else:
            self._run = 0.0
            self._silence += seconds
        self._far = 0.0 if speech and near else self._far + seconds
        waited = self._silence >= self.rules.end_of_speech + self.extra - 1e-9
        if waited or self._far >= self.rules.far_voice - 1e-9:
            # Until somebody says what it was, nothing is waited for.
            self.in_turn = self._expecting = False
            self._begun = self._since_end = 0.0
            self._waited_at_end = self._silence
            return TurnEvent.ended
        if self._length >= self.rules.longest - 1e-9:
            self._open(0.0)
            return TurnEvent.too_long
        if not self._insisted and self.voiced >= self.rules.barge_in - 1e-9:
            self._insisted = True
            return TurnEvent.insisted
        return None

    def _open(self, voiced: float) -> None:
        self.in_turn = True
        self.voiced = self._length = voiced
        self._silence = self._run = self._begun = self._far = 0.0
        self._insisted = False


class Nearness:
    """Is a voice the caller's, or one in the room behind him? Given the loudness of each frame of speech.

    Somebody who moves away from his telephone becomes near again while he is waited for."""

    #: quieter than the caller by this factor (15 dB) is another voice
    FAR = 0.18
    #: the caller's loudness is forgotten by half in so many seconds of far voice while he is waited for
    FORGOTTEN_S = 2.0
    #: how fast a louder frame raises the caller's loudness (share of a frame)
    RISE = 0.1

    def __init__(self) -> None:
        self._level = 0.0

    def near(self, seconds: float, loudness: float, speech: bool, expecting: bool) -> bool:
        """`loudness`: RMS of the frame; `expecting`: nobody else is to speak now."""
        if not speech:
            return False
        is_near = loudness >= self._level * self.FAR
        if loudness > self._level:
            self._level += (loudness - self._level) * self.RISE if self._level else loudness
        elif not is_near and expecting:
            self._level *= 0.5 ** (seconds / self.FORGOTTEN_S)
        return is_near
