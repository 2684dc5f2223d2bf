"""What every command needs: its JSON, and what to say of a line that is not complete."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


class Mistyped(Exception):
    """The command line is not complete; the message says what is missing."""


def out(value: Any) -> None:
    """One JSON value on one line of stdout."""
    print(json.dumps(value, ensure_ascii=False, default=str), flush=True)
