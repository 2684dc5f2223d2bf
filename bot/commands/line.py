"""What every command needs: its JSON, its remarks, and the one class of error that an operator is told."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from bot.foundation.errors import Refused

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
CallerFlag = Annotated[str, typer.Option("--caller", help="The caller's number.")]


class Failure(Refused):
    """A command cannot go on; the message is for the operator."""


def out(value: Any) -> None:
    """One JSON value on one line of stdout."""
    print(json.dumps(value, ensure_ascii=False, default=str), flush=True)


def note(line: str) -> None:
    """Progress and remarks, on stderr."""
    print(line, file=sys.stderr, flush=True)


def plain(value: Any) -> Any:
    """A card as a dict of its fields; anything else as it is."""
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value


def json_lines() -> Iterator[tuple[dict[str, Any] | None, str]]:
    """(object, "") for every good input line, (None, reason) for every bad one."""
    for raw in sys.stdin.buffer:
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError:
            yield None, "the line is not UTF-8"
            continue
        if not line.strip():
            yield None, "the line is empty"
            continue
        try:
            value = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            yield None, "the line is not JSON"
            continue
        if not isinstance(value, dict):
            yield None, "the line is not a JSON object"
        elif not isinstance(value.get("text"), str):
            yield None, '"text" is missing or not a string'
        elif not isinstance(value.get("alternatives") or [], list) or not all(
            isinstance(item, str) for item in value.get("alternatives") or []
        ):
            yield None, '"alternatives" must be a list of strings'
        elif not isinstance(value.get("caller") or "", str):
            yield None, '"caller" must be a string'
        else:
            yield value, ""
