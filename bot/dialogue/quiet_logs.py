"""Rasa's logs: no resident's words in them, no progress noise."""

from __future__ import annotations

import logging
import os
import warnings


def quiet_rasa() -> None:
    """Keep Rasa's loggers (structlog writes user text at debug) and third-party warnings quiet."""
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.ERROR)
    for name in ("rasa", "apscheduler", "matplotlib", "sanic", "pykwalify", "asyncio"):
        logging.getLogger(name).setLevel(logging.ERROR)
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    warnings.filterwarnings("ignore", module=r"(rasa|sanic|pkg_resources|jsonpickle|sklearn|dask|skops)(\..*)?")
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(?!bot|nlu|actions)")
