"""Whoever writes all the time does not keep others from writing."""

from __future__ import annotations

import threading
import time

from bot.database.in_line import InLine


def _busy(line: InLine, stop: threading.Event, hold_s: float = 0.003) -> None:
    while not stop.is_set():
        assert line.acquire(10.0)
        time.sleep(hold_s)
        line.release()


def test_who_waits_gets_in_though_another_takes_it_again_and_again() -> None:
    line, stop = InLine(), threading.Event()
    hot = threading.Thread(target=_busy, args=(line, stop))
    hot.start()
    try:
        for _ in range(20):
            began = time.monotonic()
            assert line.acquire(10.0)
            line.release()
            assert time.monotonic() - began < 2.0
    finally:
        stop.set()
        hot.join()


def test_one_at_a_time_and_nobody_is_forgotten() -> None:
    line, inside, done = InLine(), [0], []

    def write(number: int) -> None:
        for _ in range(50):
            assert line.acquire(30.0)
            inside[0] += 1
            assert inside[0] == 1
            time.sleep(0)
            inside[0] -= 1
            line.release()
        done.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(done) == list(range(8)) and line.acquire(0.0)


def test_who_gives_up_is_out_of_the_line() -> None:
    line = InLine()
    assert line.acquire(0.0) and not line.acquire(0.0) and not line.acquire(0.05)
    line.release()
    assert line.acquire(0.0)
    line.release()


def test_another_thread_may_let_go() -> None:
    line = InLine()
    assert line.acquire(0.0)
    letting_go = threading.Thread(target=line.release)
    letting_go.start()
    letting_go.join()
    assert line.acquire(0.0)
