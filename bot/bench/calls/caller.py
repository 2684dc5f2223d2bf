"""The caller of one call: listens to what comes out of the telephone, answers it, and hangs up where the story says so."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.bench.calls.stories import MESSAGE, PERSON, REPORT_AND_PERSON, SILENCE, Story
from bot.bench.exchange.coded import BREAKS
from bot.bench.exchange.people import RATE, Person
from bot.bench.exchange.phones import CALLER_SAYS, MOMENT_S, STAFF_SAYS, TALK_S
from bot.voice.prompts import prompts

#: what a logged report is answered with, also one of an outage that is known; where it is read back; where something is asked
LOGGED, READ_BACK, SAME_OUTAGE, ASKED = "记下了。", "对不对", "您家也是吗", "哪里"
OUTAGE, YES, WANTS_A_PERSON, WORDS = "我屋里停电了", "对", "我要转人工", "我屋里停电了，请来个人看。"
#: all that a caller may say beside his place
SAID = (OUTAGE, YES, WANTS_A_PERSON, WORDS, BREAKS)
#: Gege has been silent so long (the line's own time): it is the caller's turn
_TURN_S = 0.7
#: nobody listens to a dead line any longer (s, on the wall)
_PATIENCE_S = 25.0
#: questions of Gege's that are answered
_MOST_TURNS = 9

Sound = Callable[[str], bytes]


@dataclass
class Caller:
    """What one caller does; `wait_s`: the longest silence after which Gege takes it that he has finished (s)."""

    person: Person
    story: Story
    dice: random.Random
    place: str
    notice: str
    sound: Sound
    wait_s: float
    #: what went on too long
    stuck: str = ""
    #: he has said yes to what was read back
    confirmed: bool = False
    #: he has asked for a person, or was told that somebody is rung
    asked: bool = False
    #: when he first told what it is about
    spoke: bool = False
    _answered: int = 0

    async def play(self) -> None:
        """The whole call, until the line is down."""
        rest = asyncio.create_task(self._with_people())
        try:
            await self._converse()
            await rest
        finally:
            rest.cancel()
            await asyncio.gather(rest, return_exceptions=True)
            self.person.hang_up()

    def _leaves(self, stage: str) -> bool:
        return self.story.leaves == stage

    async def _go(self, within_s: float = 0.6) -> None:
        await self.person.pause(self.dice.random() * within_s)
        self.person.hang_up()

    async def _converse(self) -> None:
        person = self.person
        if not await person.until(lambda: person.heard(self.notice), _PATIENCE_S):
            return
        if self._leaves("notice"):
            return await self._go()
        await person.until(lambda: person.heard(prompts().greeting) or self._with_somebody, _PATIENCE_S)
        if self._leaves("greeting"):
            return await self._go()
        if self.story.wants == SILENCE:
            return await self._says_nothing()
        if not await self._my_turn():
            return
        if self.story.wants == PERSON:
            return await self._asks_for_a_person()
        if self.story.wants == MESSAGE:
            return await self._leaves_a_message()
        await self._reports()

    # ---- with Gege ------------------------------------------------------------------------------

    @property
    def _with_somebody(self) -> bool:
        return self.person.stage in ("ringing", "whisper", "told", "connected", "hand-over")

    async def _my_turn(self) -> bool:
        """Wait until Gege has said something new and is silent; False when the line is down, or somebody is rung."""
        person, known = self.person, self._answered
        await person.until(
            lambda: self._with_somebody or (len(person.pieces) > known and person.quiet(_TURN_S)), _PATIENCE_S
        )
        self._answered = len(person.pieces)
        if person.over or self._with_somebody:
            return False
        if self._answered == known:
            self.stuck = "Gege says nothing"
            person.hang_up()
            return False
        person.excused = True
        return True

    async def _say(self, words: str) -> None:
        self.spoke = True
        await self.person.say(self.sound(words))
        if not self.person.over and not self._with_somebody:
            self.person.expect("answer to words", self.wait_s / self.person.pace)

    async def _reports(self) -> None:
        if self._leaves("speaking"):
            speaking = asyncio.create_task(self._say(OUTAGE))
            await self._go(0.8)
            return await speaking
        await self._say(OUTAGE)
        for _ in range(_MOST_TURNS):
            before = self._answered
            if not await self._my_turn():
                return
            said = "".join(piece.sentence for piece in self.person.pieces[before:])
            if LOGGED in said:
                return await self._logged()
            if READ_BACK in said or SAME_OUTAGE in said:
                if self._leaves("read-back"):
                    return await self._go()
                if self._leaves("falling silent"):
                    return await self._says_nothing()
                self.confirmed = True
                await self._say(YES)
                if self._leaves("goodbye") and await self._hears_the_goodbye():
                    return await self._go(2.0)
            elif ASKED in said:
                if self._leaves("question"):
                    return await self._go()
                await self._say(self.place)
            else:
                await self._say(YES if self.dice.random() < 0.5 else self.place)
        self.stuck = "the conversation goes round in circles"
        self.person.hang_up()

    async def _hears_the_goodbye(self) -> bool:
        """Whether it begins; False when something else was said to the end."""
        person, known = self.person, len(self.person.pieces)
        await person.until(
            lambda: person.heard(LOGGED) or (len(person.pieces) > known and person.quiet(_TURN_S)), _PATIENCE_S
        )
        return person.heard(LOGGED) is not None

    async def _logged(self) -> None:
        if self.story.wants == REPORT_AND_PERSON:
            return await self._asks_for_a_person()
        if self._leaves("after a while"):
            return await self._says_nothing()
        await self._go(1.0)

    async def _asks_for_a_person(self) -> None:
        self.asked = True
        if self.dice.random() < 0.6:
            self.person.keys.append("0")
            self.person.expect("answer to a key")
        else:
            await self._say(WANTS_A_PERSON)

    async def _says_nothing(self) -> None:
        person = self.person
        leaves_at = float("inf")
        # Until he is put through, or somebody else hangs up; each sentence of Gege's ends his turn's silence anew.
        while not person.over and not self._with_somebody:
            if person.quiet(_TURN_S):
                person.excused = True
            if self._leaves("silence") and leaves_at == float("inf") and person.heard(prompts().silence[0]):
                leaves_at = person.clock() + 4.0 * self.dice.random() / person.pace
            if person.clock() > leaves_at:
                return person.hang_up()
            await asyncio.sleep(0.02)

    async def _leaves_a_message(self) -> None:
        await self._say(BREAKS)
        person = self.person
        if not await person.until(lambda: person.heard(prompts().message, share=0.5), _PATIENCE_S):
            return
        await person.until(lambda: person.quiet(1.0), _PATIENCE_S)
        await self._say(WORDS)
        if self._leaves("message"):
            return await self._go()
        person.expect("answer to a message", 6.0 / person.pace)

    # ---- with people ----------------------------------------------------------------------------

    async def _with_people(self) -> None:
        """Beside the conversation: somebody is rung, answers, talks."""
        person, rings, before, talked = self.person, 0, "", 0
        dead_since = person.clock()
        while not person.over:
            if person.stage != before:
                before = person.stage
                rings += before == "ringing"
                dead_since = person.clock()
            dead_since = max(dead_since, person.loud_at or 0.0)
            ringing = self._leaves("ringing") or (self._leaves("second ringing") and rings >= 2)
            if (before == "ringing" and ringing) or (before == "whisper" and self._leaves("whisper")):
                await asyncio.sleep(0.05 + 0.25 * self.dice.random())
                return person.hang_up()
            found: Sequence[object] = [
                each for each in person.pieces if each.sentence == STAFF_SAYS and each.frames >= 6
            ]
            if len(found) > talked:
                talked = len(found)
                if self._leaves("connected"):
                    await asyncio.sleep(MOMENT_S * self.dice.random())
                    return person.hang_up()
                await person.say(person.book.speak(CALLER_SAYS, TALK_S * person.pace, RATE))
                if not person.over and person.stage == before:
                    person.expect("after a person", 0.5)
                dead_since = person.clock()
            if self._with_somebody and person.clock() - dead_since > _PATIENCE_S:
                self.stuck = "left in the air"
                person.hang_up()
            await asyncio.sleep(0.02)
