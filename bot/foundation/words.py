"""Words and tables that lie in YAML files, as frozen dataclasses: a wrong key is found when the file is read, and named."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from importlib.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import yaml

from bot.foundation.errors import Broken, GegeError

T = TypeVar("T")

_NAMES: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dt.date: "a day",
}


class WordsBroken(Broken):
    """A file of words is not what the program that reads it expects; the message names file and key."""


class _Wrong(Broken):
    """Where in the file, and what is wrong there."""

    def __init__(self, where: str, fault: str) -> None:
        super().__init__(f"{where}: {fault}" if where else fault)


def load(
    kind: type[T],
    file: Path | Traversable,
    *,
    empty: T | None = None,
    fault: Callable[[str], GegeError] = WordsBroken,
) -> T:
    """What a YAML file holds, as a `kind`: a dataclass, or dict[…], tuple[…, ...], frozenset[…] of what is named below.

    Fields may be text, numbers, days, Decimal, `X | None`, `Any`, other dataclasses and collections of all these; a field
    without a default must be there, and there is nothing else; `field(metadata={"key": "from"})` has another name in
    the file. `empty` is what an empty file stands for. Raises `fault` (a file that a site writes has its own)."""
    try:
        found = _read(file)
        return empty if found is None and empty is not None else cast(T, _as(kind, found, ""))
    except FileNotFoundError:
        raise fault(f"{file} is missing") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, _Wrong) as problem:
        raise fault(f"{file}: {' '.join(str(problem).split())}") from problem


def _read(file: Path | Traversable) -> Any:
    text = file.read_text("utf-8")
    return yaml.load(text, Loader=_Loader)


class _Loader(yaml.CSafeLoader):
    """Refuses a key that stands twice: one of the two would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]  # type: ignore[no-untyped-call]
        if twice := next((key for number, key in enumerate(keys) if key in keys[:number]), None):
            raise _Wrong(str(twice), f"stands there twice (line {node.start_mark.line + 1} and below)")
        return super().construct_mapping(node, deep)


def _as(kind: Any, value: Any, where: str) -> Any:
    if kind is Any or kind is object:
        return value
    if dataclasses.is_dataclass(kind):
        return _dataclass(cast(type, kind), value, where)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(inner, value, where)
    if kind is dict or origin is dict:
        return _mapping(inner, value, where)
    if kind in (tuple, list, frozenset) or origin in (tuple, list, frozenset):
        return _several(origin or kind, inner, value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is Decimal:
        return _decimal(value, where)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _Wrong(where, f"{_NAMES.get(kind, kind.__name__)} is needed, not {value!r:.60}")
    return value


def _dataclass(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise _Wrong(where, f"names and their values are needed, not {value!r:.60}")
    hints = get_type_hints(kind)
    fields = {one.metadata.get("key", one.name): one for one in dataclasses.fields(kind) if one.init}
    if unknown := next((key for key in value if key not in fields), None):
        raise _Wrong(_inside(where, unknown), "nobody reads this; is the name right?")
    found = {}
    for name, field in fields.items():
        if name in value:
            found[field.name] = _as(hints[field.name], value[name], _inside(where, name))
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise _Wrong(_inside(where, name), "is missing")
    try:
        return kind(**found)
    except ValueError as problem:
        raise _Wrong(where, str(problem)) from problem


def _one_of(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    wanted = [one for one in kinds if one is not type(None)]
    for number, one in enumerate(wanted, start=1):
        try:
            return _as(one, value, where)
        except _Wrong:
            if number == len(wanted):
                raise
    raise _Wrong(where, "nothing is allowed here")


def _mapping(inner: tuple[Any, ...], value: Any, where: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise _Wrong(where, f"names and their values are needed, not {value!r:.60}")
    key_kind, value_kind = inner or (Any, Any)
    return {
        _as(key_kind, key, f"the name {_inside(where, key)}"): _as(value_kind, one, _inside(where, key))
        for key, one in value.items()
    }


def _several(kind: Any, inner: tuple[Any, ...], value: Any, where: str) -> Any:
    if not isinstance(value, list):
        raise _Wrong(where, f"a list is needed, not {value!r:.60}")
    if kind is tuple and inner and inner[-1] is not Ellipsis:
        if len(value) != len(inner):
            raise _Wrong(where, f"a list of {len(inner)} is needed, not of {len(value)}")
        return tuple(_as(one, item, f"{where}[{at}]") for at, (one, item) in enumerate(zip(inner, value, strict=True)))
    one = inner[0] if inner else Any
    return kind(_as(one, item, f"{where}[{number}]") for number, item in enumerate(value))


def _decimal(value: Any, where: str) -> Decimal:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            pass
    raise _Wrong(where, f"a number is needed, not {value!r:.60}")


def _inside(where: str, key: Any) -> str:
    return f"{where}.{key}" if where else str(key)
