"""Sounds that are offered to the managers and not in use: each is taken, and then is a recording, or thrown away for good."""

from __future__ import annotations

import logging
from pathlib import Path

from bot.speech.audio import AudioRefused, Samples, Sound, read_audio, write_wav
from bot.speech.recorded import RecordedPrompts, prompt_name

log = logging.getLogger(__name__)

#: beside the recordings, where nobody who speaks looks for a sound
_FOLDER = "proposed"
_BINNED = ".binned"


class Proposals:
    """What lies in GEGE_HOME/prompts/proposed: one wav a sentence, and an empty file for each that was thrown away. Raises OSError
    where the disk does not do what it should."""

    def __init__(self, prompts: Path) -> None:
        self._recorded = RecordedPrompts(prompts)
        self._folder = prompts / _FOLDER

    def open_to(self, text: str) -> bool:
        """Whether a sound may be offered: nobody recorded this sentence, and none was thrown away."""
        return self._recorded.file(text) is None and not self._file(text).with_suffix(_BINNED).exists()

    def offer(self, text: str, samples: Samples, rate: int) -> None:
        """In place of what was offered before."""
        file = self._file(text)
        part = file.with_suffix(".part")
        write_wav(part, samples, rate)
        part.replace(file)

    def file(self, text: str) -> Path | None:
        """Where the offered sound lies; None when there is none, or a manager's own recording is there."""
        file = self._file(text)
        return file if file.is_file() and self.open_to(text) else None

    def find(self, text: str) -> Sound | None:
        """The offered sound; None also when it cannot be read."""
        file = self.file(text)
        try:
            return read_audio(file) if file else None
        except AudioRefused as problem:
            log.warning("the proposal %s cannot be heard: %s", file, problem)
            return None

    def taken(self, text: str) -> None:
        """It is a recording now."""
        self._file(text).unlink(missing_ok=True)

    def bin(self, text: str) -> None:
        """Never to be offered again."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file(text).with_suffix(_BINNED).touch()
        self._file(text).unlink(missing_ok=True)

    def _file(self, text: str) -> Path:
        return self._folder / prompt_name(text)
