"""What could not be kept because the database did not answer: files that wait, and are tried until they are in."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import secrets
import time
from pathlib import Path

from bot.database import database_away
from bot.foundation.background import Background
from bot.foundation.reserve import Reserve
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.unclear import Intake

log = logging.getLogger(__name__)

_AGAIN_S = 5.0


class Spool:
    """An `Intake` in front of another: what that one cannot keep waits in GEGE_HOME/spool."""

    def __init__(self, home: Path, intake: Intake) -> None:
        self._folder, self.intake, self._reserve = home / "spool", intake, Reserve(home)

    async def __call__(self, heard: Heard, reason: str) -> str | None:
        """Raises what the intake raised, after the file is there: nobody may say that it is kept already."""
        try:
            return await self.intake(heard, reason)
        except Exception:
            await self.put(heard, reason)
            raise

    async def put(self, heard: Heard, reason: str) -> None:
        """Let it wait, without asking the database first. Raises OSError when not even a file can be written."""
        await asyncio.to_thread(self._reserve.writing, lambda: self._put(heard, reason))

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._files())

    async def retry(self) -> int:
        """Try all once more; → how many are in now. What is in twice is one ticket: the utterance's id is the same."""
        kept = 0
        for file in await asyncio.to_thread(self._files):
            try:
                values = json.loads(await asyncio.to_thread(file.read_text, "utf-8"))
                heard, reason = Heard.from_json(values["heard"]), str(values["reason"])
            except (OSError, ValueError, KeyError, TypeError):
                log.exception("%s cannot be read and is put aside", file.name)
                file.rename(file.with_suffix(".broken"))
                continue
            try:
                await self.intake(heard, reason)
            except Exception as problem:
                if database_away(problem):
                    return kept  # the next one would fare no better
                log.exception("%s goes to nobody; trying again", file.name)
                continue
            file.unlink(missing_ok=True)
            kept += 1
        return kept

    def background(self) -> Background:
        """Try again and again."""
        return Background("spool", _AGAIN_S, self._work)

    async def _work(self) -> None:
        if kept := await self.retry():
            log.warning("%s reports that had waited for the database are kept now", kept)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.json")) if self._folder.is_dir() else []

    def _put(self, heard: Heard, reason: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._folder / f".{secrets.token_hex(8)}"
        content = json.dumps({"heard": heard.as_json(), "reason": reason}, ensure_ascii=False)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # One file an utterance, in the order in which they came.
        name = hashlib.sha256(heard.id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        known = next(iter(self._folder.glob(f"*-{name}.json")), None)
        part.replace(known or self._folder / f"{time.time_ns():020d}-{name}.json")
        log.error("the database did not take a report; it waits in %s", self._folder)
