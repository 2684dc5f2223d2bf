"""AMR, in which WeCom sends voice notes: libsndfile does not play it, Debian's libopencore-amrnb0 does, where it is installed.

The library reads what strangers send, so it runs in a child process (this file, as a program): one that falls takes
nothing with it."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Iterator

from bot.foundation.errors import Refused

MAGIC = b"#!AMR\n"
RATE = 8000
_LIBRARY = "libopencore-amrnb.so.0"
#: bytes of a frame after its first, by frame type (RFC 4867, 3GPP TS 26.101): eight rates, comfort noise, no data
_SIZES = {0: 12, 1: 13, 2: 15, 3: 17, 4: 19, 5: 20, 6: 26, 7: 31, 8: 5, 15: 0}
_SAMPLES = 160
_TIMEOUT_S = 20.0


class NotDecoded(Refused):
    """The message says whether the library is missing or the sound is broken."""


def installed() -> bool:
    """Whether this machine can play AMR."""
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError:
        return False
    return True


def decode(data: bytes, longest_s: float) -> bytes:
    """Samples (int16 little-endian, mono, 8 kHz) of an AMR file, at most so many seconds. Blocks; raises NotDecoded."""
    if not installed():
        raise NotDecoded(f"{_LIBRARY} is not installed (apt-get install libopencore-amrnb0)")
    frames = list(_frames(data))
    if not frames:
        raise NotDecoded("no AMR frame in it")
    if len(frames) * _SAMPLES > longest_s * RATE:
        raise NotDecoded("it is too long")
    try:
        done = subprocess.run(
            [sys.executable, "-I", __file__], input=data, capture_output=True, timeout=_TIMEOUT_S, check=True
        )
    except (subprocess.SubprocessError, OSError) as problem:
        raise NotDecoded(f"the decoder fell: {type(problem).__name__}") from problem
    if len(done.stdout) != len(frames) * _SAMPLES * 2:
        raise NotDecoded("the decoder stopped half-way")
    return done.stdout


def _frames(data: bytes) -> Iterator[bytes]:
    """Whole frames; one that was cut off at the end is left out. Raises NotDecoded."""
    if not data.startswith(MAGIC):
        raise NotDecoded("it is no AMR (narrow band)")
    at = len(MAGIC)
    while at < len(data):
        size = _SIZES.get(data[at] >> 3 & 0xF)
        if size is None:
            raise NotDecoded(f"byte {at} begins no AMR frame")
        frame = data[at : at + 1 + size]
        if len(frame) == 1 + size:
            yield frame
        at += 1 + size


def _main() -> None:
    library = ctypes.CDLL(_LIBRARY)
    library.Decoder_Interface_init.restype = ctypes.c_void_p
    library.Decoder_Interface_Decode.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int]
    state = library.Decoder_Interface_init()
    samples = (ctypes.c_int16 * _SAMPLES)()
    for frame in _frames(sys.stdin.buffer.read()):
        library.Decoder_Interface_Decode(state, frame, samples, 0)
        # The library writes the machine's own byte order.
        sys.stdout.buffer.write(bytes(samples) if sys.byteorder == "little" else _swapped(bytes(samples)))


def _swapped(pairs: bytes) -> bytes:
    return bytes(byte for at in range(0, len(pairs), 2) for byte in (pairs[at + 1], pairs[at]))


if __name__ == "__main__":
    _main()
