"""A loop that runs on: it does its work in its time, survives every failure, and says when it is stuck."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import time as now

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from bot.commands.doctor import doctor, running
from bot.commands.doctor.doctor import Finding
from bot.foundation.background import Background, Backgrounds, More
from bot.foundation.backoff import Backoff
from bot.foundation.errors import Unavailable
from bot.foundation.service_state import file_of, forget_state, read_state, write_state
from bot.settings import Settings
from bot.web.metrics import BackgroundMetrics


class Time:
    """A clock that stands still but in pauses; after `ends` pauses the loop that pauses is cancelled."""

    def __init__(self, ends: int = 5) -> None:
        self.now, self._ends = 0.0, ends
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def pause(self, wake: asyncio.Event, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
        if len(self.pauses) >= self._ends:
            raise asyncio.CancelledError


def background(work: Callable[[], Awaitable[object]], time: Time, every_s: float = 10.0, **more: object) -> Background:
    return Background("work", every_s, work, clock=time, pause=time.pause, **more)  # type: ignore[arg-type]


async def through(one: Background) -> None:
    """Until its time is over."""
    with pytest.raises(asyncio.CancelledError):
        await one.run()


class Work:
    """Does what it is told, one after the other: an exception is raised, anything else returned; the last for ever."""

    def __init__(self, *outcomes: object) -> None:
        self.outcomes, self.done = list(outcomes), 0

    async def __call__(self) -> object:
        self.done += 1
        outcome = self.outcomes[min(self.done, len(self.outcomes)) - 1]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


async def test_work_is_done_at_once_and_then_every_period() -> None:
    time, work = Time(ends=3), Work(None)
    await through(background(work, time))
    assert work.done == 3 and time.pauses == [10.0, 10.0, 10.0]


async def test_what_has_more_to_do_does_not_wait() -> None:
    time, work = Time(ends=1), Work(More.at_once, More.at_once, More.at_once, None)
    await through(background(work, time))
    assert work.done == 4 and time.pauses == [10.0]


async def test_a_first_wait_can_be_asked_for() -> None:
    time, work = Time(ends=2), Work(None)
    await through(background(work, time, first_after_s=60.0))
    assert work.done == 1 and time.pauses == [60.0, 10.0]


async def test_whatever_it_raises_it_is_called_again(caplog: pytest.LogCaptureFixture) -> None:
    time = Time(ends=4)
    work = Work(ValueError("张三,13912345678"), asyncio.CancelledError(), Unavailable("away"), None)
    one = background(work, time)
    await through(one)
    assert work.done == 4 and one.state.failures == 0
    assert "goes on after 3 failures" in caplog.text


async def test_after_failures_it_waits_as_its_backoff_says_and_as_the_other_side_asks() -> None:
    time, work = Time(ends=4), Work(OSError(), OSError(), Unavailable("later", retry_after=300.0), None)
    await through(background(work, time, again=Backoff(1.0, 60.0, factor=4.0)))
    assert time.pauses == [1.0, 4.0, 300.0, 10.0]


async def test_a_loop_that_fails_all_night_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    time, work = Time(ends=1000), Work(OSError())
    await through(background(work, time))
    assert len([one for one in caplog.records if one.name == "bot.foundation.background"]) == 10


async def test_without_success_for_a_declared_time_it_is_stuck() -> None:
    time, work = Time(ends=4), Work(None, OSError())
    one = background(work, time, stuck_after_s=25.0)
    stuck = []

    async def looked_at() -> object:
        stuck.append(one.state.stuck)
        return await work()

    one._work = looked_at
    await through(one)
    assert stuck == [False, False, False, True]
    assert (one.state.failures, one.state.problem, one.state.idle_s) == (3, "OSError", 40.0)


async def test_work_that_never_comes_back_is_stuck_and_can_be_stopped() -> None:
    time = Time()

    async def hangs() -> None:
        await asyncio.Event().wait()

    one = background(hangs, time, stuck_after_s=25.0)
    one.start()
    await asyncio.sleep(0)
    time.now = 26.0
    assert one.state.stuck and one.state.idle_s is None
    async with asyncio.timeout(1):
        await one.stop()


async def test_a_nudge_from_a_thread_wakes_it_at_once() -> None:
    work = Work(None)
    one = Background("work", 3600.0, work)
    one.nudge()  # before it runs: nothing happens
    backgrounds = Backgrounds()
    backgrounds.start(one)
    async with asyncio.timeout(5):
        while work.done < 1:
            await asyncio.sleep(0.001)
        await asyncio.to_thread(one.nudge)
        while work.done < 2:
            await asyncio.sleep(0.001)
        await backgrounds.stop()
    assert list(backgrounds) == []


async def test_prometheus_sees_each_loop() -> None:
    time, backgrounds, registry = Time(ends=2), Backgrounds(), CollectorRegistry()
    one = background(Work(None, OSError()), time, stuck_after_s=15.0)
    backgrounds.include(one)
    registry.register(BackgroundMetrics(backgrounds, lambda: 1_000_000.0))
    await through(one)
    text = generate_latest(registry).decode()
    assert 'gege_background_last_success_seconds{name="work"} 999980.0' in text
    assert 'gege_background_stuck{name="work"} 1.0' in text and 'gege_background_failures{name="work"} 1.0' in text


def service(settings: Settings) -> Finding:
    """What the doctor says of a running service."""
    return doctor._service(settings)


def test_the_doctor_names_the_loop_that_is_stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_asked", lambda address: None)  # it answers the exchange (tests/frame)
    settings, time = Settings(home=tmp_path), Time(ends=3)
    file = file_of(tmp_path)
    assert service(settings)["detail"] == "not running" and not file.exists()
    good, bad = background(Work(None), Time()), background(Work(OSError("张三")), time, stuck_after_s=20.0)
    bad.name = "timers"
    asyncio.run(through(bad))
    write_state(file, [good.state], now())
    assert service(settings)["ok"] and "running" in service(settings)["detail"]
    write_state(file, [good.state, bad.state], now())
    found = service(settings)
    assert not found["ok"] and "timers" in found["detail"] and "OSError" in found["detail"]
    assert "张三" not in file.read_text("utf-8") and stat.S_IMODE(file.stat().st_mode) == 0o600
    write_state(file, [good.state], now() - 300)
    assert "hangs" in service(settings)["detail"]
    forget_state(file)
    assert service(settings)["detail"] == "not running"


def test_what_a_killed_service_left_is_no_service(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    write_state(file, [], 0.0)
    text = file.read_text("utf-8")
    state = read_state(file)
    assert state is not None
    file.write_text(text.replace(f'"pid": {state.pid}', '"pid": 4194303'), "utf-8")
    assert service(Settings(home=tmp_path))["detail"] == "not running"
    forget_state(file)
    assert file.exists()  # another's: the next start overwrites it
    file.write_text("{}", "utf-8")
    with pytest.raises(ValueError, match="not written by a service"):
        read_state(file)
