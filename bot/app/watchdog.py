"""Beside the service: where its event loop sends no beat for so long, its process is ended, and a person is rung.

A connection to a process that hangs stays open, and Asterisk waits on it for ever; the kernel of one that has ended
closes it. `heart` runs this file as a program (`python -I -S watchdog.py PID SECONDS`, beats are bytes on standard
input): it imports nothing of Gege's, so it is small and starts at once."""

from __future__ import annotations

import os
import select
import signal
import sys
import time

#: the pipe is looked at so often (s)
_LOOK_S = 0.25
#: whoever did not look himself for so long (s) was asleep with the machine, or stopped: he cannot say that nothing came
_OWN_GAP_S = 2.0
#: so long (s) for the frames of all threads to be written
_FRAMES_S = 0.3
_BEATS = 0


def watch(pid: int, patience_s: float) -> bool:
    """Wait until the service `pid` (our parent) has ended or closed the pipe: False; or hangs: True.

    Nothing is counted before the first beat: until then the service loads its models."""
    last: float | None = None
    looked = _now()
    while os.getppid() == pid:
        came, _, _ = select.select([_BEATS], [], [], _LOOK_S)
        now = _now()
        if came:
            if not os.read(_BEATS, 4096):
                return False
            last = now
        elif last is not None and (now - looked > _OWN_GAP_S or _is_traced(pid)):
            last = now
        elif last is not None and now - last > patience_s:
            return True
        looked = now
    return False


def end(pid: int) -> None:
    """Let it write where it hangs (SIGABRT and faulthandler), and kill it."""
    for number, wait_s in ((signal.SIGABRT, _FRAMES_S), (signal.SIGKILL, 2.0)):
        until = _now() + wait_s
        if os.getppid() == pid:
            os.kill(pid, number)
        while os.getppid() == pid and _now() < until:
            time.sleep(0.01)


def _now() -> float:
    """Seconds, those included in which the machine was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _is_traced(pid: int) -> bool:
    """Whether a debugger holds it."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            return b"\nTracerPid:\t0\n" not in file.read()
    except OSError:
        return False


def main() -> None:
    """Watch the parent; it alone ends us, by closing the pipe."""
    pid, patience_s = int(sys.argv[1]), float(sys.argv[2])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if watch(pid, patience_s):
        end(pid)
        # Afterwards: a log that nobody reads must not hold up what rings a person.
        at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        sys.stderr.write(
            f"{at} error bot.app.watchdog | Gege did nothing for {patience_s:g} s: process {pid} was ended, so that callers"
            " are rung through. Start gege serve again (systemd does), and report the frames above, if there are any\n"
        )


if __name__ == "__main__":
    main()
