"""The commands that the documents give: found in their blocks of code and between back quotes, taken apart as a shell would."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.documents.pages import documents, text_of

#: pages whose commands are tried. Decisions are history, the exchange's are other people's programs, and the page of all
#: commands is made of the commands themselves.
PAGES = tuple(
    name
    for name in documents()
    if re.fullmatch(r"(?:README(?:\.zh)?|CONTRIBUTING|docs/[\w-]+|deploy/README)\.md", name)
    and name != "docs/commands.md"
)
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_SET = re.compile(r"[A-Z_]+=\S*")
#: between commands of one line
_JOINS = frozenset({"&&", ";", "||"})


@dataclass(frozen=True)
class Example:
    """One command as a reader would give it."""

    page: str
    #: as it stands there
    written: str
    #: what it begins with, `gege` or `make`, and its words
    words: tuple[str, ...]
    #: a shell's words whose output is its input
    fed_by: str = ""
    #: from a block of code; else from a sentence, which may only name a command
    block: bool = False
    #: a sentence gives a part of it, the rest is …
    partly: bool = False
    #: variables that the block set before it
    where: dict[str, str] = field(default_factory=dict, hash=False, compare=False)

    @property
    def key(self) -> str:
        """How lists name it."""
        return " ".join(self.words)


def examples() -> list[Example]:
    """Every command of every page, in the order of the pages, README first."""
    pages = sorted(PAGES, key=lambda name: (not name.startswith("README"), not name.endswith("start.md"), name))
    return [one for page in pages for one in on(page, text_of(page))]


def on(page: str, text: str) -> Iterator[Example]:
    """The commands of one page."""
    for block in _FENCE.finditer(text):
        if block.group(2) in ("", "sh", "bash", "shell", "console"):
            where: dict[str, str] = {}
            for line in re.sub(r"\\\n\s*", " ", block.group(3)).splitlines():
                yield from _of_line(page, line.strip(), where, block=True)
    for inline in _INLINE.finditer(_FENCE.sub("", text)):
        usage = inline.group(1).strip()
        for one in _of_line(page, _fullest(usage), {}, block=False):
            yield replace(one, written=usage, partly=usage.endswith("…"))


def _fullest(usage: str) -> str:
    """A usage with everything that may be left out, and the first of what may be chosen."""
    return re.sub(r"(?<=\S)\|[^\s\]]+", "", usage).replace("[", "").replace("]", "").removesuffix(" …")


def _of_line(page: str, line: str, where: dict[str, str], *, block: bool) -> Iterator[Example]:
    if not re.search(r"(?:^|[\s|;&])(?:\./)?(?:gege|make)(?=\s|$)", line):
        if block and (setting := re.match(r"export ([A-Z_]+)=(\S+)", line)):
            where[setting.group(1)] = setting.group(2)
        return
    for part in _split(line, _JOINS):
        pieces = _split(part, {"|"})
        for number, piece in enumerate(pieces):
            words = _words(piece)
            while words and _SET.fullmatch(words[0]):
                words = words[1:]
            if not words or words[0] not in ("gege", "./gege", "make"):
                continue
            if not block and number:
                continue
            words = _without_redirection(words)
            fed = " | ".join(pieces[:number]).strip()
            called = words[0].removeprefix("./")
            yield Example(page, line, (called, *words[1:]), fed, block, where=dict(where))


def _split(line: str, marks: frozenset[str] | set[str]) -> list[str]:
    """The line at these marks, those within quotes aside, and without its comment."""
    lexer = shlex.shlex(line, posix=False, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    parts: list[list[str]] = [[]]
    for word in lexer:
        if word in marks:
            parts.append([])
        else:
            parts[-1].append(word)
    return [" ".join(part) for part in parts]


def _words(piece: str) -> list[str]:
    lexer = shlex.shlex(piece, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _without_redirection(words: list[str]) -> list[str]:
    """Where the output goes is the shell's business."""
    for mark in (">", ">>", "<"):
        if mark in words:
            words = words[: words.index(mark)]
    return words
