"""The dialogue on several cores: turns go to processes of their own, each with its Rasa; a session stays with one.

Python uses one core for one process's turns. Here the service keeps the page, the calls and the messengers, and hands
each turn on; whichever process takes it, the database holds the dialogue, so that a session whose process fell goes on in
another one."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.dialogue import metrics
from bot.dialogue.events.told import TurnTold
from bot.dialogue.port import Reply, Understanding
from bot.dialogue.rehearsal import NotProved
from bot.dialogue.turns import RasaDialogue
from bot.foundation import logs
from bot.foundation.backoff import Backoff
from bot.foundation.errors import Broken, Unavailable
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.spool import Spool

log = logging.getLogger(__name__)

#: the longest line of the other process (bytes): a reply with all that a screen shows
_LONGEST = 4 * 1024 * 1024
#: who does not answer for so long (s) hangs, and is ended
_HANGS_S = 20.0
#: loading Rasa takes seconds, on a machine that is busy many
_READY_S = 180.0
#: a process that is asked to end is ended after so long (s)
_ENDS_S = 5.0
_AGAIN = Backoff(first_s=0.5, most_s=30.0)


class Gone(Unavailable):
    """The process that was asked is no more."""


class _Process:
    """One process: JSON lines to and fro, answers in any order."""

    def __init__(
        self,
        number: int,
        command: Sequence[str],
        hello: str,
        owed: Callable[[], None],
        turn: Callable[[dict[str, Any]], None],
    ) -> None:
        """`owed` and `turn`: told by it that somebody is owed a message, and of each turn that it has committed."""
        self.number = number
        self._command, self._hello, self._owed, self._turn = command, hello, owed, turn
        self._child: asyncio.subprocess.Process | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self.ready = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    async def start(self) -> None:
        """Begin and wait until it can be asked. Raises Gone."""
        self._child = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST,
            env={**os.environ, "RASA_TELEMETRY_ENABLED": "false"},
        )
        assert self._child.stdin is not None and self._child.stdout is not None
        with contextlib.suppress(ConnectionError):
            self._child.stdin.write(self._hello.encode() + b"\n")
            await self._child.stdin.drain()
        try:
            line = await asyncio.wait_for(self._child.stdout.readline(), _READY_S)
        except TimeoutError:
            line = b""
        if not line:
            await self.end()
            raise Gone(f"dialogue process {self.number} did not start; what it wrote on standard error says why")
        self.ready = True

    async def serve(self) -> None:
        """Read its answers until it ends."""
        assert self._child is not None and self._child.stdout is not None
        try:
            while line := await self._child.stdout.readline():
                told = json.loads(line)
                if told.get("owed"):
                    self._owed()
                elif fate := told.get("fate"):
                    metrics.count_fate(fate)
                elif turn := told.get("turn"):
                    self._turn(turn)
                elif (waiting := self._waiting.pop(told["n"], None)) and not waiting.done():
                    waiting.set_result(told)
        finally:
            self.ready = False
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(Gone(f"dialogue process {self.number} ended in the middle of a turn"))
            self._waiting.clear()
            await self.end()

    async def ask(self, what: Mapping[str, Any], within_s: float = _HANGS_S) -> dict[str, Any]:
        """Its answer. Raises Gone; one that hangs is ended."""
        if not self.ready or self._child is None or self._child.stdin is None:
            raise Gone(f"dialogue process {self.number} is not there")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._child.stdin.write(json.dumps({**what, "n": number}, ensure_ascii=False).encode() + b"\n")
            async with asyncio.timeout(within_s):
                found = await answer
        except TimeoutError:
            log.error("dialogue process %d does not answer for %g s and is ended", self.number, within_s)
            self.ready = False
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
            raise Gone(f"dialogue process {self.number} hangs") from None
        except ConnectionError:
            raise Gone(f"dialogue process {self.number} is gone") from None
        finally:
            self._waiting.pop(number, None)
        if problem := found.get("problem"):
            raise Broken(f"a turn failed in dialogue process {self.number} ({problem})")
        return found

    async def end(self) -> None:
        """It ends when nobody speaks to it any more."""
        self.ready = False
        child = self._child
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()
        try:
            await asyncio.wait_for(child.wait(), _ENDS_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


class SharedOutDialogue(RasaDialogue):
    """Hands every turn to one of several processes. What must be said when they are slow or gone (the words of safety, the
    apology, the file that keeps what was said) is said here, without them."""

    def __init__(
        self,
        command: Sequence[str],
        hello: str,
        processes: int,
        desk: TicketDesk,
        spool: Spool,
        write_s: float = 5.0,
        owed: Callable[[], None] = lambda: None,
    ) -> None:
        """`command` starts one process, `hello` is the line that it reads first; `owed`: one of them owes somebody a
        message."""
        super().__init__(desk, spool, write_s)
        self._processes = [_Process(number, command, hello, owed, self._told) for number in range(processes)]
        self._keepers: list[asyncio.Task[None]] = []
        self._turn = itertools.count()
        self._model: Path | None = None

    @property
    def pids(self) -> list[int]:
        """The processes that are there."""
        return [one.pid for one in self._processes if one.ready and one.pid is not None]

    async def start(self) -> None:
        if self._keepers:
            return
        try:
            await asyncio.gather(*(one.start() for one in self._processes))
        except Gone as problem:
            await asyncio.gather(*(one.end() for one in self._processes))
            raise Broken(str(problem)) from None
        self._keepers = [asyncio.create_task(self._keep(one), name=f"dialogue {one.number}") for one in self._processes]

    async def close(self) -> None:
        self._thread_of_writes.shutdown(wait=False)
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(one.end() for one in self._processes))
        self._keepers = []

    async def parse(self, text: str, alternatives: tuple[str, ...] = (), question: str = "") -> Understanding:
        what = {"do": "parse", "text": text, "alternatives": list(alternatives), "question": question}
        found = await self._asked(str(next(self._turn)), lambda one: one.ask(what))
        return Understanding(**found["understanding"])

    async def take_up(self, model: Path | None) -> bool:
        """Go on with another model in all processes; False when there is nothing to do."""
        if model is None or model == self._model:
            return False
        there = [one for one in self._processes if one.ready]
        taken = await asyncio.gather(*(one.ask({"do": "take_up", "model": str(model)}, _READY_S) for one in there))
        self._model = model
        return any(one["taken"] for one in taken)

    async def rehearse(self) -> None:
        there = [one for one in self._processes if one.ready]
        if not there:
            raise NotProved("no dialogue process is there")
        await asyncio.gather(*(one.ask({"do": "rehearse"}) for one in there))

    async def _take_turn(self, heard: Heard) -> Reply:
        try:
            found = await self._asked(heard.session, lambda one: one.ask({"do": "turn", "heard": heard.as_json()}))
            return Reply.from_json(found["reply"])
        except Exception as problem:
            log.error("a turn failed (%s)", logs.described(problem))
            return await self._apology(heard, problem)

    async def _asked(self, session: str, ask: Callable[[_Process], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """Asked of the session's process; of the next one when that is gone: the same id is the same turn. Raises Gone."""
        tried: set[int] = set()
        while there := [one for one in self._processes if one.ready and one.number not in tried]:
            chosen = max(there, key=lambda one: _weight(session, one.number))
            tried.add(chosen.number)
            try:
                return await ask(chosen)
            except Gone as problem:
                log.error("%s", problem)
        raise Gone("no dialogue process is there")

    def _told(self, turn: dict[str, Any]) -> None:
        if self.on_turn is None:
            return
        try:
            self.on_turn(TurnTold.from_json(turn))
        except Exception as problem:  # the process that told it is in good health
            log.error("a turn is not told for statistics (%s)", logs.described(problem), exc_info=True)

    async def _keep(self, one: _Process) -> None:
        """Serve its answers, and start it again when it ends."""
        failed = 0
        while True:
            try:
                if not one.ready:
                    await one.start()
                    log.warning("dialogue process %d is there again", one.number)
                failed = 0
                await one.serve()
                log.error("dialogue process %d ended; it is started again", one.number)
            except Exception as problem:
                log.error("dialogue process %d: %s", one.number, logs.described(problem))
            failed += 1
            await asyncio.sleep(_AGAIN.wait(failed) or _AGAIN.most_s)

    async def _rasa_parse(self, clean: str, question: str = "") -> dict[str, Any]:
        raise AssertionError("turns are taken by the other processes")

    async def _answer(self, heard: Heard, clean: str, question: str) -> Reply:
        raise AssertionError("turns are taken by the other processes")


def _weight(session: str, number: int) -> bytes:
    """Of a process for a session: the heaviest one takes it, and when one goes only its own sessions move."""
    return hashlib.blake2b(f"{session} {number}".encode(), digest_size=8).digest()
