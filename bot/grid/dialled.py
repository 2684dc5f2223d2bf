"""The grid that the numbers of a call name: the dialled one first, then the one that diverted."""

from __future__ import annotations

from typing import Protocol


class GridNumbers(Protocol):
    """What of the registry is needed here."""

    def grid_of_number(self, number: str, /) -> str | None:
        """The grid that a dialled or diverting number, or a QR code ("grid_24"), names."""


def grid_of_numbers(registry: GridNumbers, *numbers: str) -> str | None:
    """The grid of the first number that names one; None when none does. An empty number names nothing."""
    return next(filter(None, (registry.grid_of_number(number) for number in numbers if number)), None)
