"""espeak-ng through ctypes: speech and the times of its phonemes. Use it in a child process only.

espeak-ng 1.52 comes with the wheel espeakng-loader. It may crash after many changes of the voice, so nothing
that has to stay alive may call it. The voice `cmn-latn-pinyin` reads toned pinyin (`wo3 jia1`), which fixes
the pronunciation.
"""

import ctypes
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader
import numpy as np

BASE_VOICE = "cmn-latn-pinyin"
WORD_EVENT, PHONEME_EVENT = 1, 7
_SYNCHRONOUS, _PHONEME_EVENTS, _NO_EXIT = 2, 1, 0x8000
_UTF8, _PHONEME_NAMES = 1, 0x100
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4


class _Name(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Name),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Phoneme:
    """One phoneme event."""

    name: str
    """espeak's name; pauses begin with `_`."""
    text_position: int
    """Position of the syllable's first letter in the text, counted from 1."""
    sample: int
    """Start, in samples at the engine's rate."""


class Espeak:
    """One espeak-ng engine; a process can have only one."""

    def __init__(self, data_folder: Path | None = None) -> None:
        """`data_folder`: espeak's data with other voices (see voices.py)."""
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(data_folder or espeakng_loader.get_data_path()).encode()
        self.rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS | _NO_EXIT)
        if self.rate <= 0:
            raise RuntimeError("espeak-ng could not be started; reinstall the package espeakng-loader")
        self._sound: list[np.ndarray] = []
        self._phonemes: list[Phoneme] = []
        self._callback = _Callback(self._take)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_Synth.argtypes = [
            ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
            ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
        ]  # fmt: skip

    def seed(self, number: int) -> None:
        """Begin the engine's own chance (the noise of consonants, a voice's flutter) anew: the same words sound the same."""
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(number))

    def _take(self, sound, count, events) -> int:  # type: ignore[no-untyped-def]
        if sound and count > 0:
            self._sound.append(np.ctypeslib.as_array(sound, (count,)).copy())
        index = 0
        while events[index].type:
            event = events[index]
            if event.type == PHONEME_EVENT:
                raw = ctypes.string_at(ctypes.addressof(event) + _Event.id.offset, 8).split(b"\0")[0]
                name = raw.decode("utf-8", "replace")
                self._phonemes.append(Phoneme(name, event.text_position, event.sample))
            index += 1
        return 0

    def speak(
        self, pinyin: str, variant: str, *, rate: int, pitch: int, pitch_range: int
    ) -> tuple[np.ndarray, list[Phoneme]]:
        """Toned pinyin -> int16 samples at `self.rate`, phonemes. `rate` in words a minute, pitch values
        0..99.

        Raises ValueError for an unknown variant of the voice.
        """
        voice = f"{BASE_VOICE}+{variant}" if variant else BASE_VOICE
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((_RATE, rate), (_VOLUME, 100), (_PITCH, pitch), (_RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, int(value), 0)
        self._sound, self._phonemes = [], []
        text = pinyin.encode()
        self._library.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8 | _PHONEME_NAMES, None, None)
        self._library.espeak_Synchronize()
        sound = np.concatenate(self._sound) if self._sound else np.zeros(1, np.int16)
        return sound, self._phonemes
