"""Every way in which a call can go: whatever happens and in whichever order, exactly one thing comes of it."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.voice.call_life import Decision
from bot.voice.prompts import prompts
from tests.telephone.ways import WAYS, Asterisk, Way, World

#: how a conversation may end: its word, whether a ticket was logged, whether something is open
DECISIONS = [
    Decision(outcome, ticket_no=ticket_no, unsettled=unsettled)
    for outcome in ("goodbye", "message", "stopped", "hung_up", "hand_over", "failed")
    for ticket_no, unsettled in ((None, True), (None, False), ("GD1", False))
]


class EveryCall(RuleBasedStateMachine):
    """One call by one of the ways, to its end."""

    way: Way

    @initialize(
        kind=strategies.sampled_from([*WAYS, Asterisk, Asterisk]), room=strategies.booleans(), handler=strategies.booleans(),
        leg_last=strategies.booleans(), measures=strategies.booleans(),
    )  # fmt: skip
    def comes(self, kind: type[Way], room: bool, handler: bool, leg_last: bool, measures: bool) -> None:
        self.world = World(room=room)
        self.way = kind(self.world)
        if isinstance(self.way, Asterisk):
            self.way.handler, self.way.leg_last, self.way.measures = handler, leg_last, measures
        self.decision: Decision | None = None
        #: the caller was kept waiting so long that a call-back was owed before anybody asked
        self.waited = False

    @rule(data=strategies.data())
    def happens(self, data: strategies.DataObject) -> None:
        """One of the things that can happen now."""
        self.data = data
        can = [act for act, possible in self._acts() if possible]
        data.draw(strategies.sampled_from(can))()

    def _acts(self) -> list[tuple[Callable[[], None], bool]]:
        way = self.way
        alone = bool(way.rung) and way.callee is None
        return [
            (self.time_passes, True),
            (self.conversation_ends, way.talking),
            (way.line_down, not way.talking and way.line_up),
            (self.dial_plan_goes_on, isinstance(way, Asterisk) and way.caller_there and not way.rung),
            (way.caller_hangs_up, way.caller_there),
            (way.answers, alone),
            (way.refuses, alone),
            (way.hears_all, way.callee is not None and way.connected_at is None),
            (way.callee_hangs_up, way.callee is not None),
        ]

    def conversation_ends(self, decision: Decision | None = None) -> None:
        self.decision = decision or self.data.draw(strategies.sampled_from(DECISIONS))
        self.way.decide(self.decision)

    def dial_plan_goes_on(self) -> None:
        """Also while the conversation is still at work: the AudioSocket broke."""
        if self.way.talking:
            self.conversation_ends(Decision("hung_up", unsettled=True))
        if self.way.line_up:
            self.way.line_down()
        talked = self.way.talked
        self.way.go_on()
        assert not (talked and self.way.rung), "who has talked to a person is rung through once more"
        assert self.way.rung or not self._wanted(), "a caller who is there hears neither a person nor a word"

    def _wanted(self) -> bool:
        """Whether the caller, who is still there, has a right to a person, and nobody told him that there is none."""
        told = self.way.told == prompts().nobody_reached
        done = self.decision is not None and (
            self.decision.outcome in ("goodbye", "message", "stopped")
            or (self.decision.outcome == "hung_up" and self.decision.ticket_no is not None)
        )
        return not (told or done or self.way.talked)

    def time_passes(self, seconds: float = 0.0) -> None:
        before = self.world.settled(self.way.call_id)
        self.world.now += seconds or self.data.draw(strategies.sampled_from([0.5, 1.5, 2.5, 10.0, 45.0]))
        self.world.sweep()
        self.waited = self.waited or not before and bool(self.world.settled(self.way.call_id))

    @invariant()
    def one_verdict_at_most(self) -> None:
        if hasattr(self, "way"):
            assert len(self.world.settled(self.way.call_id)) <= 1
            assert len(self._closings()) <= 1 and len(self._owed()) <= 1

    def teardown(self) -> None:
        if not hasattr(self, "way"):
            return
        way = self.way
        try:
            if way.caller_there:
                way.caller_hangs_up()
            if way.talking:
                self.conversation_ends(Decision("hung_up", unsettled=True))
            if way.line_up:
                way.line_down()
            for _ in range(3):
                self.time_passes(4000.0)
            (settled,) = self.world.settled(way.call_id)
            (closed,) = self._closings()
            assert closed[2] == settled.outcome
            if settled.outcome == "handed_over":
                assert way.talked or way.untold, "nobody talked"
            elif not self.waited:
                assert not way.talked, "somebody talked, and it does not count"
            complete = settled.outcome != "handed_over" and not self._owed()
            assert complete <= self._nothing_open(), f"{self.decision} came to nothing: {settled.outcome}"
        finally:
            self.world.close()

    def _nothing_open(self) -> bool:
        """Whether a caller may go without a call-back: what he called for is done, and no person was wanted."""
        decision = self.decision
        return decision is not None and (
            decision.outcome in ("goodbye", "message") or (decision.outcome != "hand_over" and not decision.unsettled)
        )

    def _closings(self) -> list[tuple[str, ...]]:
        return [note for note in self.world.desk.notes if note[0] in ("end", "call_back")]

    def _owed(self) -> list[tuple[str, ...]]:
        return [note for note in self.world.desk.notes if note[0] in ("add", "call_back")]


EveryCall.TestCase.settings = settings(max_examples=200, stateful_step_count=12, deadline=None)
TestEveryCall = EveryCall.TestCase
