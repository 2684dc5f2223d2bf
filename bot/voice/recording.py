"""The recording of a call: both directions in one sealed file, and each turn of the caller in another."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for

import numpy as np

from bot.recordings.keys import KeyRefused
from bot.recordings.room import begin_recording, keep_recording, name_for
from bot.recordings.sealed import SealedWriter
from bot.settings import Settings

log = logging.getLogger(__name__)

# One thread for all calls: a disk that stops for a moment must not stop the sound, and pieces keep their order.
_writing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recording")


class CallRecording:
    """Recordings under `<call id>/`; nothing from before `begin` (the recording notice)."""

    def __init__(self, settings: Settings, call_id: str, rate: int) -> None:
        self._settings, self._call_id, self._rate = settings, call_id, rate
        self._writer: SealedWriter | None = None
        self._name = ""
        self._caller = bytearray()
        self._gege = bytearray()
        self._turns = 0
        self._heard = 0
        self._broken = False

    @property
    def begun(self) -> bool:
        """Whether the caller knows that he is recorded."""
        return bool(self._name)

    @property
    def path(self) -> str:
        """Name of the whole call's recording, below GEGE_HOME; empty before `begin`."""
        return self._name if self._writer is not None else ""

    @property
    def seconds(self) -> float:
        """How long the caller has been recorded by now."""
        return self._heard / 2 / self._rate

    def begin(self) -> None:
        """From now on sound is stored: caller left, Gege right. Raises OSError, KeyRefused."""
        self._name = name_for(self._call_id, "call")
        self._caller.clear()
        self._gege.clear()
        self._writer = begin_recording(self._settings, self._name, self._rate, channels=2)

    def caller(self, pcm: bytes) -> None:
        if self._writer is not None:
            self._heard += len(pcm)
            self._caller += pcm
            self._write(least=self._rate)

    def gege(self, pcm: bytes) -> None:
        if self._writer is not None:
            self._gege += pcm

    def turn(self, pcm: bytes) -> str:
        """Keep one turn of the caller; → its name, empty before the notice. Raises OSError, KeyRefused."""
        if not self.begun:
            return ""
        self._turns += 1
        name = name_for(self._call_id, f"turn-{self._turns:02d}")
        return keep_recording(self._settings, name, pcm[: len(pcm) // 2 * 2], self._rate)

    def close(self) -> None:
        """Write what is left; waits for the disk."""
        writer = self._writer
        if writer is None:
            return
        longest = max(len(self._caller), len(self._gege))
        self._caller += bytes(longest - len(self._caller))
        self._gege += bytes(longest - len(self._gege))
        self._write(least=0)
        wait_for([_writing.submit(self._close, writer)])

    def _close(self, writer: SealedWriter) -> None:
        try:
            writer.close()
        except OSError:
            log.exception("the end of a call could not be recorded")

    def _write(self, least: int) -> None:
        """Store what both directions have, half a second at a time: with what waits in the thread, a crash loses
        less than a second."""
        size = min(len(self._caller), len(self._gege)) // 2 * 2
        writer = self._writer
        if size == 0 or size < least or writer is None or self._broken:
            return
        both = np.empty(size, dtype="<i2")
        both[0::2] = np.frombuffer(bytes(self._caller[:size]), "<i2")
        both[1::2] = np.frombuffer(bytes(self._gege[:size]), "<i2")
        del self._caller[:size], self._gege[:size]
        _writing.submit(self._piece, writer, both.tobytes())

    def _piece(self, writer: SealedWriter, pcm: bytes) -> None:
        try:
            writer.write(pcm)
        except (OSError, KeyRefused, ValueError):
            if not self._broken:
                log.exception("a call can no longer be recorded; it goes on")
            self._broken = True
