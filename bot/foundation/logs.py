"""Logs: every line says when and about what, and none repeats what somebody said or who somebody is."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import re
import secrets
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TextIO

LEVELS = ("debug", "info", "warning", "error")
#: whose messages are written by us, and hold nothing but what we put into them
_OWN = ("bot", "actions", "nlu", "tools", "gege", "__main__")

#: what is known of the work in hand: call, session, turn, ticket, update, request
_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))

#: fields whose values we or a messenger have made, out of nothing that belongs to a person
_PLAIN = ("ticket", "update", "request")
#: numbers get a mark that is the same for one number as long as this process lives, and says nothing afterwards
_SECRET = secrets.token_bytes(16)
_NUMBERS = re.compile(
    r"(?P<kept>GD\d{10,18}(?!\d)"  # a ticket's number is no secret
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # nor is a call's id
    r"|(?<![0-9a-z])(?=[0-9]*[a-f])(?![0-9a-f]*\d{10})[0-9a-f]{12,}(?![0-9a-z])"  # nor are random names
    r"|(?<!\d)20\d\d-[01]\d-[0-3]\d(?!\d))"  # nor is a date
    r"|\+?\d{7,}[Xx]?|\+?\d{3,4}(?:[- ]\d{3,4}){2,}"
)
#: of a call, of one of its turns, or of a command's turn
_RANDOM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-\d{1,5}|-end)?|[0-9a-f]{32}")
_HAN = re.compile(r"[\u2e80-\u2fdf\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+(?:[^\x00-\x7f]+)*")
_QUOTED = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`""")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
#: of a foreign library's message
_LONGEST = 200


def start(level: str = "warning", zone: dt.tzinfo = dt.UTC, stream: TextIO | None = None, form: str = "lines") -> None:
    """Write the process's log to `stream` (standard error); `level` is for our own loggers, others begin at warning.
    `form`: "lines", or "json" for an object a line.

    May be called again with what the settings say. What nobody catches is written the same way."""
    if level.lower() not in LEVELS:
        raise ValueError(f"a log level is one of {', '.join(LEVELS)}")
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one.formatter, Lines)]:
        root.removeHandler(old)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(zone) if form == "json" else Lines(zone))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in _OWN:
        logging.getLogger(name).setLevel(level.upper())
    # Otherwise a line that cannot be formatted is printed with its arguments.
    logging.raiseExceptions = False
    sys.excepthook = lambda _kind, problem, _trace: uncaught(problem)
    threading.excepthook = lambda args: uncaught(args.exc_value)
    sys.unraisablehook = lambda args: uncaught(args.exc_value)


@contextmanager
def about(**fields: str | None) -> Iterator[None]:
    """Lines logged within carry these fields (and so do tasks and threads begun within): `about(call=…, ticket=…)`.

    A session or an id that somebody else chose may hold a number or a word: only its beginning and a mark are shown."""
    token = _about.set({**_about.get(), **_fields(fields)})
    try:
        yield
    finally:
        _about.reset(token)


def note(**fields: str | None) -> None:
    """The same until the surrounding `about` ends, or the task: `note(ticket=…)`."""
    _about.set({**_about.get(), **_fields(fields)})


def shown(name: str) -> str:
    """A session or an id as it may stand in a log: "say-13800138000" is "say-#3fa9c1"; a random UUID stays."""
    if _RANDOM.fullmatch(name):
        return name
    head, dash, _ = name.partition("-")
    return f"{head if dash and head.isascii() and head.isalpha() and len(head) < 12 else ''}{dash and '-'}{_mark(name)}"


