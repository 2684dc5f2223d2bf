"""Reads this package's data: residents' words, names, readings, voices."""

from collections.abc import Iterator
from importlib import resources


def data_lines(name: str) -> Iterator[str]:
    """The lines of a file in data/, without comments and empty lines."""
    text = (resources.files(__package__) / "data" / name).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))
