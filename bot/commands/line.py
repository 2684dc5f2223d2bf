"""What every command needs: its JSON, its remarks, and the one class of error that an operator is told."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.commands.chinese import told
from bot.foundation.errors import GegeError, Refused
from bot.foundation.nearest import did_you_mean

if TYPE_CHECKING:
    from bot.settings import Settings

log = logging.getLogger(__name__)

#: bytes; a conversation's turn has a few hundred
LONGEST_LINE = 1_000_000

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def _number(given: str) -> str:
    if given and not re.fullmatch(r"\+?[0-9][0-9 -]{1,18}[0-9]", given):
        raise typer.BadParameter(f"{given} is no telephone number")
    return given


CallerFlag = Annotated[str, typer.Option("--caller", help="The caller's number.", callback=_number)]


class Failure(Refused):
    """A command cannot go on; the message is for the operator."""


def out(value: Any, zone: dt.tzinfo | None = None) -> None:
    """One JSON value on one line of stdout; moments in ISO 8601 with their zone, the site's where it is given."""

    def written(one: Any) -> str:
        if isinstance(one, dt.datetime):
            return (one.astimezone(zone) if zone else one).isoformat(timespec="seconds")
        return one.isoformat() if isinstance(one, dt.date) else str(one)

    print(json.dumps(value, ensure_ascii=False, default=written), flush=True)


def note(line: str) -> None:
    """Progress and remarks, on stderr, in the language of whoever types."""
    print(told(line), file=sys.stderr, flush=True)


def known_kind(kind: str) -> str:
    """A kind of ticket as it was given. Raises Failure with all kinds for another word."""
    from bot.tickets.kinds import all_kinds, is_kind

    if not is_kind(kind):
        near = did_you_mean(kind, all_kinds())
        raise Failure(f"{kind} is no kind of ticket{near} ({', '.join(all_kinds())})")
    return kind


def zone_of(settings: Settings) -> ZoneInfo:
    """The site's own time."""
    return ZoneInfo(settings.site.timezone)


def plain(value: Any) -> Any:
    """A card as a dict of its fields; anything else as it is."""
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value


def existing_home(settings: Settings) -> None:
    """Raise Failure where GEGE_HOME is no folder: who misspelt it is told, and no folder is made."""
    if not settings.home.is_dir():
        raise Failure(
            f"{settings.home} is not there: correct GEGE_HOME, or make a site with gege sample or gege import FILE.csv"
        )


def tell_new_home(settings: Settings) -> None:
    """Say that what works without a site makes one."""
    if not settings.home.is_dir():
        note(f"{settings.home} was not there: it is made now, without a county (gege sample, or gege import FILE.csv)")


class BadLine(Refused):
    """A line of input that cannot be answered; the message says why."""


def json_objects() -> Iterator[dict[str, Any] | BadLine]:
    """Every line of stdin in order: its JSON object, or what is wrong with it."""
    while raw := sys.stdin.buffer.readline(LONGEST_LINE + 1):
        whole = raw
        while len(whole) > LONGEST_LINE and not whole.endswith(b"\n"):
            # The rest of a line that is too long is still that line.
            whole = sys.stdin.buffer.readline(LONGEST_LINE + 1) or b"\n"
        try:
            yield _object(raw)
        except BadLine as bad:
            yield bad


def _object(raw: bytes) -> dict[str, Any]:
    if len(raw) > LONGEST_LINE:
        raise BadLine(f"the line is longer than {LONGEST_LINE} bytes")
    try:
        line = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadLine("the line is not UTF-8") from None
    if not line.strip():
        raise BadLine("the line is empty")
    try:
        value = json.loads(line)
        # Half a surrogate pair is JSON and no text: it could not even be printed.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise BadLine("the line holds half a character (a lone surrogate)") from None
    except (ValueError, RecursionError):
        raise BadLine("the line is not JSON (or nested too deep)") from None
    if not isinstance(value, dict):
        raise BadLine("the line is not a JSON object")
    return value


def text_of(value: dict[str, Any], name: str, default: str | None = "") -> str:
    """A string of an input object; null and a missing one are `default`. Raises BadLine."""
    found = value.get(name)
    if found is None and default is not None:
        return default
    if not isinstance(found, str):
        raise BadLine(f'"{name}" is missing or not a string' if default is None else f'"{name}" must be a string')
    return found


def texts_of(value: dict[str, Any], name: str) -> tuple[str, ...]:
    """A list of strings of an input object, empty when it is missing. Raises BadLine."""
    found = value.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise BadLine(f'"{name}" must be a list of strings')
    return tuple(found)


async def answer_lines(answer: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> None:
    """Answer every line of stdin with one line, in order; what goes wrong with one is its answer, and the next comes."""
    # asyncio's own handler waits for the next await, and here that is the next line: Ctrl-C would have to be pressed twice.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for value in json_objects():
        try:
            if isinstance(value, BadLine):
                raise value
            out(await answer(value))
        except GegeError as problem:
            out({"error": str(problem)})
        except Exception as problem:
            log.exception("a line could not be answered")
            out({"error": f"{type(problem).__name__}: see the log"})
