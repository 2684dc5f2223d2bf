"""What people of the grid are called (data/roles.yml): shown in messages and pages, and read from a county's staff list."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bot.foundation.words import load


@cache
def role_names() -> dict[str, str]:
    """Role → its Chinese name."""
    return load(dict[str, str], Path(__file__).parent / "data" / "roles.yml")
