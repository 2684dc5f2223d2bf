"""Turn taking: has the caller begun, stopped, said nothing, spoken too long? Pure; time comes in as audio."""

from __future__ import annotations

import enum
from dataclasses import dataclass


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

    #: silence that ends a turn (TELEPHONY.md: 0.9 to 1.5 for old callers)
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


class TurnTaker:
    """Given (seconds, is speech) one frame after the other, says where turns begin and end."""

    def __init__(self, rules: TurnRules) -> None:
        self.rules = rules
        #: inside a turn of the caller
        self.in_turn = False
        #: seconds of speech (not pauses) in this turn
        self.voiced = 0.0
        self._length = 0.0
        self._silence = 0.0
        self._run = 0.0
        self._begun = 0.0
        self._insisted = False
        self._expecting = False
        self._waited = 0.0

    def expect(self) -> None:
        """Gege has finished: from now on the caller's silence counts."""
        self._expecting, self._waited = True, 0.0

    def rest(self) -> None:
        """Gege thinks or speaks: silence does not count."""
        self._expecting = False

    @property
    def insists(self) -> bool:
        """The caller is in the middle of something that is no cough."""
        return self.in_turn and self._insisted

    def hear(self, seconds: float, speech: bool) -> TurnEvent | None:
        """Take one frame of `seconds`."""
        return self._inside(seconds, speech) if self.in_turn else self._outside(seconds, speech)

    def _outside(self, seconds: float, speech: bool) -> TurnEvent | None:
        self._begun = self._begun + seconds if speech else max(0.0, self._begun - seconds)
        if self._begun >= self.rules.start_of_speech - 1e-9:
            self._open(self._begun)
            return TurnEvent.started
        if self._expecting:
            self._waited += seconds
            if self._waited >= self.rules.no_input - 1e-9 and self._begun == 0.0:
                self._waited = 0.0
                return TurnEvent.no_input
        return None

    def _inside(self, seconds: float, speech: bool) -> TurnEvent | None:
        self._length += seconds
        if speech:
            self._run += seconds
            self.voiced += seconds
            if self._run >= self.rules.click - 1e-9:
                self._silence = 0.0
            else:
                self._silence += seconds
        else:
            self._run = 0.0
            self._silence += seconds
        if self._silence >= self.rules.end_of_speech - 1e-9:
            self.in_turn = False
            self._begun = 0.0
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
        self._silence = self._run = self._begun = 0.0
        self._insisted = False
        self._waited = 0.0
