"""Commit points: every place in the code that ends a transaction, by name. A crash run dies just before and just after each."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from bot.foundation.words import load
from bot.settings import PROJECT

#: what begins a transaction that writes (`bot.database.Database`); a place holds one in its `with`
_BEGINS = frozenset({"session", "noting", "together", "within"})
#: rooms whose places are no part of a service: the database itself, what only measures, what changes tables
_NOT_HERE = ("bot/database/", "bot/bench/", "bot/migrations/")
#: just before the commit, and just after it
SIDES = ("before", "after")


@dataclass(frozen=True)
class Beside:
    """Commit points that no crash run comes by on purpose, and why."""

    because: str
    points: tuple[str, ...]


@dataclass(frozen=True)
class Points:
    """The list (points.yml). `walked`: point → what is committed there; a running service with residents and staff at
    its doors comes by all of these."""

    walked: dict[str, str]
    beside: tuple[Beside, ...]

    @property
    def all(self) -> frozenset[str]:
        return frozenset({*self.walked, *(name for group in self.beside for name in group.points)})


@functools.cache
def points() -> Points:
    """Read the list."""
    return load(Points, Path(__file__).with_name("points.yml"))


def commit_points() -> set[str]:
    """All places in the code that hold a transaction, as `module:function`."""
    found = set()
    for folder in ("bot", "actions"):
        for file in sorted((PROJECT / folder).rglob("*.py")):
            where, code = file.relative_to(PROJECT).as_posix(), file.read_text("utf-8")
            if not where.startswith(_NOT_HERE) and any(f".{name}(" in code for name in _BEGINS):
                module = where.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                found |= {f"{module}:{name}" for name in holders(ast.parse(code))}
    return found


def holders(node: ast.AST, within: str = "") -> Iterator[str]:
    """Qualified names, as `co_qualname` has them, of functions that hold a transaction."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from holders(child, f"{_inner(within, node)}{child.name}")
        else:
            if isinstance(child, ast.withitem) and _begins(child.context_expr):
                yield within
            yield from holders(child, within)


def _inner(within: str, node: ast.AST) -> str:
    if not within:
        return ""
    return f"{within}." if isinstance(node, ast.ClassDef) else f"{within}.<locals>."


def _begins(expression: ast.expr) -> bool:
    """`database.session()`, `desk.together()`, `database.within(unit)`; sessions of other kinds take arguments."""
    if not isinstance(expression, ast.Call) or not isinstance(expression.func, ast.Attribute):
        return False
    name = expression.func.attr
    return name in _BEGINS and bool(expression.args) == (name == "within") and not expression.keywords


def point_of(frame: FrameType | None) -> str:
    """Whose transaction is being committed by what runs in this frame: the nearest function of the project that is
    neither the database nor a library. Empty when nobody of ours is there."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(("bot.", "actions.")) and not module.startswith(("bot.database", "bot.bench.crash")):
            return f"{module}:{frame.f_code.co_qualname}"
        frame = frame.f_back
    return ""


def here() -> str:
    """The commit point that called this."""
    return point_of(sys._getframe(1))
