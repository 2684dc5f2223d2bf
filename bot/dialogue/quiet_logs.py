"""Rasa's logs: no resident's words in them, no progress noise."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import MutableMapping
from typing import Any


def quiet_rasa() -> None:
    """Keep Rasa's loggers (structlog writes user text at debug) and third-party warnings quiet."""
    import structlog
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.ERROR)
    # Rasa renders what it knows of a turn, and an exception with its local values; our formatter renders frames only.
    structlog.configure(processors=[structlog.stdlib.filter_by_level, structlog.dev.set_exc_info, _only_the_event])
    for name in ("rasa", "apscheduler", "matplotlib", "sanic", "pykwalify", "asyncio"):
        logging.getLogger(name).setLevel(logging.ERROR)
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    warnings.filterwarnings("ignore", module=r"(rasa|sanic|pkg_resources|jsonpickle|sklearn|dask|skops)(\..*)?")
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(?!bot|nlu|actions)")


def _only_the_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """For the standard library's logger: the event's constant name, and the exception."""
    return {"msg": str(event.get("event", "")), "exc_info": event.get("exc_info")}
