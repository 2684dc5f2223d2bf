"""The ways in which a call is carried, each played by its far end, on a clock of their own: no sound, no waiting.

The pieces behind them are the service's own (HandOvers, DialPlan, SipHandOver, Settling); the conversation is what the
test says of it."""

from __future__ import annotations

import asyncio
import uuid as uuids
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bot.lines.audiosocket import Answer
from bot.lines.dialling import Rung
from bot.lines.line import CallFacts, LineEvent, Playback
from bot.lines.sip.call import Referred
from bot.settings import Settings
from bot.telephone.dial_plan import DialPlan
from bot.telephone.exchange_ways import ExchangeWays, Ring
from bot.telephone.handover import HandOvers
from bot.telephone.handover_by_sip import SipHandOver
from bot.voice.call_life import Decision
from bot.voice.events import CallEvent, Settled
from tests.voice.doubles import HandingDesk, ToneVoice
from tests.voice.town import Town

CALLER = "13971800123"


class AtOnce(ThreadPoolExecutor):
    """Threads that are none: what is put off is done there and then, so that every order is the test's own."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **more))
        except BaseException as problem:
            done.set_exception(problem)
        return done


class StillLine:
    """A line on which what is played stays unheard until the test says so."""

    rate, backlog, waiting_s = 8000, 0, 0.0

    def __init__(self) -> None:
        self.on_sent: Callable[[bytes], None] | None = None
        self.ended = asyncio.Event()
        self._playing: list[Playback] = []

    async def events(self) -> AsyncIterator[LineEvent]:
        await self.ended.wait()
        return
        yield

    def play(self, pcm: bytes) -> Playback:
        playing = Playback(pcm)
        if self.ended.is_set():
            playing.over.set()
        else:
            self._playing.append(playing)
        return playing

    def hear(self) -> None:
        """Everything that plays is heard to its end."""
        for playing in self._playing:
            playing.complete = True
        self.drop()

    def drop(self) -> None:
        for playing in self._playing:
            playing.over.set()
        self._playing.clear()

    def forget(self) -> None: ...

    async def hang_up(self) -> None:
        self.ended.set()
        self.drop()


@dataclass
class World:
    """A telephone's steering, on a clock of its own."""

    now: float = 1000.0
    desk: HandingDesk = field(default_factory=HandingDesk)
    seen: list[CallEvent] = field(default_factory=list)
    room: bool = True

    def __post_init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(AtOnce())
        self.voice = ToneVoice(0.02)
        settings = Settings(home=Path("/nowhere"))
        self.hand_overs = HandOvers(
            Town(), self.desk, settings, self.voice, watcher=self.seen.append, clock=lambda: self.now
        )

    def run(self, work: Any = None) -> Any:
        """Let everything happen that can happen by itself."""

        async def settle() -> Any:
            found = await work if work is not None else None
            for _ in range(40):
                await asyncio.sleep(0)
            return found

        return self.loop.run_until_complete(settle())

    def settled(self, call_id: str) -> list[Settled]:
        return [one for one in self.seen if isinstance(one, Settled) and one.call_id == call_id]

    def sweep(self) -> None:
        self.run(self.hand_overs.sweep())

    def close(self) -> None:
        self.run(self.hand_overs.close())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.run()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class Way:
    """A call as its far ends see it. The caller and whoever is rung do what the test says; nothing else moves."""

    name = "browser"
    #: the conversation goes on; Gege's line to the caller is up
    talking, line_up = True, True
    caller_there = True
    #: who is rung now, and what the caller last heard instead of a person
    rung, told = "", ""
    #: somebody talked to the caller, and since when they hear each other
    talked = False
    connected_at: float | None = None
    #: the dial plan tells nothing of the end of a conversation
    untold = False
    callee: StillLine | None = None

    def __init__(self, world: World) -> None:
        self.world, self.call_id = world, str(uuids.uuid4())
        self.facts = CallFacts(self.call_id, CALLER, "07153391024")
        self.begin()

    def begin(self) -> None:
        async def take() -> None:
            await self.world.hand_overs.begun(self.facts, self.name)

        self.world.run(take())

    def decide(self, decision: Decision) -> None:
        """The conversation is over."""
        self.talking = False
        self.world.hand_overs.decided(self.call_id, decision)
        self.world.run()

    def line_down(self) -> None:
        """Its line goes down."""
        self.line_up = False
        self.world.run(self.world.hand_overs.over(self.call_id))

    def go_on(self) -> None:
        """Whoever carries the call goes on after the conversation."""

    def caller_hangs_up(self) -> None:
        self.caller_there = False
        self._parted()

    # ---- whoever is rung ------------------------------------------------------------------------

    def answers(self) -> None: ...

    def hears_all(self) -> None:
        assert self.callee is not None
        self.callee.hear()
        self.world.run()
        self._connected()

    def refuses(self) -> None: ...

    def callee_hangs_up(self) -> None: ...

    def _connected(self) -> None:
        self.connected_at = self.world.now

    def _parted(self) -> None:
        if self.connected_at is not None and self.world.now - self.connected_at >= 3.0:
            self.talked = True
        self.connected_at = None


