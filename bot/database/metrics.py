"""What a database refused, as Prometheus sees it: counted by the code that it gave, without the statement."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

REGISTRY = CollectorRegistry()
_errors = Counter(
    "gege_database_errors",
    "Statements that the database did not take, by its own code (SQLITE_BUSY: somebody else was writing, and it was tried"
    " again)",
    ["code"],
    registry=REGISTRY,
)


def watch(engine: Engine) -> None:
    """Count what this engine's database refuses."""
    event.listen(engine, "handle_error", _count)


def _count(context: ExceptionContext) -> None:
    problem = context.original_exception
    code = getattr(problem, "sqlite_errorname", None) or getattr(problem, "sqlstate", None) or type(problem).__name__
    _errors.labels(str(code)).inc()
