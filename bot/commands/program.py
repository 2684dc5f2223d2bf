"""`gege` itself: commands by panel, each area imported when its command is asked for, and what a slip of the keys is told."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typer
from typer._click.core import Command, Context, Parameter
from typer._click.exceptions import NoSuchOption, UsageError
from typer._click.formatting import HelpFormatter
from typer._click.shell_completion import CompletionItem
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from bot.commands.chinese import Words, told
from bot.commands.foreign import translated
from bot.foundation.nearest import did_you_mean
from bot.foundation.words import load

#: of every command
HELP = ["--help", "-h"]


@dataclass(frozen=True)
class Known:
    """One command: the module of bot/commands that has it, and its line in `gege --help`."""

    area: str
    en: str
    zh: str

    @property
    def line(self) -> str:
        return str(Words(self.en, self.zh))


@dataclass(frozen=True)
class Panel:
    """Commands that belong together."""

    panel: Words
    commands: dict[str, Known]


@cache
def panels() -> tuple[Panel, ...]:
    """commands.yml."""
    return load(tuple[Panel, ...], Path(__file__).with_name("commands.yml"))


@cache
def known() -> dict[str, Known]:
    """Every command by its name."""
    return {name: one for panel in panels() for name, one in panel.commands.items()}


def command_of(name: str, translate: bool = True) -> Command:
    """A command with all that is below it, in the language of whoever types; as the code has it without `translate`."""
    part = typer.Typer(add_completion=False)
    importlib.import_module(f"bot.commands.{known()[name].area}").register(part)
    found = get_group(part).commands[name]
    if translate:
        _translate(found)
    return found


class Program(TyperGroup):
    """The group of all commands."""

    _only_lines = False

    def list_commands(self, ctx: Context) -> list[str]:
        return list(known())

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name not in known():
            return None
        if self._only_lines:
            return self._lines()[cmd_name]
        if cmd_name not in self.commands:
            self.commands[cmd_name] = command_of(cmd_name)
        return self.commands[cmd_name]

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        with _slips():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Context) -> Any:
        try:
            with _slips():
                return super().invoke(ctx)
        except EOFError as problem:
            # Typer takes it for a person who ended the input and says "Aborted"; here it is a damaged file.
            raise translated(problem) from problem

    def format_help(self, ctx: Context, formatter: Any) -> None:
        _translate(self)
        self._only_lines = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._only_lines = False

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        names = [CompletionItem(name, help=one.line) for name, one in known().items() if name.startswith(incomplete)]
        return names + Command.shell_complete(self, ctx, incomplete)

    def _lines(self) -> dict[str, TyperCommand]:
        return {
            name: TyperCommand(name, help=one.line, rich_help_panel=str(panel.panel))
            for panel in panels()
            for name, one in panel.commands.items()
        }


# ---- in whose language ----------------------------------------------------------------------------


def _translate(command: Command) -> None:
    """Put the help of a command, of its parameters and of what is below it into the language of whoever types."""
    from rich.markup import escape
    from typer import rich_utils

    # Typer's own heads, which its help reads at the moment of printing.
    for name in (
        "ARGUMENTS_PANEL_TITLE",
        "OPTIONS_PANEL_TITLE",
        "COMMANDS_PANEL_TITLE",
        "DEFAULT_STRING",
        "REQUIRED_LONG_STRING",
    ):
        setattr(rich_utils, name, told(_HEADS[name]))

    def shown(text: str | None) -> str | None:
        # "[dialogue] token" is a section of gege.toml and no style of rich's.
        return escape(told(inspect.cleandoc(text))) if text else text

    for one in [command, *_below(command)]:
        one.help, one.short_help, one.epilog = shown(one.help), shown(one.short_help), shown(one.epilog)
        one.get_help_option(Context(one, help_option_names=HELP))
        parameters: list[Any] = [*one.params, one._help_option]
        for parameter in parameters:
            if getattr(parameter, "help", None):
                parameter.help = shown(parameter.help)


class _Formatter(HelpFormatter):
    """Begins the line of use with a word of the language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, told("Usage: ") if prefix is None else prefix)


Context.formatter_class = _Formatter
_HEADS = {
    "ARGUMENTS_PANEL_TITLE": "Arguments",
    "OPTIONS_PANEL_TITLE": "Options",
    "COMMANDS_PANEL_TITLE": "Commands",
    "DEFAULT_STRING": "[default: {}]",
    "REQUIRED_LONG_STRING": "[required]",
}


def _below(command: Command) -> Iterator[Command]:
    if isinstance(command, TyperGroup) and not isinstance(command, Program):
        for one in command.commands.values():
            yield one
            yield from _below(one)


# ---- what is mistyped -----------------------------------------------------------------------------


#: how Typer says it
_NO_COMMAND = re.compile(r"No such command (['\"])(.*?)\1")


@contextlib.contextmanager
def _slips() -> Iterator[None]:
    """Say of every command and option that is not known which one was meant, in one way."""
    try:
        yield
    except UsageError as problem:
        if isinstance(problem, NoSuchOption):
            near = did_you_mean(problem.option_name, _options(problem.ctx))
            problem.message, problem.possibilities = f"there is no option {problem.option_name}{near}", None
        elif problem.ctx is not None and (found := _NO_COMMAND.match(problem.message)):
            given = found[2]
            names = problem.ctx.command.list_commands(problem.ctx)  # type: ignore[attr-defined]  # a group raised it
            problem.message = f"there is no command {given}{did_you_mean(given, names)}"
        problem.message = told(problem.message)
        raise


def _options(ctx: Context | None) -> list[str]:
    parameters: list[Parameter] = ctx.command.get_params(ctx) if ctx else []
    return [name for one in parameters for name in (*one.opts, *one.secondary_opts) if name.startswith("-")]
