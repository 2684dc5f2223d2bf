"""`python -m tests.crash --kills 200 [--postgres] [--minutes 9] [--break ack-before-commit]`: prints what was found."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bot.app.parts import open_site
from bot.grid.sample import make_sample
from bot.settings import Settings
from tests.crash.checker import check
from tests.crash.harness import crash


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--minutes", type=float, default=1e9, help="end earlier")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--postgres", action="store_true", help="on a private PostgreSQL (installed on the machine)")
    options.add_argument("--break", dest="fault", default="", choices=["", "ack-before-commit"])
    chosen = options.parse_args()
    database = ""
    if chosen.postgres:
        from tests.postgres import PostgresServer

        database = PostgresServer().create("crash")
    with tempfile.TemporaryDirectory(prefix="gege-crash-") as folder:
        home = Path(folder)
        opened = open_site(Settings(home=home, database=database))
        make_sample(opened, home / "sample", households=1_200)
        opened.dispose()
        began = time.monotonic()
        told = asyncio.run(crash(home, chosen.kills, chosen.seed, database, chosen.fault, chosen.minutes))
        found = check(database or f"sqlite:///{home / 'gege.sqlite'}", told)
    print(
        json.dumps(
            {
                "kills": told.kills, "seconds": round(time.monotonic() - began), "answers": told.answers,
                "conversations": len(told.conversations), "acknowledged": len(told.acknowledged),
                "broken_calls": len(told.broken_calls),
                "start_s_p50": round(statistics.median(told.starts_s), 2) if told.starts_s else None, **vars(found),
            },
            ensure_ascii=False, indent=1,
        )
    )  # fmt: skip
    sys.exit(0 if found.clean else 1)


if __name__ == "__main__":
    main()
