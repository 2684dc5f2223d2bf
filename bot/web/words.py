"""The page's sentences, read from words.yml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml


@dataclass(frozen=True)
class Words:
    """What residents read."""

    site_line: str
    #: a number of the sample county, offered where the page is tried out
    sample_caller: str
    states: dict[str, str]
    steps: dict[str, str]
    #: of a moment, for strftime
    moment: str
    examples: list[str]
    errors: dict[str, str]


@cache
def words() -> Words:
    return Words(**yaml.safe_load((resources.files(__package__) / "words.yml").read_text("utf-8")))
