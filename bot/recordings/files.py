"""Sound that nobody here can play, kept as it came: sealed like every recording, and deleted when its term is over."""

from __future__ import annotations

from bot.recordings.room import RecordingMissing, begin_recording, look_into
from bot.settings import Settings

#: a file has no samples
_NO_RATE = _NO_CHANNELS = 0
_PIECE = 1 << 20


def keep_file(settings: Settings, name: str, data: bytes) -> str:
    """Keep the bytes of a file; → its name. The same name again is the same file. Raises OSError, KeyRefused."""
    try:
        writer = begin_recording(settings, name, _NO_RATE, _NO_CHANNELS)
    except FileExistsError:
        return name
    try:
        for at in range(0, len(data), _PIECE):
            writer.write(data[at : at + _PIECE])
    finally:
        writer.close()
    return name


def open_file(settings: Settings, name: str) -> bytes:
    """The bytes as they came. Whoever asks has been found allowed to. Raises RecordingMissing, KeyRefused."""
    opened = look_into(settings, name)
    if opened.channels != _NO_CHANNELS:
        raise RecordingMissing(f"{name} is a recording, not a file")
    return opened.pcm
