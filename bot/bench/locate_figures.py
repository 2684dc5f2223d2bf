"""What is counted of look-ups: right, certain, wrong, how long, and whether a belief keeps its word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.bench.checkouts import Found
from bot.bench.homes import Query
from bot.bench.percentile import percentile
from bot.dialogue.frozen import calibration_error

Belief = tuple[float, bool]


@dataclass
class Tally:
    """Look-ups of one kind of sentence."""

    sentences: int = 0
    first: int = 0
    three: int = 0
    household: int = 0
    grid: int = 0
    wrong_household: int = 0
    wrong_grid: int = 0
    failed: int = 0
    households: list[Belief] = field(default_factory=list)
    grids: list[Belief] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, query: Query, found: Found) -> bool:
        """Count one; → whether a wrong grid was certain."""
        self.sentences += 1
        numbers = [no for no, *_ in found.candidates if no]
        self.first += numbers[:1] == [query.household_no]
        self.three += query.household_no in numbers[:3]
        self.household += found.household_no == query.household_no
        self.grid += found.grid_no == query.grid_no
        self.wrong_household += found.household_no not in (None, query.household_no)
        wrong = found.grid_no not in (None, query.grid_no)
        self.wrong_grid += wrong
        self.failed += bool(found.failed)
        no, sure = found.first
        if no:
            self.households.append((min(1.0, sure), no == query.household_no))
        grid, sure = found.first_grid
        if grid:
            self.grids.append((min(1.0, sure), grid == query.grid_no))
        self.times.append(found.ms)
        return wrong

    def figures(self) -> dict[str, Any]:
        """Shares of 1; wrong ones and failures as counts; milliseconds."""
        count = max(self.sentences, 1)
        return {
            "sentences": self.sentences,
            "household_first": round(self.first / count, 4),
            "household_in_three": round(self.three / count, 4),
            "household_certain": round(self.household / count, 4),
            "grid_certain": round(self.grid / count, 4),
            "wrong_household_certain": self.wrong_household,
            "wrong_grid_certain": self.wrong_grid,
            "failed": self.failed,
            "calibration_error_grids": round(calibration_error(self.grids), 4) if self.grids else None,
            "calibration_error_households": round(calibration_error(self.households), 4) if self.households else None,
            **milliseconds(self.times),
        }


def milliseconds(times: Sequence[float]) -> dict[str, float]:
    """p50, p95 and the longest."""
    times = times or [0.0]
    return {
        "ms_p50": round(percentile(times, 0.5), 2),
        "ms_p95": round(percentile(times, 0.95), 2),
        "ms_max": round(max(times), 2),
    }
