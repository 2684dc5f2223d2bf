"""`make lint`: no character class that names one mark twice where half and full width were meant, and no mark of half
width in a sentence that people read.

An editor or a tool that folds full width into half turns "[,，]" into "[,,]": the class still looks right, and no longer
sees what an input method writes. Such classes are made with `both()` of bot/foundation/widths.py."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bot.foundation.widths import HAN

_ROOMS = ("bot", "actions", "nlu", "tools")
#: files of sentences for residents and staff
_SENTENCES = (
    "domain.yml", "bot/chat/words.yml", "bot/commands/commands.yml", "bot/commands/demo.yml", "bot/commands/escalation.yml",
    "bot/commands/first.yml", "bot/commands/outage.yml",
    "bot/learning/words.yml", "bot/notify/texts.yml", "bot/tickets/labels.yml", "bot/tickets/owed/asking.yml",
    "bot/voice/calling_prompts.yml", "bot/voice/prompts.yml", "bot/voice/repertoire.yml", "bot/web/calls.yml",
    "bot/web/learning.yml", "bot/web/staff.yml", "bot/web/studio.yml", "bot/web/words.yml",
)  # fmt: skip
#: English that the code has, with its Chinese below it
_TRANSLATED = ("bot/commands/help.zh.yml", "bot/commands/answers.zh.yml")
_CLASS = re.compile(r"(?<!\\)\[\^?((?:\\.|[^\]\\\[]){2,200})\](?!\(|\{\")")
_RANGE = re.compile(r"\\?.-\\?[^\]]")
_ESCAPED = re.compile(r"\\[uUx]([0-9a-fA-F]{8}|[0-9a-fA-F]{4}|[0-9a-fA-F]{2})")
_MARKS = ",:;?!()"
_CHINESE = set("。、“”‘’《》「」『』")
_APART = 0xFEE0
#: a mark of half width, or a straight quotation mark, beside Chinese or beside what is filled in
_HALF = re.compile(rf"(?<=[{HAN}。、…“”「」【】}}])[,;:?!()\"]|[,;:?!()\"](?=[{HAN}“”「」【】{{])")


def wrong_in_class(inside: str) -> str:
    """What is wrong with the characters of a class, "" when nothing is."""
    inside = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), inside)
    ranges = _RANGE.findall(inside)
    if twice := [one for one in ranges if ranges.count(one) > 1]:
        return f"names {twice[0]} twice"
    characters = re.sub(r"\\.", "", _RANGE.sub("", inside))
    twice = [one for one in characters if characters.count(one) > 1 and not one.isalnum()]
    return f"names {twice[0]!r} twice" if twice else _twinless(characters)


def _twinless(characters: str) -> str:
    if not _CHINESE & set(characters):
        return ""
    lonely = [one for one in characters if one in _MARKS and chr(ord(one) + _APART) not in characters]
    return f"has {lonely[0]!r} beside Chinese marks, and not its twin of full width" if lonely else ""


def wrong_in_string(text: str) -> Iterator[str]:
    """Of a string: its character classes; and the whole of one that holds marks alone."""
    for found in _CLASS.finditer(text):
        if problem := wrong_in_class(found[1]):
            yield f"[{found[1]}] {problem}"
    if 1 < len(text) < 40 and not re.search(r"\w|[\[\]{}|\\]", text) and (problem := _twinless(text)):
        yield f"{text!r} {problem}"


def wrong_in_python(source: str) -> Iterator[tuple[int, str]]:
    """(line, problem) of every string but docstrings and what is given to `both`."""
    tree = ast.parse(source)
    passed_over: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "both":
            passed_over.update(node.args)
        elif isinstance(node, ast.Expr):
            passed_over.add(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in passed_over:
            for problem in wrong_in_string(node.value):
                yield node.lineno, problem


def wrong_in_yaml(source: str) -> Iterator[tuple[int, str]]:
    """(0, problem) of every scalar; the Han characters of training examples are no class."""
    for text in _scalars(yaml.safe_load(source)):
        for problem in wrong_in_string(text):
            yield 0, problem


def wrong_in_sentences(source: str, keys: bool = True) -> Iterator[str]:
    """What is wrong with the sentences of a file that people read, with its `keys` or without."""
    for text in _scalars(yaml.safe_load(source), keys):
        if found := _HALF.search(text):
            yield f"{text!r:.60} has {found[0]!r} of half width"


def _scalars(value: Any, keys: bool = True) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*(value.keys() if keys else ()), *value.values()]
    if isinstance(value, list):
        for one in value:
            yield from _scalars(one, keys)
    elif isinstance(value, str):
        yield value


def main() -> int:
    """Every file of ours; prints what is wrong."""
    count = 0
    for name in (*_SENTENCES, *_TRANSLATED):
        for problem in wrong_in_sentences(Path(name).read_text("utf-8"), name not in _TRANSLATED):
            print(f"{name}: {problem}; people read it in full width")
            count += 1
    for room in _ROOMS:
        for file in sorted(Path(room).rglob("*")):
            if file.suffix not in (".py", ".yml"):
                continue
            look = wrong_in_python if file.suffix == ".py" else wrong_in_yaml
            for line, problem in look(file.read_text("utf-8")):
                print(f"{file}:{line or ''}: {problem}; make it with both() (bot/foundation/widths.py)")
                count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
