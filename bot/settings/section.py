"""What all sections of gege.toml have in common: no unknown keys; secrets that stand elsewhere; spans of the day."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


def read_secret(value: object) -> object:
    """What stands in a setting, or what `env:NAME` or `file:PATH` (its first line) means; load_settings takes PATH from
    GEGE_HOME. Raises ValueError."""
    if not isinstance(value, str):
        return value
    where, _, name = value.partition(":")
    if where == "env":
        if name not in os.environ:
            raise ValueError(f"the environment has no {name}")
        return os.environ[name]
    if where == "file":
        try:
            return Path(name).read_text("utf-8").splitlines()[0].strip()
        except (OSError, IndexError) as problem:
            raise ValueError(f"{name} cannot be read: {problem}") from problem
    return value


def one_or_more(value: object) -> object:
    """A list of what may be written as one text alone; nothing is an empty one."""
    return [value] if isinstance(value, str) and value else [] if value == "" else value


def _span(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError(f"{value!r} is no span of the day; write it as 21:00-07:00")
    return value


def _weekly(value: str) -> str:
    if value and not re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError(f"{value!r} is no time of the week; write it as Sun 03:00, or leave it empty")
    return value


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"{value!r} is no address and no network; write it as 10.0.0.5 or 10.0.0.0/24") from None
    return value


#: an address, or a network: "10.0.0.0/24"
Network = Annotated[str, AfterValidator(_network)]
#: a span of the day in the site's own time: "08:00-17:30"
Span = Annotated[str, AfterValidator(_span)]
#: a time of the week in the site's own time: "Sun 03:00"; empty: never
Weekly = Annotated[str, AfterValidator(_weekly)]
