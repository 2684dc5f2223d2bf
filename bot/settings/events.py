"""[events]: what turns meant and did, handed to a broker for statistics."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from bot.settings.section import Section


class EventsSettings(Section):
    """What turns meant and did, for statistics only, without words and without anybody's name (docs/operate.md)."""

    #: Rasa's form of endpoints.yml; its `event_broker` (pika, kafka, sql or file) gets the events. A path below GEGE_HOME, or
    #: a whole one; empty: nothing leaves
    endpoints: str = ""
    #: turns that wait at most while the broker is away; what comes then is dropped and counted
    waiting: int = Field(default=5_000, ge=100, le=100_000)

    @property
    def on(self) -> bool:
        return bool(self.endpoints)

    def file(self, home: Path) -> Path:
        """Where the broker is described."""
        return home / self.endpoints
