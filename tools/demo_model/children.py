"""Work in child processes, several at a time: a part that crashes costs nothing but itself."""

import subprocess
import sys
from collections.abc import Callable, Sequence

from .texts import PROJECT


def run(
    module: str,
    jobs: Sequence[Sequence[str]],
    workers: int,
    *,
    failures: int = 0,
    told: Callable[[int], object] = lambda done: None,
) -> None:
    """Runs a module of this project once for each job, with the job's words as its arguments. A job that fails is tried again, as
    long as there are no more than `failures` in all. `told`: so many are done. Raises RuntimeError."""
    waiting = list(jobs)
    running: list[tuple[subprocess.Popen[bytes], Sequence[str]]] = []
    done = failed = 0
    while waiting or running:
        while waiting and len(running) < workers:
            job = waiting.pop(0)
            running.append((subprocess.Popen([sys.executable, "-W", "ignore", "-m", module, *job], cwd=PROJECT), job))
        process, job = running.pop(0)
        if process.wait() == 0:
            done += 1
            told(done)
            continue
        failed += 1
        if failed > failures:
            raise RuntimeError(f"{module} failed {failed} times; see the messages above")
        waiting.append(job)
