"""What the command line says, in the language of whoever types: the code holds English, help.zh.yml and answers.zh.yml its Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.language import language
from bot.foundation.words import load

_HERE = Path(__file__).parent
_PLACE = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True)
class Catalogue:
    """answers.zh.yml: English as the code has it → Chinese."""

    #: of tables, and what stands instead of an empty one
    heads: dict[str, str]
    #: what commands answer, {name} where they fill something in; the Chinese fills in the same
    answers: dict[str, str]


@dataclass(frozen=True)
class Words:
    """One text in both languages, where it stands in a file of its own."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.zh if language() == "zh" else self.en


@cache
def catalogue() -> Catalogue:
    """What commands answer."""
    return load(Catalogue, _HERE / "answers.zh.yml")


@cache
def of_help() -> dict[str, str]:
    """help.zh.yml: heads of `--help`, and what commands, arguments and options are for."""
    return load(dict[str, str], _HERE / "help.zh.yml")


@cache
def _answers() -> tuple[tuple[re.Pattern[str], str], ...]:
    # The longest first: "{name} is not there: …" would take what begins alike.
    found = sorted(catalogue().answers.items(), key=lambda one: -len(one[0]))
    return tuple(
        (re.compile(_PLACE.sub(r"(?P<\1>.+?)", re.escape(english)), re.DOTALL), chinese) for english, chinese in found
    )


def told(english: str) -> str:
    """The same in the language of the environment; English where nobody wrote it in Chinese."""
    return in_chinese(english) if language() == "zh" else english


def in_chinese(english: str) -> str:
    """What the catalogue has for a text of help or an answer; the English where it has nothing."""
    for table in (of_help(), catalogue().heads):
        if found := table.get(english):
            return found
    for pattern, chinese in _answers():
        if match := pattern.fullmatch(english):
            return chinese.format(**match.groupdict())
    return english