class Outgoing(Way):
    name = "out"


class Asterisk(Way):
    """The dial plan that ships with Gege: AudioSocket, then `/next` again and again, and a hang-up handler."""

    name = "audiosocket"
    #: its FastAGI client reaches us from the hang-up handler
    handler = True
    #: it says whom it rang, and ANSWER only of who talked for three seconds
    measures = True
    #: the whisper's line is seen to be down only after Dial has told how it ended
    leg_last = False
    _rang = ""

    def begin(self) -> None:
        self.variables = {"ASID": self.call_id, "DIALSTATUS": ""}
        self.plan = DialPlan(self.world.hand_overs, self, self.world.voice, room=lambda: self.world.room)  # type: ignore[arg-type]
        self.legs: dict[str, Answer] = {}
        self._leg: asyncio.Task[None] | None = None
        self.ask("start")
        if self.variables.get("GEGE") == "full":
            self.talking = self.line_up = False
            self._ring(self.variables["NEXT"])
        else:
            super().begin()

    def announce(self, uuid: str, *numbers: str, answer: Answer | None = None) -> None:
        """As AudioSocketServer: a leg of ours may connect."""
        if answer is not None:
            self.legs[uuid] = answer

    def ask(self, script: str, **query: str) -> None:
        async def variable(name: str) -> str:
            return self.variables.get(name, "")

        async def set_variable(name: str, value: str) -> None:
            self.variables[name] = value

        facts = {"dnid": "07153391024", "callerid": CALLER}
        session = SimpleNamespace(
            query=query, facts=facts, number=lambda name: facts.get(name, ""), variable=variable,
            set_variable=set_variable, hung_up=False, crowded=False,
        )  # fmt: skip
        self.world.run(self.plan.scripts[script](session))  # type: ignore[arg-type]

    def go_on(self) -> None:
        """[gege-person]: ask, tell, ring."""
        self.variables |= {"TELL": "", "GEGE_SAID": self.variables["NEXT"]}
        self.ask("next", **self._told(self.variables["DIALSTATUS"]))
        if self.variables["TELL"]:
            said = len(self.world.voice.said)
            line = StillLine()
            leg = self.world.loop.create_task(self.legs[self.variables["TELL"]](line, self.facts))  # type: ignore[arg-type]
            self.world.run()
            line.hear()
            self.world.run(leg)
            self.told = self.world.voice.said[said]
        if self.variables["NEXT"]:
            self._ring(self.variables["NEXT"])
        else:
            self.caller_hangs_up()  # the plan's own Hangup()

    def _told(self, status: str) -> dict[str, str]:
        """What FastAGI is told of how ringing ended."""
        if not self.measures:
            return {"status": status}
        status = "NOANSWER" if status == "ANSWER" and not self.talked else status
        return {"status": status, "rang": self._rang}

    def _ring(self, number: str) -> None:
        self._rang = number
        self.rung, self.variables["DIALSTATUS"] = number, "CANCEL"

    def caller_hangs_up(self) -> None:
        answered = self.callee is not None
        self.untold = not self.handler and self.connected_at is not None
        super().caller_hangs_up()
        if answered:
            self.variables["DIALSTATUS"] = "ANSWER"
        callee, self.rung, self.callee = self.callee, "", None
        if callee is not None and not self.leg_last:
            self.world.run(callee.hang_up())
        if self.handler:
            # In mid-conversation the status is that of Dial(AudioSocket/…).
            status = "ANSWER" if self.line_up else self.variables["DIALSTATUS"]
            self.ask("over", call=self.call_id, **self._told(status))
        if callee is not None:
            self.world.run(callee.hang_up())

    def answers(self) -> None:
        self.variables["DIALSTATUS"] = "ANSWER"
        self.variables["WHISPER"] = ""
        self.callee = StillLine()
        self.ask("whisper", call=self.call_id)
        self._leg = self.world.loop.create_task(self.legs[self.variables["WHISPER"]](self.callee, self.facts))  # type: ignore[arg-type]
        self.world.run()

    def refuses(self) -> None:
        self.rung, self.variables["DIALSTATUS"] = "", "BUSY"
        self.go_on()

    def callee_hangs_up(self) -> None:
        """Dial says ANSWER, whether the case was told or not."""
        self._parted()
        callee, self.rung, self.callee = self.callee, "", None
        assert callee is not None
        if not self.leg_last:
            self.world.run(callee.hang_up())
        self.go_on()
        self.world.run(callee.hang_up())


