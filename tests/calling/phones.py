"""Telephones that can be rung and joined, without a network."""

from __future__ import annotations

import asyncio

from bot.lines.dialling import Rung
from bot.lines.incoming import Incoming
from bot.lines.line import Pressed, Sounded
from bot.lines.outgoing import Outgoing


class Phone:
    """A telephone that was taken; what is played on it has left at once, and stands in `heard`."""

    backlog = 0
    on_sent = None
    waiting_s = 0.0

    def __init__(self, key: str = "", rate: int = 8000) -> None:
        self.line, self.rate, self.heard = self, rate, bytearray()
        self._incoming, self._outgoing = Incoming(1000), Outgoing()
        self.ended = asyncio.Event()
        if key:
            self._incoming.offer(Pressed(key))

    def speaks(self, pcm: bytes) -> None:
        self._incoming.offer(Sounded(pcm))

    def leaves(self) -> None:
        self.ended.set()
        self._incoming.end()
        self._outgoing.close()

    def events(self):
        return self._incoming.events()

    def play(self, pcm: bytes):
        playing = self._outgoing.play(pcm)
        self.heard += self._outgoing.take(len(pcm))
        return playing

    def drop(self) -> None:
        self._outgoing.drop()

    def forget(self) -> None:
        self._incoming.forget()

    async def hang_up(self) -> None:
        self.leaves()


class Network:
    """Rings by number; who is not in `answers` does not answer. An event as an answer is waited for."""

    def __init__(self, **answers: Rung | asyncio.Event) -> None:
        self.answers = {number.removeprefix("n"): answer for number, answer in answers.items()}
        self.rung: list[str] = []
        self.given_up: list[str] = []

    async def ring(self, number: str, within_s: float) -> Rung:
        self.rung.append(number)
        answer = self.answers.get(number, Rung("no_answer"))
        if isinstance(answer, Rung):
            return answer
        try:
            await answer.wait()
        except asyncio.CancelledError:
            self.given_up.append(number)
            raise
        return Rung("no_answer")
