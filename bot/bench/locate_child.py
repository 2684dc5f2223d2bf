"""A registry in a process of its own that answers look-ups, so that two checkouts can be asked the same in one run.

Run by path with PYTHONPATH on the checkout that is measured (`python -P bot/bench/locate_child.py FOLDER`): it may ask
only what every version has. FOLDER holds households.csv and staff.csv. stdin: a request a line (keyword arguments of
Registry.locate); stdout: a first line when the county is loaded, then an answer a line."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def answer(registry: Any, request: dict[str, Any]) -> dict[str, Any]:
    """One look-up: what was certain, the candidates, the belief in grids where the version has one, milliseconds."""
    text = request.pop("text")
    began = time.perf_counter()
    try:
        found = registry.locate(text, **request)
    except Exception as problem:  # a bench counts what fails
        return {"failed": type(problem).__name__, "ms": (time.perf_counter() - began) * 1000}
    ms = (time.perf_counter() - began) * 1000
    grids = getattr(found, "grids", None)
    return {
        "household_no": found.household_no,
        "grid_no": found.grid_no,
        "candidates": [[one.household_no, one.grid_no, float(one.score)] for one in found.candidates],
        "grids": {grid: float(share) for grid, share in grids.items()} if grids else None,
        "ask": found.ask,
        "ms": ms,
    }


def main(folder: Path) -> None:
    from bot.database import open_database
    from bot.grid.importer import import_csv
    from bot.grid.registry import Registry

    out = sys.stdout
    sys.stdout = sys.stderr  # nothing else may speak on the pipe
    file = folder / f"county-{time.time_ns()}.sqlite"
    database = open_database(f"sqlite:///{file}")
    try:
        database.migrate()
        began = time.perf_counter()
        for name in ("staff.csv", "households.csv"):
            import_csv(database, folder / name)
        imported = time.perf_counter()
        registry = Registry.load(database)
        told = {"import_s": imported - began, "load_s": time.perf_counter() - imported}
        print(json.dumps(told), file=out, flush=True)
        for line in sys.stdin:
            print(json.dumps(answer(registry, json.loads(line))), file=out, flush=True)
    finally:
        database.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
