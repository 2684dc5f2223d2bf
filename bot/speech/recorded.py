"""The site's recordings of what Gege says: found by their text, kept and removed while Gege speaks."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from pathlib import Path

from bot.foundation.widths import plain
from bot.speech.audio import AudioRefused, Samples, Sound, read_audio, write_wav

log = logging.getLogger(__name__)


def prompt_name(text: str) -> str:
    """File name (without folder) of a recording where index.json does not name one."""
    return hashlib.sha256(plain(text).strip().encode()).hexdigest()[:16] + ".wav"


class RecordedPrompts:
    """What the managers recorded: `{text: file}` in GEGE_HOME/prompts/index.json, or by `prompt_name`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index: dict[str, str] = {}
        self._read_at = -1

    def file(self, text: str) -> Path | None:
        """Where the recording of exactly this text lies; None when there is none."""
        name = self._names().get(plain(text).strip(), prompt_name(text))
        file = (self._folder / name).resolve()
        return file if file.is_relative_to(self._folder.resolve()) and file.is_file() else None

    def find(self, text: str) -> Sound | None:
        """The recording of exactly this text; None when there is none or it cannot be read."""
        file = self.file(text)
        if file is None:
            return None
        try:
            return read_audio(file)
        except AudioRefused as problem:
            log.warning("recorded prompt %s is not used: %s", file, problem)
            return None

    def keep(self, text: str, samples: Samples, rate: int) -> None:
        """Put a recording in place of the one that is there; whoever speaks meanwhile hears one or the other whole."""
        file = self._folder / prompt_name(text)
        # The ending keeps it out of what is looked for.
        part = file.with_suffix(f".{secrets.token_hex(4)}.part")
        write_wav(part, samples, rate)
        part.replace(file)
        self._forget(text)

    def remove(self, text: str) -> bool:
        """The machine speaks it again. False when there was no recording."""
        file = self.file(text)
        if file is None:
            return False
        file.unlink(missing_ok=True)
        self._forget(text)
        (self._folder / prompt_name(text)).unlink(missing_ok=True)
        return True

    def _forget(self, text: str) -> None:
        """A file that the index names for this text does not count any more."""
        names = self._names()
        if names.pop(plain(text).strip(), None) is None:
            return
        index = self._folder / "index.json"
        part = index.with_suffix(f".{secrets.token_hex(4)}.part")
        part.write_text(json.dumps(names, ensure_ascii=False, indent=1), "utf-8")
        part.replace(index)

    def _names(self) -> dict[str, str]:
        index = self._folder / "index.json"
        try:
            changed = index.stat().st_mtime_ns
        except OSError:
            return {}
        if changed != self._read_at:
            self._read_at = changed
            try:
                entries = json.loads(index.read_text("utf-8")).items()
                self._index = {plain(str(key)).strip(): str(value) for key, value in entries}
            except (ValueError, AttributeError) as problem:
                log.warning("%s is not used: %s", index, problem)
                self._index = {}
        return self._index
