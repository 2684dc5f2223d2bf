"""What an exception that is not Gege's own means to an operator: whose fault it is, and what to do."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

from bot.foundation.errors import Broken, GegeError, Refused, Unavailable
from bot.foundation.logs import described

_FULL = "the disk is full: make room, then do it again; nothing that was confirmed is lost"
_BUSY = "the database is busy (an import, a backup or another program is writing): try again in a minute"
_AWAY = "the database does not answer: see that it runs and that [database] url or GEGE_DATABASE_URL names it"
_CLOSED = "may not be written: see that it belongs to the user who runs Gege and that the disk is not mounted read-only"
_DAMAGED = "the database is damaged: gege doctor says how badly, gege restore FILE --force brings a backup back"
_OLD = "the database does not fit this program: gege doctor says why"

#: what SQLite and PostgreSQL say → what it means; the first that fits
_OF_DATABASE: tuple[tuple[str, type[GegeError], str], ...] = (
    ("disk is full", Unavailable, _FULL),
    ("No space left", Unavailable, _FULL),
    ("disk I/O error", Broken, "the disk under the database fails: see the system's log, then gege doctor"),
    ("locked", Unavailable, _BUSY),
    ("too many clients", Unavailable, "the database takes no more connections: raise its limit or end other programs"),
    ("readonly database", Refused, f"the database in GEGE_HOME {_CLOSED}"),
    ("read-only", Refused, f"the database {_CLOSED}"),
    ("unable to open database file", Refused, f"the database in GEGE_HOME cannot be opened, or {_CLOSED}"),
    ("malformed", Broken, _DAMAGED),
    ("not a database", Broken, _DAMAGED),
    ("authentication failed", Refused, "the database refuses the name or password of GEGE_DATABASE_URL: correct it"),
    ("does not exist", Broken, _OLD),
    ("no such table", Broken, _OLD),
    ("no such column", Broken, _OLD),
    ("connect", Unavailable, _AWAY),
    ("server closed", Unavailable, _AWAY),
    ("shutting down", Unavailable, _AWAY),
    ("starting up", Unavailable, _AWAY),
)


def translated(problem: BaseException) -> GegeError:
    """The same as one of ours; what nobody foresaw is a fault of Gege's own."""
    if isinstance(problem, GegeError):
        return problem
    # Who loaded no database has no fault of one, and does not wait for the library.
    if "sqlalchemy" in sys.modules and (found := _of_database(problem)):
        return found
    if isinstance(problem, OSError):
        return _of_system(problem)
    if isinstance(problem, MemoryError) or "can't start new thread" in str(problem):
        return Unavailable("there is not enough memory: end other programs, or give Gege more (1.5 GB is enough)")
    if isinstance(problem, EOFError):
        return Broken(
            "a file ends too early: gege doctor says which of Gege's is damaged; a download has to be made again"
        )
    return _unforeseen(problem)


def _unforeseen(problem: BaseException) -> Broken:
    # Not its message: that repeats what it was given, and this may have been a resident's sentence.
    return Broken(
        f"{described(problem)} (a fault of Gege: please report this line; GEGE_DEBUG=1 shows where it happened)"
    )


def _of_database(problem: BaseException) -> GegeError | None:
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    if not isinstance(problem, SQLAlchemyError):
        return None
    # The driver's own words: SQLAlchemy's would bring the statement, and with it what a resident said.
    said = str(problem.orig) if isinstance(problem, DBAPIError) else str(problem)
    for words, kind, sentence in _OF_DATABASE:
        if words in said:
            return kind(sentence)
    return Broken(f"the database refused ({type(problem).__name__}): gege doctor looks for the cause")


def _of_system(problem: OSError) -> GegeError:
    name = problem.filename if isinstance(problem.filename, str | Path) else ""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Unavailable(_FULL)
    if problem.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Refused(f"{name or 'a file that Gege needs'} {_CLOSED}")
    if problem.errno in (errno.EMFILE, errno.ENFILE):
        return Unavailable("too many files are open: end other programs, or raise the limit (ulimit -n)")
    if isinstance(problem, FileNotFoundError) and name:
        return Refused(f"{name} is not there: give a file that is, or see whether the name is right")
    if isinstance(problem, IsADirectoryError | NotADirectoryError | FileExistsError) and name:
        return Refused(f"{name}: {problem.strerror}: move it away or name another")
    if isinstance(problem, ConnectionError | TimeoutError):
        return Unavailable(f"the other side does not answer ({problem.strerror or type(problem).__name__}): try again")
    return _unforeseen(problem)
