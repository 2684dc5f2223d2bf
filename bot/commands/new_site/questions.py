"""The questions of `gege init` (questions.yml) and its other words (words.yml), in Chinese or English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bot.commands.chinese import Words
from bot.foundation.words import load

#: an answer's name to the answer, as it is written in a file of answers
Answers = dict[str, str]

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Part:
    """One thing that is asked. `kind` says what an answer may be (answers.py)."""

    name: str
    kind: str
    ask: Words
    hint: Words | None = None
    #: the key of gege.toml that the answer is written to; empty: plan.py works out which
    setting: str = ""
    default: str = ""
    required: bool = False
    #: "NAME", "NAME=THIS" or "NAME=THIS|THAT": asked where an earlier answer is there, or one of these
    when: str = ""
    #: only a file of answers says it
    quiet: bool = False
    options: dict[str, Words] = field(default_factory=dict)

    def applies(self, answers: Mapping[str, str]) -> bool:
        """Whether it is asked after these answers."""
        name, _, wanted = self.when.partition("=")
        given = set(filter(None, answers.get(name, "").split(",")))
        return not name or bool(given & set(wanted.split("|")) if wanted else given)


@dataclass(frozen=True)
class Question:
    """One of the eight: a title, and the things that belong together."""

    title: Words
    parts: tuple[Part, ...]


@cache
def questions() -> tuple[Question, ...]:
    """All of them, in order."""
    return load(tuple[Question, ...], _HERE / "questions.yml")


@cache
def parts() -> dict[str, Part]:
    """What is asked, by its name."""
    return {part.name: part for question in questions() for part in question.parts}


@cache
def _words() -> dict[str, Words]:
    return load(dict[str, Words], _HERE / "words.yml")


def say(word: str, **values: object) -> str:
    """A line of words.yml with its braces filled in, in the language of whoever types."""
    return str(_words()[word]).rstrip().format(**values)
