"""A county loaded by one checkout of Gege, in a process of its own, asked by JSON lines."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.foundation.errors import Broken

_CHILD = Path(__file__).with_name("locate_child.py")


class CheckoutSilent(Broken):
    """The process of a checkout has ended instead of answering."""


@dataclass(frozen=True)
class Found:
    """What one checkout's look-up answered."""

    household_no: str | None
    grid_no: str | None
    candidates: tuple[tuple[str | None, str, float], ...]
    grids: dict[str, float]
    ask: str | None
    ms: float
    failed: str = ""

    @property
    def first(self) -> tuple[str | None, float]:
        """The first household and how sure the look-up is of it."""
        return next(((no, score) for no, _, score in self.candidates if no), (None, 0.0))

    @property
    def first_grid(self) -> tuple[str | None, float]:
        """The likeliest grid and its share of the belief."""
        grid = max(self.grids, key=lambda one: self.grids[one], default=None)
        return (grid, self.grids[grid]) if grid else (None, 0.0)


class Checkout:
    """`with Checkout(path, folder) as asked: asked.locate("…")`."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self._folder = path, folder
        self.load_s = 0.0

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYTHONPATH": str(self.path)}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", str(_CHILD), str(self._folder)],
            cwd=self.path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        self.load_s = self._line()["load_s"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, at: TracebackType | None
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if pipe:
                    pipe.close()
        self._process.wait(30)

    def locate(self, text: str, **arguments: Any) -> Found:
        """Registry.locate of that checkout."""
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps({"text": text, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise CheckoutSilent(f"{self.path} does not answer") from None
        return found(self._line())

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise CheckoutSilent(f"{self.path} does not answer")
        return json.loads(line)  # type: ignore[no-any-return]


def found(line: dict[str, Any]) -> Found:
    """An answer of the child. Where a version tells no belief in grids, it is the sum over the candidates; where their
    scores are no probabilities either, the first candidate's score."""
    if "failed" in line:
        return Found(None, None, (), {}, None, line["ms"], line["failed"])
    candidates = tuple((no, grid, score) for no, grid, score in line["candidates"])
    grids = line["grids"]
    if grids is None:
        grids = {}
        for _, grid, score in candidates:
            grids[grid] = grids.get(grid, 0.0) + score
        if sum(grids.values()) > 1.001:
            grids = {candidates[0][1]: min(1.0, candidates[0][2])}
    return Found(line["household_no"], line["grid_no"], candidates, grids, line["ask"], line["ms"])