def described(problem: BaseException) -> str:
    """What may be said of an exception: its type; our own message, or the code that a database or the system gives.

    Messages of foreign libraries are left out: they repeat what they were given (rows, addresses, requests)."""
    kind = type(problem)
    if _own(kind.__module__):
        return f"{kind.__qualname__}: {_clean(str(problem))}" if str(problem) else kind.__qualname__
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    origin = getattr(problem, "orig", None)
    if isinstance(origin, BaseException):
        return f"{name} ← {described(origin)}"
    if code := getattr(problem, "sqlite_errorname", None) or getattr(problem, "pgcode", None):
        return f"{name} ({code})"
    if isinstance(problem, OSError) and problem.strerror:
        where = f": {_clean(_HAN.sub('…', str(problem.filename)))}" if problem.filename else ""
        return f"{name} ({problem.errno} {_HAN.sub('…', _clean(problem.strerror))}{where})"
    return name


class Lines(logging.Formatter):
    """One event a line: time, level, logger, `field=value …`, "|", the message; then, of an exception, types and frames."""

    def __init__(self, zone: dt.tzinfo = dt.UTC) -> None:
        super().__init__()
        self._zone = zone

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, self._zone).isoformat(timespec="milliseconds")
        fields = "".join(f" {name}={_CONTROL.sub(' ', value)}" for name, value in _about.get().items())
        message = _ours(record) if _own(record.name) else _theirs(record)
        line = f"{at} {record.levelname.lower()} {record.name}{fields} | {message}"
        if record.exc_info and record.exc_info[1] is not None:
            line += "\n" + "\n".join(_trace(record.exc_info[1]))
        return line


class JsonLines(Lines):
    """The same as one JSON object a line: `at`, `level`, `logger`, what it is about, `message`, `trace` (a list of lines)."""

    def format(self, record: logging.LogRecord) -> str:
        found: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, self._zone).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **{name: _CONTROL.sub(" ", value) for name, value in _about.get().items()},
            "message": _ours(record) if _own(record.name) else _theirs(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            found["trace"] = _trace(record.exc_info[1])
        return json.dumps(found, ensure_ascii=False)


def _fields(fields: dict[str, str | None]) -> dict[str, str]:
    return {name: value if name in _PLAIN else shown(value) for name, value in fields.items() if value}


def _own(name: str) -> bool:
    return name.partition(".")[0] in _OWN


def _ours(record: logging.LogRecord) -> str:
    args: Any = record.args
    if isinstance(args, tuple):
        args = tuple(described(one) if isinstance(one, BaseException) else one for one in args)
    message = described(record.msg) if isinstance(record.msg, BaseException) else str(record.msg)
    try:
        return _clean(message % args if args else message)
    except (TypeError, ValueError, KeyError):
        return _clean(message)


def _theirs(record: logging.LogRecord) -> str:
    """The sentence without what was put into it."""
    if not isinstance(record.msg, str):
        return type(record.msg).__qualname__
    first = record.msg.strip().partition("\n")[0]
    return _clean(_HAN.sub("…", _QUOTED.sub("…", first)))[:_LONGEST]


def _trace(problem: BaseException) -> list[str]:
    """The chain of exceptions, the first cause first, each with its frames (lines of source, no values)."""
    chain: list[BaseException] = []
    one: BaseException | None = problem
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    lines: list[str] = []
    for each in reversed(chain):
        lines += [f"  {line}" for part in traceback.format_tb(each.__traceback__) for line in part.rstrip().split("\n")]
        lines.append(f"  {described(each)}")
        if isinstance(each, BaseExceptionGroup):
            for inner in each.exceptions:
                lines += [f"  {line}" for line in _trace(inner)]
    return lines


def uncaught(problem: BaseException | None) -> None:
    """Write what nobody caught: type and frames."""
    if problem is not None and not isinstance(problem, (KeyboardInterrupt, SystemExit)):
        logging.getLogger("gege").error("not caught", exc_info=problem)


def _clean(text: str) -> str:
    """On one line, and with long numbers marked: a telephone, an account or an identity number is nobody's business."""
    marked = _NUMBERS.sub(lambda found: found.group() if found["kept"] else _mark(found.group()), text)
    return _CONTROL.sub(" ", marked)


def _mark(text: str) -> str:
    return "#" + hashlib.blake2s(text.encode("utf-8", "replace"), key=_SECRET).hexdigest()[:6]