@dataclass
class Answered:
    """A SIP call that came to us."""

    line: StillLine
    refer: Callable[..., Any]
    dialog: Any = field(default_factory=lambda: SimpleNamespace(peer=("127.0.0.1", 5060)))
    moved = connects = False

    @property
    def over(self) -> bool:
        return self.line.ended.is_set()


@dataclass
class Called:
    """A SIP call that went out to a person and was answered."""

    line: StillLine
    dialog: Any = field(default_factory=lambda: SimpleNamespace(peer=("127.0.0.1", 5060)))

    @property
    def over(self) -> bool:
        return self.line.ended.is_set()

    async def hang_up(self) -> None:
        await self.line.hang_up()


class OwnAgent(Way):
    """SIP: our own user agent rings people through a trunk."""

    name = "sip"
    trunk = True
    ring: Ring = "auto"

    def begin(self) -> None:
        self.line = StillLine()
        self._ended: asyncio.Future[None] = self.world.loop.create_future()
        self._ringing: asyncio.Future[Any] | None = None
        self.call = Answered(self.line, self._refer)
        server = SimpleNamespace(
            gateway=object() if self.trunk else None, call_of=lambda line: self.call, ring=self._ask,
            through=lambda peer: object(),
        )  # fmt: skip
        ways = ExchangeWays(self.ring)
        carrying = SipHandOver(self.world.hand_overs, self._converse, ways)
        carrying.server = server  # type: ignore[assignment]
        self._carried = self.world.loop.create_task(carrying(self.line, self.facts))  # type: ignore[arg-type]
        self.world.run()

    async def _converse(self, line: Any, facts: CallFacts) -> None:
        await self.world.hand_overs.begun(facts, self.name)
        await self._ended
        await self.world.hand_overs.over(facts.call_id)

    def line_down(self) -> None:
        self.line_up = False
        self._ended.set_result(None)
        self.world.run()
        self._hear()

    def _hear(self) -> None:
        """Sentences to the caller are heard; when nobody is rung any more, the call is over."""
        for _ in range(4):
            said = len(self.world.voice.said)
            if not self.rung and not self._carried.done():
                self.line.hear()
                self.world.run()
            if len(self.world.voice.said) > said:
                self.told = self.world.voice.said[-1]
        if self._carried.done():
            self._carried.result()
            if self.caller_there:
                self._parted()
                self.caller_there = False
                self.world.run(self.line.hang_up())

    async def _ask(self, number: str, *_: Any) -> Rung[Any]:
        self.rung, self._ringing = number, self.world.loop.create_future()
        found = await self._ringing
        assert isinstance(found, Rung)
        return found

    async def _refer(self, number: str, *_: Any) -> Referred:
        self.rung, self._ringing = number, self.world.loop.create_future()
        return Referred(True, await self._ringing)

    def _rung_ends(self, how: Any) -> None:
        assert self._ringing is not None
        self.rung = ""
        self._ringing.set_result(how)
        self.world.run()

    def caller_hangs_up(self) -> None:
        super().caller_hangs_up()
        self.world.run(self.line.hang_up())
        if self.callee is not None:
            self.callee.hear()  # "he has hung up"
            self.world.run()
        self.rung, self.callee = "", None

    def answers(self) -> None:
        self.callee = callee = StillLine()
        number = self.rung
        self._rung_ends(Rung("answered", Called(callee)))
        self.rung = number

    def refuses(self) -> None:
        self._rung_ends(Rung("busy"))
        self._hear()

    def callee_hangs_up(self) -> None:
        assert self.callee is not None
        self._parted()
        callee, self.callee, self.rung = self.callee, None, ""
        self.world.run(callee.hang_up())
        self._hear()


class Referring(OwnAgent):
    """Without a trunk, at an exchange that takes no call from us: it rings, tells how it went, and takes the caller away
    when somebody has answered (REFER)."""

    trunk = False
    ring = "refer"

    def answers(self) -> None:
        self.talked, self.caller_there = True, False
        self._rung_ends(200)
        self._hear()
        self.world.run(self.line.hang_up())

    def refuses(self) -> None:
        self._rung_ends(486)
        self._hear()

    def caller_hangs_up(self) -> None:
        Way.caller_hangs_up(self)
        self.world.run(self.line.hang_up())
        if self._ringing is not None and not self._ringing.done():
            self._rung_ends(0)
        self.rung = ""


class Through(OwnAgent):
    """Without a trunk: people are rung through the exchange that the call came from."""

    trunk = False


WAYS: tuple[type[Way], ...] = (Way, Outgoing, Asterisk, OwnAgent, Through, Referring)
