"""The telephones of those who are rung for one caller: each does what it is told, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.bench.exchange.coded import Codebook
from bot.bench.exchange.people import RATE, Person

#: what the one who answers says, and what the caller says to him, as long as they talk
STAFF_SAYS, CALLER_SAYS = "师傅：喂，您讲。", "住户：您好，我讲。"
#: what a telephone does when it is rung
BUSY, NO_ANSWER, REFUSES, FORWARDS = "busy", "no answer", "refuses", "forwards to us"
WHISPER_HANGUP, PICKS_UP, ANSWERS = "hangs up in the whisper", "picks up and leaves", "answers"
TAKEN = (WHISPER_HANGUP, PICKS_UP, ANSWERS)
#: two people talk for so long, and one who only picks up stays for so long (s, on the wall)
TALK_S, MOMENT_S = 4.2, 0.8
#: who hears no sentence about the case in this time speaks (s, on the wall)
_NO_WHISPER_S = 4.0


@dataclass
class Phone(Person):
    """One telephone that was rung."""

    does: str = ANSWERS
    number: str = ""
    #: words of the sentence about the case; empty: none is told
    whisper: str = ""
    #: when it was taken; when the two were connected as far as it could hear
    taken_at: float | None = None
    whispered: bool = False

    async def hold(self) -> None:
        """From being taken until one of the two hangs up."""
        self.taken_at = self.clock()
        heard = bool(self.whisper) and await self.until(lambda: self.heard(self.whisper), _NO_WHISPER_S)
        if self.does == WHISPER_HANGUP:
            await self.pause(0.4)
            self.hang_up()
            return
        if heard:
            await self.until(lambda: self.quiet(0.3), 20.0)
            self.whispered = self.heard(self.whisper, share=0.8) is not None
        self.excused = True
        seconds = MOMENT_S if self.does == PICKS_UP else TALK_S
        await self.say(self.book.speak(STAFF_SAYS, seconds * self.pace, RATE))
        self.hang_up()


@dataclass
class Phones:
    """Those of one caller, in the order in which they are rung; who is not there any more does not answer."""

    does: Sequence[str]
    book: Codebook
    whisper: str
    pace: float = 1.0
    rung: list[Phone] = field(default_factory=list)
    _held: list[asyncio.Task[None]] = field(default_factory=list)

    def ring(self, number: str) -> Phone:
        """The next one rings."""
        does = self.does[len(self.rung)] if len(self.rung) < len(self.does) else NO_ANSWER
        phone = Phone(self.book, self.pace, does=does, number=number, whisper=self.whisper)
        self.rung.append(phone)
        return phone

    def take(self, phone: Phone) -> None:
        """It is taken: whoever holds it does what he does."""
        if phone.excused:
            phone.expect("whisper")
        self._held.append(asyncio.create_task(phone.hold()))

    async def close(self) -> None:
        """Everybody puts his telephone down."""
        for phone in self.rung:
            phone.down()
        await asyncio.gather(*self._held, return_exceptions=True)
