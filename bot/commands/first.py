"""What `gege` alone shows: the commands that people type most, and where all the others are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from bot.commands.chinese import Words
from bot.foundation.words import load


@dataclass(frozen=True)
class Group:
    """What one wants, and what is typed for it."""

    head: Words
    #: a command as it is typed → what comes of it
    lines: dict[str, Words]


@dataclass(frozen=True)
class Page:
    """first.yml."""

    title: Words
    groups: tuple[Group, ...]
    end: Words


def page() -> Page:
    return load(Page, Path(__file__).with_name("first.yml"))


def show() -> None:
    """Print the page on stdout."""
    console, shown = Console(highlight=False), page()
    typed = max(cell_len(line) for group in shown.groups for line in group.lines)
    heads = max(cell_len(str(group.head)) for group in shown.groups)
    console.print(Text(str(shown.title)), soft_wrap=True)
    console.print()
    for group in shown.groups:
        head = str(group.head)
        for line, what in group.lines.items():
            pieces = ((_wide(head, heads), "bold"), "  ", (_wide(line, typed), "cyan"), "  ", str(what))
            console.print(Text.assemble(*pieces), soft_wrap=True)
            head = ""
    console.print()
    console.print(Text(str(shown.end)), soft_wrap=True)


def _wide(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))
