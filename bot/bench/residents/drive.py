"""`gege converse` of any checkout, held in processes of its own, and simulated residents who talk with it."""

from __future__ import annotations

import json
import os
import queue
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from bot.bench.residents.county import County
from bot.bench.residents.goals import Goal, goal_of
from bot.bench.residents.resident import Resident
from bot.bench.residents.transcript import Transcript, Turn
from bot.bench.residents.words import judged
from bot.bench.simulator import simulated
from bot.foundation.errors import Broken
from bot.settings import PROJECT

T = TypeVar("T")


class ConverseEnded(Broken):
    """The process that was talked to is gone, or refused a line; the message says what it said last."""


def command_of(home: Path, program: Path | None) -> tuple[list[str], dict[str, str]]:
    """How `gege` is started on a site, and its environment; `program`: another checkout's."""
    own = [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()"]
    environment = {**os.environ, "GEGE_HOME": str(home), "RASA_TELEMETRY_ENABLED": "false"}
    environment.pop("GEGE_DATABASE_URL", None)
    if not program:
        environment["PYTHONPATH"] = str(PROJECT)
    return [str(program)] if program else own, environment


class Converse:
    """One `gege converse`; not to be used by two threads at once."""

    def __init__(self, home: Path, program: Path | None = None) -> None:
        command, environment = command_of(home, program)
        self._process = subprocess.Popen(
            [*command, "converse"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=environment,
        )

    def ask(self, **line: Any) -> dict[str, Any]:
        """One line and its answer. Raises ConverseEnded."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise ConverseEnded(f"gege converse ended with status {self._process.wait()}") from None
        said = self._process.stdout.readline()
        if not said:
            raise ConverseEnded(f"gege converse ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(said)
        if "error" in answer:
            raise ConverseEnded(f"{line}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@contextmanager
def processes(home: Path, count: int, program: Path | None) -> Iterator[list[Converse]]:
    """So many processes, each with its own copy of the site in `home`."""
    started = [Converse(home, program) for _ in range(count)]
    try:
        yield started
    finally:
        for one in started:
            one.close()


def side_by_side(services: Sequence[Converse], numbers: Sequence[int], work: Callable[[Converse, int], T]) -> list[T]:
    """`work` for each number, one thread a process; the results in the order of the numbers."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for at in range(len(numbers)):
        waiting.put(at)
    found: dict[int, T] = {}
    failed: list[BaseException] = []

    def worker(service: Converse) -> None:
        try:
            while not failed:
                at = waiting.get_nowait()
                found[at] = work(service, numbers[at])
        except queue.Empty:
            return
        except BaseException as problem:
            failed.append(problem)

    threads = [threading.Thread(target=worker, args=(service,)) for service in services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return [found[at] for at in range(len(numbers))]


def hold(
    service: Converse, county: County, number: int, seed: int, noise: float, persona: str = "", *, tries: int = 3
) -> Transcript:
    """Conversation `number` of a seed, in a county that nobody called before: the same whichever process holds it."""
    dice = random.Random(f"{seed}/{number}/{persona}")
    goal = goal_of(number, county, dice, persona)
    told = Transcript(goal)
    service.ask(do="fresh")
    if goal.before:
        told.earlier = _earlier(service, county, goal)
        told.set_up = bool(told.earlier)
        if not told.set_up:
            return told
    _talk(service, Resident(goal, county, dice), f"resident {number}", noise, dice, told)
    if any(judged().slow in turn.reply for turn in told.turns) and tries > 1:
        # The machine was busy with something else: what it says then is measured by other benches.
        return hold(service, county, number, seed, noise, persona, tries=tries - 1)
    told.tickets = service.ask(do="tickets")["tickets"]
    return told


def _earlier(service: Converse, county: County, goal: Goal) -> tuple[str, ...]:
    """An outage that the same number reported before, said clearly; → its tickets."""
    clear = Goal(
        goal.number, "cooperative", ("outage",), goal.home, goal.reporter, goal.caller, goal.channel,
        manager=goal.manager,
    )  # fmt: skip
    dice = random.Random(f"earlier/{goal.number}")
    before = Transcript(clear)
    _talk(service, Resident(clear, county, dice), f"earlier {goal.number}", 0.0, dice, before)
    return tuple(card["ticket_no"] for card in service.ask(do="tickets")["tickets"] if card["kind"] == "outage")


def _talk(
    service: Converse, resident: Resident, session: str, noise: float, dice: random.Random, told: Transcript
) -> None:
    goal = resident.goal
    line = random.Random(dice.random())
    said = resident.begin()
    while True:
        act, meant = said
        heard = simulated(meant, noise, line) if noise else meant
        began = time.perf_counter()
        answer = service.ask(session=session, text=heard, caller=goal.caller, channel=goal.channel)
        told.turns.append(
            Turn(
                act,
                meant,
                heard,
                "".join(answer["replies"]),
                answer["question"],
                tuple(answer["tickets"]),
                answer["hand_over"],
                answer["ended"],
                resident.place_told,
                (time.perf_counter() - began) * 1000,
            )
        )
        following = resident.next(told.turns[-1].reply, answer["hand_over"], answer["ended"])
        if following is None:
            break
        said = following
    service.ask(do="hang_up", session=session)
