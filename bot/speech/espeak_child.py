"""The child process that owns espeak-ng (GPL, and it may crash): JSON lines in, sound out.

In: one line `{"pinyin": …, "rate": words a minute, "pitch": 0..99}`. Out: first the engine's rate in Hz (four
bytes, little-endian); then for each line the count of samples (four bytes) and the int16 samples. It imports
nothing of Gege, so that it starts in a tenth of a second."""

from __future__ import annotations

import ctypes
import json
import struct
import sys
from typing import Any

import espeakng_loader

#: reads toned pinyin, which fixes the pronunciation; `cmn` would guess at characters
_VOICE = b"cmn-latn-pinyin"
# speak_lib.h of espeak-ng 1.52
_SYNCHRONOUS, _NO_EXIT, _UTF8 = 2, 0x8000, 1
_RATE, _VOLUME, _PITCH = 1, 2, 3
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class Engine:
    """espeak-ng; a process can have only one."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _NO_EXIT))
        if self.rate <= 0 or self._library.espeak_SetVoiceByName(_VOICE):
            sys.exit("espeak-ng could not be started; reinstall the package espeakng-loader")
        self._sound = bytearray()
        # The library keeps the pointer: the callback has to live as long as the engine.
        self._callback = _Callback(self._take)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
            ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip

    def _take(self, sound: int | None, count: int, _events: Any) -> int:
        if sound and count > 0:
            self._sound += ctypes.string_at(sound, count * 2)
        return 0

    def speak(self, pinyin: str, rate: int, pitch: int) -> bytes:
        """Toned pinyin -> int16 samples at `self.rate`."""
        for parameter, value in ((_RATE, rate), (_VOLUME, 100), (_PITCH, pitch)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._sound.clear()
        text = pinyin.encode()
        self._library.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        return bytes(self._sound)


def main() -> None:
    engine, out = Engine(), sys.stdout.buffer
    out.write(struct.pack("<I", engine.rate))
    out.flush()
    for line in sys.stdin.buffer:
        wish = json.loads(line)
        sound = engine.speak(wish["pinyin"], wish["rate"], wish["pitch"])
        out.write(struct.pack("<I", len(sound) // 2) + sound)
        out.flush()


if __name__ == "__main__":
    main()
