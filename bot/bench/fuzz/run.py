"""`gege bench fuzz`: each parser for its share of the time, in a child that may fall, and what was found."""

from __future__ import annotations

import importlib.util
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.bench.fuzz.targets import LONGEST, Target, planted, targets
from bot.foundation.errors import Refused
from bot.settings import PROJECT

#: a child that has not ended so long (s) after its time is ended; one input that hangs is found by the fuzzer itself
_PATIENCE_S = 180.0


class NoFuzzer(Refused):
    """The coverage-guided fuzzer is not installed, or there is no such parser; the message says what to do."""


@dataclass(frozen=True)
class Fuzzed:
    """One parser's figures: inputs, edges that were covered, and what was found ("" for nothing)."""

    name: str
    inputs: int
    edges: int
    seconds: int
    found: str = ""
    #: the input that does it, kept in the folder
    file: str = ""


def run_bench(
    minutes: float, only: Iterable[str] = (), keep: Path | None = None, progress: Callable[[str], None] = lambda _: None
) -> list[dict[str, Any]]:
    """Every parser for its share of `minutes`; `keep`: folder for the corpus and for inputs that fell. Raises NoFuzzer."""
    if importlib.util.find_spec("atheris") is None:
        raise NoFuzzer("atheris is not installed: uv sync (the group dev), or uv pip install atheris")
    known = {one.name: one for one in (*targets(), planted())}
    names = list(only) or [name for name in known if name != "planted"]
    if strange := [name for name in names if name not in known]:
        raise NoFuzzer(f"there is no parser {strange[0]}; one of {', '.join(known)}")
    share = max(1, round(minutes * 60 / len(names)))
    found = []
    with tempfile.TemporaryDirectory(prefix="gege-fuzz-") as folder:
        for name in names:
            found.append(_one(name, share, (keep or Path(folder)) / name))
            progress(
                f"{name}: {found[-1].inputs} inputs, {found[-1].edges} edges{'; ' * bool(found[-1].found)}{found[-1].found}"
            )
    return [asdict(one) for one in found]


def _one(name: str, seconds: int, folder: Path) -> Fuzzed:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trace").unlink(missing_ok=True)
    paths = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [
        sys.executable,
        "-W",
        "ignore",
        str(Path(__file__).with_name("child.py")),
        name,
        str(seconds),
        str(folder),
    ]
    try:
        done = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, timeout=seconds + _PATIENCE_S,
        )  # fmt: skip
        told, fell = done.stderr.decode("utf-8", "replace"), done.returncode != 0
    except subprocess.TimeoutExpired as late:
        told, fell = (late.stderr or b"").decode("utf-8", "replace"), False
    inputs = int((re.findall(r"number_of_executed_units: (\d+)", told) or re.findall(r"#(\d+)\s", told) or ["0"])[-1])
    edges = int((re.findall(r"cov: (\d+)", told) or ["0"])[-1])
    if not fell:
        return Fuzzed(name, inputs, edges, seconds)
    trace = folder / "trace"
    lines = (trace.read_text("utf-8") if trace.exists() else told).strip().splitlines()
    kept = next(
        iter(sorted(folder.glob("crash-*")) + sorted(folder.glob("timeout-*")) + sorted(folder.glob("oom-*"))), ""
    )
    return Fuzzed(name, inputs, edges, seconds, (lines or ["it hangs"])[-1][:200], str(kept))


# ---- without a fuzzer -----------------------------------------------------------------------------


def spoiled(target: Target, count: int, draw: random.Random) -> Iterable[bytes]:
    """Seeds with a few accidents each: what the gate runs in seconds, in this process."""
    for _ in range(count):
        data = bytearray(draw.choice(target.seeds))
        for _ in range(draw.randint(1, 5)):
            _accident(data, target.seeds, draw)
        yield bytes(data[:LONGEST])


_ODD = (
    b"\0",
    b"\xff\xfe",
    b"-1",
    b"0",
    b"99999999999999999999",
    "²".encode(),
    b"%s%n",
    b"\r\n",
    b"\r\n\r\n",
    b"a" * 600,
    b'"',
    b"<",
    b",,,",
)


def _accident(data: bytearray, seeds: Sequence[bytes], draw: random.Random) -> None:
    at = draw.randrange(len(data) + 1)
    match draw.randrange(5):
        case 0 if data:
            data[at % len(data)] = draw.randrange(256)
        case 1:
            del data[at : at + draw.randrange(1, 30)]
        case 2:
            data[at:at] = draw.choice(_ODD)
        case 3:
            other = draw.choice(seeds)
            begin = draw.randrange(len(other) + 1)
            data[at:at] = other[begin : begin + draw.randrange(1, 60)]
        case _:
            del data[at:]
