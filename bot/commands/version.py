"""`gege --version`: what is installed."""

from __future__ import annotations

import platform
from typing import Annotated

import typer

from bot import __version__


def _told(asked: bool) -> None:
    if asked:
        print(f"gege {__version__} (Python {platform.python_version()})")
        raise typer.Exit


VersionFlag = Annotated[
    bool, typer.Option("--version", help="Print the version and leave.", callback=_told, is_eager=True)
]
