"""What is wrong with a county's file, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.foundation.errors import Refused

#: problems told at once
TOLD = 20


@dataclass(frozen=True)
class Problem:
    """One fault of a file: line counted from 1 (the header), column by its English name. Of a map, its feature and the
    property (`unit` feature)."""

    line: int
    column: str
    reason: str
    unit: str = "line"

    def __str__(self) -> str:
        column = f", {'column' if self.unit == 'line' else 'property'} {self.column}" if self.column else ""
        return f"{self.unit} {self.line}{column}: {self.reason}"


class ImportRefused(Refused):
    """The file was refused as a whole; nothing was changed."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        more = f" (and {len(problems) - TOLD} more)" if len(problems) > TOLD else ""
        told = "; ".join(str(problem) for problem in problems[:TOLD])
        super().__init__(f"{file} was not imported: {told}{more}")
