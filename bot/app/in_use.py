"""What a starting service says of itself: versions, and what is in use; no secrets."""

from __future__ import annotations

import importlib.metadata
import platform

from sqlalchemy.engine import make_url

from bot import __version__
from bot.settings import Settings
from bot.speech.models import ModelMissing, in_use
from bot.speech.recogniser_of import told


def in_use_line(settings: Settings) -> str:
    """One line for the log: `gege 1.0.0 (Python 3.11.9, rasa 3.6.21, …); dialogue embedded; …`."""
    database = make_url(settings.database_url).get_backend_name()
    names = ["rasa", "sqlalchemy", "aiohttp"]
    try:
        model, speech = in_use(settings), told(settings)
        names.append("sherpa-onnx" if model.engine == "sherpa" else "vosk")
    except ModelMissing:
        speech = "none"
    notify = settings.notify
    messengers = {
        "telegram": notify.telegram.token,
        "wecom": notify.wecom.secret,
        "wechat": notify.wecom.kf_secret,
        "wecom_robot": notify.wecom_robot.url,
        "dingtalk_robot": notify.dingtalk_robot.url,
        "webhook": notify.webhook.url,
    }
    versions = ", ".join([f"Python {platform.python_version()}", *(f"{name} {_version(name)}" for name in names)])
    return "; ".join(
        [
            f"gege {__version__} ({versions})",
            f"dialogue {settings.dialogue.adapter}",
            f"recogniser {speech}",
            f"database {database}",
            f"messengers {', '.join(name for name, account in messengers.items() if account) or 'none'}",
            f"calling out {'on' if settings.calling.enabled else 'off'}",
            f"log {settings.log.level}",
        ]
    )


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "?"
