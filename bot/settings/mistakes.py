"""What is wrong in a gege.toml, in words for who wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.foundation.nearest import did_you_mean
from bot.foundation.words import load

FORMER = Path(__file__).with_name("former.yml")


@dataclass(frozen=True)
class Former:
    """former.yml."""

    #: key as it was → what became of it
    keys: dict[str, str]


def mistake(problem: ValidationError, model: type[BaseModel]) -> str:
    """The first fault: its key, and what to do."""
    first = problem.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{key}: {_unknown(first['loc'], model)}"
    if first["type"] == "value_error":
        return f"{key}: {first['ctx']['error']}"
    return f"{key}: {first['msg']}"


def _unknown(where: tuple[int | str, ...], model: type[BaseModel]) -> str:
    if became := load(Former, FORMER).keys.get(".".join(map(str, where))):
        return f"this key of an earlier Gege {became} (docs/upgrade.md)"
    section: Any = model
    for part in where[:-1]:
        section = section.model_fields[str(part)].annotation
    known = [name for name in section.model_fields if name != "home"]
    near = did_you_mean(str(where[-1]), known)
    return f"no such key{near} (gege settings shows all)" if near else "no such key; gege settings shows all"
