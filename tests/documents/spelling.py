"""Whether a command is one that Gege takes: its subcommands, its options, how many words it wants. Nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import typer

from bot.cli import app

#: Rasa's own words are Rasa's
_PASSED_ON = ("rasa",)


def wrong_with(words: Sequence[str]) -> str:
    """What Gege's command line would not understand in `gege WORDS…`, "" when it would understand all of it."""
    return _look(words)[0]


def only_named(words: Sequence[str]) -> bool:
    """Whether words are missing that the command cannot do without: it is named, as in a sentence, and not given."""
    wrong, missing = _look(words)
    return not wrong and missing


@cache
def _gege() -> Any:
    """The tree of commands; half a second to put together."""
    return typer.main.get_command(app)


def _look(words: Sequence[str]) -> tuple[str, bool]:
    command = _gege()
    rest = list(words)
    while True:
        if command.name in _PASSED_ON:
            return "", not rest
        try:
            given, rest, _ = command.make_parser(command.context_class(command, info_name=command.name)).parse_args(
                rest
            )
        except Exception as problem:
            # Typer carries a click of its own whose classes have no public name.
            return f"{command.name}: {getattr(problem, 'message', problem)}", False
        if not hasattr(command, "commands"):
            break
        if not rest:
            return "", True
        name, *rest = rest
        if name not in command.commands:
            return f"there is no {name!r} among {', '.join(sorted(command.commands))}", False
        command = command.commands[name]
    if rest:
        return f"{command.name}: {rest} is too much", False
    return "", any(one.required and not given.get(one.name) for one in command.params)
