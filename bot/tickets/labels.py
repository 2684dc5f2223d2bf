"""The Chinese names of kinds, states, activities and intents (labels.yml)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml


@lru_cache(maxsize=1)
def labels() -> dict[str, Any]:
    """Every name, by table."""
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("labels.yml").read_text("utf-8"))
    return loaded
