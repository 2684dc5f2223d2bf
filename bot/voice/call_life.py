"""The life of a call, stage by stage, and the one thing that comes of it. Plain values: no clock, no line, no desk.

Whoever carries a call (a dial plan over FastAGI, our own user agent, a browser, nobody but the conversation) tells what
happened; whichever of them is faster, one verdict comes of it. The table is docs/calls.md."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Stage(enum.StrEnum):
    """Where a call is."""

    announced = enum.auto()
    #: with Gege
    talking = enum.auto()
    #: the conversation is over, or ringing came to nothing: somebody may have to be rung
    decided = enum.auto()
    ringing = enum.auto()
    #: whoever was rung has answered, and hears what the case is
    whispering = enum.auto()
    #: the two hear each other
    connected = enum.auto()
    settled = enum.auto()


class End(enum.StrEnum):
    """What comes of a call: exactly one of these."""

    #: nothing is open: a ticket is logged, a message is kept, or what was asked was answered
    complete = enum.auto()
    #: the caller is called back
    call_back = enum.auto()
    #: somebody talked to him
    reached = enum.auto()


@dataclass(frozen=True)
class Verdict:
    """What came of a call. `outcome` is what stands in its row and, for a call-back, why it is owed."""

    end: End
    outcome: str


@dataclass(frozen=True)
class Decision:
    """How a conversation ended: goodbye, message, stopped, hung_up, hand_over (a person is wanted), failed; told: of the
    outage at his own house, and he said nothing."""

    outcome: str
    hand_over_to: str = ""
    ticket_no: str | None = None
    #: nothing is logged, and a question is open or an answer was not heard (promise 4)
    unsettled: bool = False


#: connected for less than this (s) nobody has talked: a mailbox, a telephone that was put down at once
TALK_S = 3.0
#: nothing is heard of a call for so long (s): whoever carried it does not go on
UNHEARD_S = {
    Stage.announced: 30.0,
    #: once the caller has left
    Stage.talking: 30.0,
    #: once the line is down; a call-back is due within 5 s
    Stage.decided: 2.0,
    Stage.ringing: 600.0,
    Stage.whispering: 120.0,
    #: a dial plan without a hang-up handler says nothing of the end of a conversation
    Stage.connected: 3600.0,
}
#: conversations that were led to their end, and all after which nobody is rung
_DONE = ("goodbye", "message", "told")
_OVER = (*_DONE, "stopped")

REACHED = Verdict(End.reached, "handed_over")
NOT_REACHED = Verdict(End.call_back, "not_reached")


class CallLife:
    """One call's. Every method takes what happened, in any order and twice; what comes too late changes nothing."""

    def __init__(self, at: float, *, followed: bool) -> None:
        """`at`: seconds on the clock that every method is told; `followed`: somebody goes on with the caller when the
        conversation's line is down (a dial plan, our own ringing). Else the line is the caller."""
        self.followed = followed
        self.stage, self.since = Stage.announced, at
        self.decision: Decision | None = None
        self.verdict: Verdict | None = None
        self.caller_left = False
        #: Gege has had the caller on the line; that line is down
        self.taken, self.line_down = False, False
        #: somebody was rung
        self.rang = False
        #: the verdict was given because nobody said anything more
        self.assumed = False

    # ---- the conversation -----------------------------------------------------------------------

    def take(self, at: float) -> None:
        """Gege has answered."""
        if self.stage is Stage.announced:
            self.taken = True
            self._go(Stage.talking, at)

    def decide(self, decision: Decision, at: float) -> None:
        """The conversation is over; the line is still up."""
        self.decision, self.taken = self.decision or decision, True
        if self.stage not in (Stage.announced, Stage.talking):
            return
        self._go(Stage.decided, at)
        if decision.outcome in _OVER or self.caller_left:
            self._settle(self._of_the_conversation(), at)

    def hang_up(self, at: float) -> None:
        """The conversation's line is down."""
        self.line_down = True
        if not self.followed:
            self.leave(at)
        elif self.stage is Stage.decided:
            self.since = at

    # ---- the caller -----------------------------------------------------------------------------

    def leave(self, at: float, *, answered: bool = False, sure: bool = False) -> None:
        """The caller has hung up; `answered`, `sure`: as `part` takes them."""
        self.caller_left = True
        if self.rang and sure and answered:
            self._settle(REACHED, at)
        match self.stage:
            case Stage.talking:
                pass  # what he said is still being worked on: the conversation decides within seconds
            case Stage.decided:
                self._settle(self._of_the_conversation(), at)
            case Stage.ringing | Stage.connected:
                self._settle(REACHED if self._talked(answered, sure, at) else NOT_REACHED, at)
            case Stage.announced | Stage.whispering:
                self._settle(NOT_REACHED, at)

    def wants_a_person(self, at: float) -> bool:
        """Whoever carries the call still has the caller, and asks whom to ring: whether anybody."""
        if self.stage is Stage.settled:
            return self._late
        decision = self.decision
        broke = decision is not None and decision.outcome == "hung_up" and not self.rang
        if self.stage is Stage.decided and broke and decision and decision.ticket_no:
            # He is still there, and it was the line that broke; with a ticket his business is done.
            self._settle(self._of_the_conversation(), at)
            return False
        return not self.caller_left

    @property
    def _late(self) -> bool:
        """A call-back is owed because nobody asked in time; the caller is there after all."""
        return self.assumed and self.verdict is not None and self.verdict.end is End.call_back and not self.caller_left

    # ---- who is rung ----------------------------------------------------------------------------

    def ring(self, at: float) -> None:
        """Somebody is rung (the next one)."""
        if self.stage is not Stage.settled or self._late:
            self.rang = True
            self._go(Stage.ringing, at)

    def answer(self, at: float) -> None:
        """Whoever was rung has answered and hears what the case is. A dial plan may have rung by itself."""
        if self.stage is not Stage.settled or self._late:
            self.rang = True
            self._go(Stage.whispering, at)

    def told(self, whole: bool, at: float) -> None:
        """He has heard it, and both are connected; or he was gone before its end."""
        if self.stage is Stage.whispering:
            self._go(Stage.connected if whole else Stage.decided, at)

    def part(self, answered: bool, at: float, *, sure: bool = False) -> None:
        """Whoever was rung is gone, and the caller is still there. `answered`: he had taken the call, as whoever rang
        says; that counts where Gege had no word with him herself. `sure`: whoever rang has measured that the two talked
        for TALK_S, and then that alone counts."""
        talked = self.stage in (Stage.ringing, Stage.connected) and self._talked(answered, sure, at)
        if talked or self.rang and sure and answered and (self.stage is not Stage.settled or self._late):
            self._settle(REACHED, at)
            self.assumed = False
        elif self.stage in (Stage.ringing, Stage.whispering, Stage.connected):
            self._go(Stage.decided, at)

    def nobody_left(self, at: float) -> None:
        """There is nobody more to ring, and the caller is told so."""
        self._settle(NOT_REACHED, at)
        self.assumed = False

    # ---- nothing --------------------------------------------------------------------------------

    def unheard(self, at: float) -> None:
        """Time passes, and nobody says anything more of it."""
        if self.stage is Stage.settled or at - self.since < UNHEARD_S[self.stage]:
            return
        if self.stage is Stage.talking and not self.caller_left:
            return  # the conversation itself says when it is over
        if self.stage is Stage.decided and not self.line_down and self.taken and not self.rang:
            return  # its last sentence is being spoken
        verdict = REACHED if self.stage is Stage.connected else self._of_the_conversation()
        if self.verdict is None:
            self.assumed = True
        self._settle(verdict, at)

    # ---- what comes of it -----------------------------------------------------------------------

    def _talked(self, answered: bool, sure: bool, at: float) -> bool:
        return at - self.since >= TALK_S if self.stage is Stage.connected and not sure else answered

    def _of_the_conversation(self) -> Verdict:
        """What is owed to a caller whom nobody can be rung for any more."""
        decision = self.decision
        if self.rang or not self.taken:
            return NOT_REACHED
        if decision is None:
            return Verdict(End.call_back, "dropped")
        if decision.outcome == "hand_over":
            return NOT_REACHED
        if decision.unsettled and decision.outcome not in _DONE:
            return Verdict(End.call_back, "dropped" if decision.outcome == "hung_up" else decision.outcome)
        return Verdict(End.complete, decision.outcome)

    def _settle(self, verdict: Verdict, at: float) -> None:
        self.verdict = self.verdict or verdict
        self._go(Stage.settled, at)

    def _go(self, stage: Stage, at: float) -> None:
        self.stage, self.since = stage, at
