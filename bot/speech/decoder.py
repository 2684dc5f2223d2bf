"""Sound that somebody sent, decoded in a child that can do nothing else; what it answers is looked at like what was sent.

libsndfile, libopus and the AMR library have had holes. Here one that is broken into reads one file and writes samples:
bot/speech/decoder_child.py is bounded in memory, time, files and system calls, and gets none of our environment."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
import numpy.typing as npt

from bot.foundation.errors import Refused
from bot.speech.decoder_child import AMR_LIBRARY, HEADER
from bot.speech.decoder_child import AMR_MAGIC as AMR_MAGIC

#: channels and rate (Hz) of what people and browsers record
MOST_CHANNELS, HIGHEST_RATE = 2, 48_000
#: a decoding that takes longer (s) is ended
_TIMEOUT_S = 25.0
#: bytes of samples that are in memory here at once, beside the mono result
_BLOCK = 1 << 18
#: how a file begins → containers of libsndfile (format & TYPE) that it may be
_BEGINNINGS = {b"RIFF": "a WAV file", b"OggS": "OGG/Opus", AMR_MAGIC: "AMR"}
_CONTAINER, _CODING = 0x0FFF0000, 0xFFFF
#: (container, coding) of sndfile.h: WAV and WAVEX of plain samples or G.711, OGG of Opus
_PLAIN = (0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0x0010, 0x0011)
_ALLOWED = {*((each, coding) for each in (0x010000, 0x130000) for coding in _PLAIN), (0x200000, 0x0064)}
_CHILD = Path(__file__).with_name("decoder_child.py")


class NotDecoded(Refused):
    """The message says what is wrong with the file, or what is missing on this machine."""


class TooLong(NotDecoded):
    """There is more of it than anybody listens to."""


def amr_installed() -> bool:
    """Whether this machine can play AMR, in which WeCom sends voice notes."""
    try:
        ctypes.CDLL(AMR_LIBRARY)
    except OSError:
        return False
    return True


def decode(data: bytes, longest_s: float) -> tuple[npt.NDArray[np.int16], int]:
    """(mono samples, their rate in Hz) of WAV, OGG/Opus or AMR. Blocks; raises NotDecoded.

    Two channels at most, 48 kHz at most; they are mixed block by block, so that memory grows with the mono result."""
    with _memory(data) as source:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-W", "ignore", str(_CHILD), _library_for(data)],
            stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/", process_group=0,
        )  # fmt: skip
    assert child.stdout is not None
    late = threading.Timer(_TIMEOUT_S, child.kill)
    late.start()
    try:
        rate, channels = _promised(child.stdout, longest_s)
        limit, mono, count = int(longest_s * rate), [], 0
        for block in _blocks(child.stdout, channels):
            mono.append(_mixed(block))
            count += len(block)
            if count > limit:
                raise TooLong(f"more than {longest_s:.0f} s")
        if child.wait() != 0:
            raise NotDecoded("the decoder stopped half-way")
    finally:
        late.cancel()
        child.kill()
        child.stdout.close()
        child.wait()
    return (np.concatenate(mono) if mono else np.zeros(0, np.int16)), rate


def _memory(data: bytes) -> BinaryIO:
    """The file where only the child finds it: nothing of it touches the disk."""
    file = os.fdopen(os.memfd_create("sent"), "w+b")
    file.write(data)
    file.seek(0)
    return file


def _library_for(data: bytes) -> str:
    if not any(data.startswith(one) for one in _BEGINNINGS):
        raise NotDecoded(f"it is none of {', '.join(_BEGINNINGS.values())}")
    if not data.startswith(AMR_MAGIC):
        return _sndfile()
    if not amr_installed():
        raise NotDecoded(f"{AMR_LIBRARY} is not installed (apt-get install libopencore-amrnb0)")
    return AMR_LIBRARY


@lru_cache(maxsize=1)
def _sndfile() -> str:
    """The libsndfile that soundfile brings along, else the machine's own."""
    found = importlib.util.find_spec("_soundfile_data")
    for folder in (found.submodule_search_locations or []) if found else []:
        if one := next(iter(sorted(Path(folder).glob("libsndfile*.so*"))), None):
            return str(one)
    return ctypes.util.find_library("sndfile") or "libsndfile.so.1"


def _promised(out: IO[bytes], longest_s: float) -> tuple[int, int]:
    """(rate, channels) of what follows. Raises NotDecoded for what nobody records or was not asked for."""
    head = out.read(HEADER.size)
    if len(head) < HEADER.size:
        raise NotDecoded("the decoder fell")
    rate, channels, kind, frames = HEADER.unpack(head)
    if rate == 0:
        why = out.read(200).decode("utf-8", "replace")
        raise NotDecoded("".join(one for one in why if one.isprintable()) or "unknown format")
    if kind and (kind & _CONTAINER, kind & _CODING) not in _ALLOWED:
        raise NotDecoded(f"it is none of {', '.join(_BEGINNINGS.values())}")
    if not 0 < channels <= MOST_CHANNELS or rate > HIGHEST_RATE:
        raise NotDecoded(f"{channels} channels at {rate} Hz; at most {MOST_CHANNELS} at {HIGHEST_RATE}")
    if frames > longest_s * rate:
        raise TooLong(f"{frames / rate:.0f} s, at most {longest_s:.0f} s")
    return rate, channels


def _blocks(out: IO[bytes], channels: int) -> Iterator[npt.NDArray[np.float32]]:
    size = _BLOCK // (4 * channels) * 4 * channels
    while data := out.read(size):
        whole = len(data) // (4 * channels) * 4 * channels
        yield np.frombuffer(data[:whole], "<f4").reshape(-1, channels)


def _mixed(block: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    """Frames by channels, from -1 to 1 → mono int16; what is no number is silence."""
    mono = np.nan_to_num(block.mean(axis=1), nan=0.0, posinf=1.0, neginf=-1.0)
    return np.asarray(np.clip(mono, -1.0, 32767 / 32768) * 32768, dtype=np.int16)
