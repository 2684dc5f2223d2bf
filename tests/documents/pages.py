"""The documents as a reader has them: which there are, their blocks of code, their words, their headings."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bot.settings import PROJECT

_FENCE = re.compile(r"^ *```.*?^ *```[^\n]*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")


@cache
def documents() -> tuple[str, ...]:
    """Every page that is kept, from the project's root."""
    kept = subprocess.check_output(["git", "ls-files", "-z", "*.md"], cwd=PROJECT, text=True).split("\0")
    return tuple(sorted(name for name in kept if name and (PROJECT / name).is_file()))


@cache
def text_of(name: str) -> str:
    return (PROJECT / name).read_text("utf-8")


def without_code(text: str) -> str:
    """The same without its blocks of code."""
    return _FENCE.sub("", text)


def anchors(name: str) -> set[str]:
    """What a heading is reached by, as GitHub makes it; the second of one name gets -1."""
    seen: dict[str, int] = {}
    found = set()
    for heading in _HEADING.findall(without_code(text_of(name))):
        words = _LINK.sub(r"\1", heading).replace("`", "").replace("*", "").lower()
        anchor = "".join(c for c in words if c.isalnum() or c in " -_").replace(" ", "-")
        again = seen.get(anchor, 0)
        seen[anchor] = again + 1
        found.add(f"{anchor}-{again}" if again else anchor)
    return found


def links(name: str) -> Iterator[str]:
    """Where the page's links and pictures lead."""
    text = re.sub(r"`[^`\n]*`", "", without_code(text_of(name)))
    for _, target in _LINK.findall(text):
        yield target


def lead_nowhere(name: str) -> list[str]:
    """The links of a page that lead to no file and no heading."""
    broken = []
    for target in links(name):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (PROJECT / name).parent / path if path else PROJECT / name
        if not file.exists():
            broken.append(f"{name}: {target}: no such file")
        elif anchor and (file.suffix != ".md" or anchor not in anchors(str(_inside(file)))):
            broken.append(f"{name}: {target}: no such heading")
    return broken


def _inside(file: Path) -> Path:
    return file.resolve().relative_to(PROJECT.resolve())
