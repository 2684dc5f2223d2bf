"""All settings with their defaults and what they mean, read off the models: a commented gege.toml, and a page."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.settings.settings import Settings

#: how the name of a key says its unit
_UNITS = {
    "_s": "seconds", "_min": "minutes", "_minutes": "minutes", "_h": "hours", "hours": "hours", "days": "days",
    "_months": "months",
}  # fmt: skip
_KINDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}
_LIMITS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
#: GEGE_HOME says it, no file below it can
_NOT_IN_FILE = {"home"}
_FIELD = re.compile(r"    (\w+): ")
_COMMENT = re.compile(r"    #: ?(.*)")


@dataclass(frozen=True)
class Key:
    """One key of a section."""

    name: str
    #: as TOML writes it
    default: str
    #: type, unit and limits
    kind: str
    comment: str


@dataclass(frozen=True)
class Table:
    """One section; `name` is empty for the keys above all sections."""

    name: str
    comment: str
    keys: tuple[Key, ...]


def tables() -> list[Table]:
    """All sections in the order in which a file may have them."""
    return list(_tables("", Settings))


def as_toml() -> str:
    """A gege.toml that changes nothing: every key with its default."""
    lines = [
        "# Settings of one site: a file gege.toml in GEGE_HOME. Every key is here with its default; keep those that you change.",
        "",
    ]
    for table in tables():
        if table.name:
            lines += [f"# {line}" for line in table.comment.splitlines()] + [f"[{table.name}]"]
        for key in table.keys:
            # One comment may speak of several keys, which stand below it.
            lines += [f"# {key.comment}"] if key.comment else []
            lines.append(f"{key.name} = {key.default}  # {key.kind}")
        lines.append("")
    return "\n".join(lines)


def of_site(values: Mapping[str, Any], head: str) -> str:
    """A gege.toml with these values alone, each below what it means; `head` is its first line."""
    lines = [f"# {head}", ""]
    for table in tables():
        section: Any = values
        for name in filter(None, table.name.split(".")):
            section = section.get(name, {})
        keys = [key for key in table.keys if key.name in section]
        if keys and table.name:
            lines.append(f"[{table.name}]")
        for key in keys:
            lines += textwrap.wrap(key.comment, 110, initial_indent="# ", subsequent_indent="# ")
            lines.append(f"{key.name} = {_toml(section[key.name])}")
        lines += [""] if keys else []
    return "\n".join(lines).rstrip() + "\n"


def as_markdown() -> str:
    """The same as a page."""
    lines = [
        "# Settings",
        "",
        "Everything that a site can change stands in `gege.toml` in GEGE_HOME; what is left out has its default. `./gege settings`",
        "prints a whole file to begin with. An unknown key, or a value that makes no sense, stops every command with the key's name.",
        "This page is made by `./gege settings --markdown`; the words stand beside the keys in `bot/settings/`.",
    ]
    for table in tables():
        lines += ["", f"## {f'[{table.name}]' if table.name else 'Above all sections'}", ""]
        lines += [" ".join(table.comment.split()), ""] if table.comment and table.name else []
        lines += ["| key | default | what | type |", "|---|---|---|---|"]
        for key in table.keys:
            cells = (f"`{key.name}`", f"`{key.default}`", key.comment or "(with the key above)", key.kind)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _tables(name: str, model: type[BaseModel]) -> Iterator[Table]:
    comments = _comments(model)
    keys, below = [], []
    for field, info in model.model_fields.items():
        if not name and field in _NOT_IN_FILE:
            continue
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            below.append((f"{name}.{field}" if name else field, info.annotation))
        else:
            default = _toml(info.get_default(call_default_factory=True))
            keys.append(Key(field, default, _kind(field, info), comments.get(field, "")))
    # "[voice.trunk]: A SIP trunk": the heading says the first half already.
    words = re.sub(rf"^\[{re.escape(name)}\]: ", "", inspect.cleandoc(model.__doc__ or ""))
    yield Table(name, words[:1].upper() + words[1:], tuple(keys))
    for path, section in below:
        yield from _tables(path, section)


@cache
def _comments(model: type[BaseModel]) -> dict[str, str]:
    """What stands in `#:` lines above each field of a class; a field without one belongs to those above it."""
    found: dict[str, str] = {}
    waiting: list[str] = []
    for line in inspect.getsource(model).splitlines():
        if comment := _COMMENT.fullmatch(line):
            waiting.append(comment.group(1))
        elif field := _FIELD.match(line):
            if waiting:
                found[field.group(1)] = " ".join(waiting)
            waiting = []
    return found


def _kind(name: str, info: FieldInfo) -> str:
    kind = _type(info.annotation)
    counts = "number" in kind and not kind.startswith("list")
    unit = next((unit for tail, unit in _UNITS.items() if counts and name.endswith(tail)), "")
    limits = [
        f"{words} {value:g}"
        for one in info.metadata
        for limit, words in _LIMITS.items()
        if (value := getattr(one, limit, None)) is not None
    ]
    return ", ".join(part for part in (kind, unit, *limits) if part)


def _type(annotation: Any) -> str:
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return "one of " + ", ".join(json.dumps(one) for one in inside)
    if origin is list:
        return f"list ({_type(inside[0])})"
    if origin is dict:
        return f"table ({_type(inside[1])} each)"
    if origin in (Union, types.UnionType):
        return " or ".join(_type(one) for one in inside)
    if hasattr(annotation, "__metadata__"):
        return _type(inside[0])
    return _KINDS[annotation]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A TOML string is written as JSON writes it.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_toml(one)}" for key, one in value.items()) + "}"
    return repr(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
