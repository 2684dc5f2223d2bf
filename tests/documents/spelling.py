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
    command, rest = _gege(), list(words)
    while True:
        if command.name in _PASSED_ON:
            return "", not rest
        context = command.context_class(command, info_name=command.name)
        try:
            given, rest, _ = command.make_parser(context).parse_args(rest)
        except Exception as problem:
            # Typer carries a click of its own whose classes have no public name.
            return f"{command.name}: {getattr(problem, 'message', problem)}", False
        if not hasattr(command, "get_command"):
            break
        if not rest:
            return "", True
        name, *rest = rest
        below = command.get_command(context, name)
        if below is None:
            return f"there is no {name!r} among {', '.join(command.list_commands(context))}", False
        command = below
    if rest:
        return f"{command.name}: {rest} is too much", False
    return "", any(one.required and not given.get(one.name) for one in command.params)
