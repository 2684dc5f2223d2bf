"""A sound on this machine's loudspeaker, where it has one."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

#: programs that play a WAV file and end, the desktop's own first
_PLAYERS = (
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
    ("play", "-q"),
)
#: longer than the sound itself a player may take to begin and to end (s)
_BEYOND_S = 5.0


def has_a_sound_card(cards: Path = Path("/proc/asound/cards")) -> bool:
    """Whether the kernel knows a card, or a desktop's sound server listens."""
    if os.environ.get("PULSE_SERVER"):
        return True
    room = os.environ.get("XDG_RUNTIME_DIR")
    if room and any((Path(room) / name).exists() for name in ("pipewire-0", "pulse/native")):
        return True
    try:
        return any(line.split()[:1] and line.split()[0].isdigit() for line in cards.read_text().splitlines())
    except OSError:
        return False


def player() -> tuple[str, ...] | None:
    """The command that plays a file, without the file; None where nobody could hear it."""
    if not has_a_sound_card():
        return None
    return next((words for words in _PLAYERS if shutil.which(words[0])), None)


def play(file: Path, seconds: float) -> bool:
    """Play it to its end, or until Ctrl-C; → whether it could be heard."""
    words = player()
    if words is None:
        return False
    began = time.monotonic()
    try:
        with subprocess.Popen(
            [*words, str(file)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as playing:
            try:
                return playing.wait(seconds + _BEYOND_S) == 0
            except KeyboardInterrupt:
                playing.terminate()
                return True
            except subprocess.TimeoutExpired:
                playing.kill()
                return time.monotonic() - began > seconds
    except OSError:
        return False
