"""`gege commands`: every command with its arguments, options and exit codes, in the terminal, as JSON, and as docs/commands.md."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from bot.commands.chinese import told
from bot.commands.line import JsonFlag, out


@dataclass(frozen=True)
class Parameter:
    """One argument (`name` in capitals) or option."""

    name: str
    help: str
    default: str
    required: bool


@dataclass(frozen=True)
class Page:
    """One command."""

    #: as it is typed: gege outage open
    command: str
    panel: str
    help: str
    arguments: tuple[Parameter, ...]
    options: tuple[Parameter, ...]


#: what a command ends with (bot/cli.py), and when
EXIT_CODES = {
    0: "done; an empty list is done as well",
    1: "refused, with one sentence on stderr; or a command that looks has found something: `audit` what is stuck, `doctor` "
    "what keeps residents from being served, `demo` that nobody was told",
    2: "typed wrongly: no such command, option or value; nothing was done",
    130: "ended by Ctrl-C",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("commands")(commands)


def commands(
    markdown: Annotated[bool, typer.Option("--markdown", help="As docs/commands.md is written.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Print every command with its options, and what the exit codes mean."""
    if markdown:
        print(as_markdown(), end="")
    elif as_json:
        out({"exit_codes": EXIT_CODES, "commands": [asdict(one) for one in pages()]})
    else:
        print("\n".join(_plain()))


def pages(translate: bool = False) -> list[Page]:
    """Every command that does something, in the order of `gege --help`."""
    from bot.commands.program import command_of, panels

    found: list[Page] = []
    for panel in panels():
        for name in panel.commands:
            title = str(panel.panel) if translate else panel.panel.en
            found += _pages(f"gege {name}", title, command_of(name, translate=False), told if translate else str)
    return found


def as_markdown() -> str:
    """docs/commands.md."""
    lines = [
        "# Commands",
        "",
        "`./gege` alone shows what people type most, `./gege --help` every command by what it is for, `./gege COMMAND --help` its",
        "options. This page is made by `./gege commands --markdown`; the words stand beside the commands in `bot/commands/`.",
        "",
        "- The language is that of the locale, Chinese or English: `LC_ALL`, `LC_MESSAGES`, `LANG`. `GEGE_LANG=zh` or `--lang zh` (before",
        "  the command) chooses it.",
        "- The site is `GEGE_HOME` (default `var/` of the clone). One that is not there is told and not made, save by those that make a",
        "  site: `sample`, `import`, `restore`, `serve`, and by `say`, `chat`, `call`, `parse`, `locate`, which say so.",
        "- In a terminal lists are tables that fit it; in a pipe they are lines of cells with a tab between them, nothing cut off.",
        "  `--json` prints JSON alone, with times in ISO 8601 with their zone.",
        "- `./gege --install-completion` teaches bash, zsh or fish to complete commands, options, ticket numbers and kinds.",
        "",
        "| ends with | when |",
        "|---|---|",
        *(f"| {code} | {when} |" for code, when in EXIT_CODES.items()),
    ]
    panel = ""
    for page in pages():
        if page.panel != panel:
            panel = page.panel
            lines += ["", f"## {panel}"]
        named = "".join(f" {one.name}" if one.required else f" [{one.name}]" for one in page.arguments)
        lines += ["", f"### `{page.command}{named}`", "", page.help]
        if rows := [*page.arguments, *page.options]:
            lines += ["", "| option | what | default |", "|---|---|---|", *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _row(one: Parameter) -> str:
    default = "required" if one.required else f"`{one.default}`" if one.default else ""
    return f"| `{one.name}` | {one.help} | {default} |".replace("\n", " ")


def _plain() -> Iterator[str]:
    panel = ""
    for page in pages(translate=True):
        if page.panel != panel:
            panel = page.panel
            yield f"\n# {panel}"
        yield f"{page.command}  {page.help.splitlines()[0]}"
        for one in (*page.arguments, *page.options):
            yield f"    {one.name}  {one.help}".rstrip()
    yield ""
    yield from (f"{code}  {told(when)}" for code, when in EXIT_CODES.items())


def _pages(path: str, panel: str, command: Any, words: Any) -> Iterator[Page]:
    # What a group does when it is named alone is a command of its own only where it does something then.
    if not isinstance(command, TyperGroup) or command.invoke_without_command:
        arguments = tuple(_parameter(one, words) for one in command.params if isinstance(one, TyperArgument))
        options = tuple(_parameter(one, words) for one in command.params if isinstance(one, TyperOption))
        text = command.callback.__doc__ if isinstance(command, TyperGroup) else command.help
        yield Page(path, panel, words(" ".join(inspect.cleandoc(text or "").split())), arguments, options)
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from _pages(f"{path} {name}", panel, one, words)


def _parameter(one: Any, words: Any) -> Parameter:
    name = (
        (one.metavar or one.name).upper()
        if isinstance(one, TyperArgument)
        else ", ".join((*one.opts, *one.secondary_opts))
    )
    shown = "" if callable(one.default) or one.default in (None, "", False, ()) else str(one.default)
    return Parameter(name, words(one.help) if one.help else "", _from_the_project(shown), bool(one.required))


def _from_the_project(default: str) -> str:
    """A path of this clone as every other clone has it."""
    from bot.settings import PROJECT

    return default.replace(f"{PROJECT}/", "")
