"""A turn takes as long with a broker that is away, or that stands still, as without any."""

from __future__ import annotations

import contextlib
import shutil
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.app.parts import Parts, running
from bot.bench.loopback import free_port
from bot.dialogue.events.outlet import Outlet
from bot.dialogue.events.told import TurnTold
from bot.dialogue.turns import RasaDialogue
from bot.settings import Settings
from tests.events.brokers import outlet
from tests.turns.test_whole_turns import heard

pytestmark = pytest.mark.slow  # six hundred turns

TURNS = 200


@contextlib.contextmanager
def hanging(home: Path) -> Iterator[Outlet]:
    """An outlet whose broker takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        yield _started(home, silent.getsockname()[1])


def _started(home: Path, port: int) -> Outlet:
    out = outlet(home, f"  type: pika\n  url: 127.0.0.1\n  port: {port}\n  username: u\n  password: p\n", waiting=100)
    out.start()
    return out


async def test_a_turn_takes_as_long_as_without_statistics(county: Path, dialogue_model: Path, tmp_path: Path) -> None:
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, tmp_path)
    for name in ("away", "hangs"):
        (tmp_path / name).mkdir()
    took: dict[str, list[float]] = {"off": [], "away": [], "hangs": []}
    async with running(Settings(home=tmp_path), relay=False) as service:
        with hanging(tmp_path / "hangs") as hangs:
            away = _started(tmp_path / "away", free_port())
            ways: dict[str, Callable[[TurnTold], None] | None] = {"off": None, "away": away.put, "hangs": hangs.put}
            await _one(service, None, "warm up")
            for number in range(TURNS):
                for name, told in ways.items():
                    took[name].append(await _one(service, told, f"{name} {number}"))
            away.close()
            hangs.close()
    median = {name: statistics.median(times) * 1000 for name, times in took.items()}
    p95 = {name: statistics.quantiles(times, n=20)[-1] * 1000 for name, times in took.items()}
    print(*(f"{name}: median {median[name]:.1f} ms, p95 {p95[name]:.1f} ms" for name in took), sep="; ")
    for name in ("away", "hangs"):
        # Far below what one look at the broker would cost, and above what a busy machine adds.
        assert median[name] < 1.2 * median["off"] + 5.0, median


async def _one(service: Parts, told: Callable[[TurnTold], None] | None, session: str) -> float:
    assert isinstance(service.dialogue, RasaDialogue)
    service.dialogue.on_turn = told
    began = time.perf_counter()
    await service.dialogue.turn(heard("我屋里停电了", session))
    return time.perf_counter() - began
