"""The recording of a call: both directions in one stereo WAV, and each turn of the caller in a file."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from bot.speech.audio import write_wav


class CallRecording:
    """Files below GEGE_HOME/recordings/<call id>/; nothing before `begin` (the recording notice)."""

    def __init__(self, home: Path, call_id: str, rate: int) -> None:
        self._home = home
        self.folder = home / "recordings" / call_id
        self._rate = rate
        self._file: wave.Wave_write | None = None
        self._caller = bytearray()
        self._gege = bytearray()
        self._turns = 0

    @property
    def begun(self) -> bool:
        return self._file is not None

    @property
    def path(self) -> str:
        """Of the whole call, below GEGE_HOME; empty before `begin`."""
        return self._below(self.folder / "call.wav") if self.begun else ""

    def begin(self) -> None:
        """From now on sound is stored: caller left, Gege right."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = wave.open(str(self.folder / "call.wav"), "wb")  # noqa: SIM115
        self._file.setnchannels(2)
        self._file.setsampwidth(2)
        self._file.setframerate(self._rate)
        self._caller.clear()
        self._gege.clear()

    def caller(self, pcm: bytes) -> None:
        if self._file is not None:
            self._caller += pcm
            self._write(least=self._rate * 2)

    def gege(self, pcm: bytes) -> None:
        if self._file is not None:
            self._gege += pcm

    def turn(self, pcm: bytes) -> str:
        """Keep one turn of the caller; returns its path below GEGE_HOME, empty before the notice."""
        if self._file is None:
            return ""
        self._turns += 1
        file = self.folder / f"turn-{self._turns:02d}.wav"
        write_wav(file, np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.int16), self._rate)
        return self._below(file)

    def close(self) -> None:
        if self._file is None:
            return
        longest = max(len(self._caller), len(self._gege))
        self._caller += bytes(longest - len(self._caller))
        self._gege += bytes(longest - len(self._gege))
        self._write(least=0)
        self._file.close()

    def _write(self, least: int) -> None:
        """Store what both directions have; each write leaves a valid file: a crash loses a second at most."""
        size = min(len(self._caller), len(self._gege)) // 2 * 2
        if size == 0 or size < least or self._file is None:
            return
        both = np.empty(size, dtype="<i2")
        both[0::2] = np.frombuffer(bytes(self._caller[:size]), "<i2")
        both[1::2] = np.frombuffer(bytes(self._gege[:size]), "<i2")
        del self._caller[:size], self._gege[:size]
        self._file.writeframes(both.tobytes())

    def _below(self, file: Path) -> str:
        return file.relative_to(self._home).as_posix()
