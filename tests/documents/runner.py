"""Runs commands of Gege's one after the other, each in a fork of one process that has loaded what is slow to load.

A line of input is a command (JSON: argv, stdin, env, seconds), a line of output what came of it (status, out, err)."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any


def _load() -> None:
    from bot.dialogue import rasa_lite

    rasa_lite.install()
    import rasa.core.agent  # noqa: F401

    import bot.app.parts
    import bot.cli  # noqa: F401


def _in_a_fork(asked: dict[str, Any], folder: Path) -> int:
    """→ the child's process number; its words go to files in the folder."""
    child = os.fork()
    if child:
        return child
    status = 99
    try:
        os.setsid()
        (folder / "in").write_text(asked.get("stdin", ""), "utf-8")
        for number, name, way in ((0, "in", os.O_RDONLY), (1, "out", os.O_WRONLY), (2, "err", os.O_WRONLY)):
            os.dup2(os.open(folder / name, way | os.O_CREAT, 0o600), number)
        os.environ.update(asked.get("env", {}))
        sys.argv = ["gege", *asked["argv"]]
        from bot.cli import main

        main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def run(asked: dict[str, Any]) -> dict[str, Any]:
    """One command; 124 when it took too long."""
    with tempfile.TemporaryDirectory() as name:
        folder, began = Path(name), time.monotonic()
        child = _in_a_fork(asked, folder)
        while True:
            ended, how = os.waitpid(child, os.WNOHANG)
            if ended:
                status = os.waitstatus_to_exitcode(how)
                break
            if time.monotonic() - began > asked.get("seconds", 60):
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                status = 124
                break
            time.sleep(0.02)
        out, err = ((folder / name).read_text("utf-8", "replace") for name in ("out", "err"))
        return {"status": status, "out": out, "err": err, "took": time.monotonic() - began}


if __name__ == "__main__":
    _load()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line)), ensure_ascii=False), flush=True)
