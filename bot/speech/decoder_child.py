"""The program that decodes what strangers send, in a cell of its own: it can read its input and write its output, no more.

It is started by bot/speech/decoder.py, imports nothing but Python's own library, and believes nothing of the file.
Standard input is the file, standard output a HEADER and then the samples as they come, interleaved."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys

#: rate (Hz; 0: refused, a reason in UTF-8 follows), channels, libsndfile's format, frames (below 0: unknown)
HEADER = struct.Struct("<IIIq")
AMR_MAGIC, AMR_RATE, AMR_LIBRARY = b"#!AMR\n", 8000, "libopencore-amrnb.so.0"
#: bytes of a frame after its first, by frame type (RFC 4867, 3GPP TS 26.101): eight rates, comfort noise, no data
AMR_SIZES = {0: 12, 1: 13, 2: 15, 3: 17, 4: 19, 5: 20, 6: 26, 7: 31, 8: 5, 15: 0}
AMR_SAMPLES = 160
#: frames of libsndfile that are in memory at once
BLOCK = 4096
#: address space (bytes) and processor time (s) of one decoding
MEMORY, SECONDS = 256 << 20, 20

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
#: by machine: its name in seccomp's data, and the calls that decoding needs (read, write, memory, the way out)
_CALLS = {
    "x86_64": (
        0xC000003E,
        (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 17, 20, 25, 28, 60, 131, 202, 228, 231, 262, 318),
    ),
    "aarch64": (
        0xC00000B7,
        (62, 63, 64, 57, 66, 67, 79, 80, 93, 94, 98, 113, 132, 134, 135, 139, 214, 215, 216, 222, 226, 233, 278),
    ),
}
_ALLOW, _NO = 0x7FFF0000, 0x00050001
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06


class _Info(ctypes.Structure):
    """SF_INFO of sndfile.h."""

    _fields_ = [
        ("frames", ctypes.c_int64), ("rate", ctypes.c_int), ("channels", ctypes.c_int), ("format", ctypes.c_int),
        ("sections", ctypes.c_int), ("seekable", ctypes.c_int),
    ]  # fmt: skip


class _Filter(ctypes.Structure):
    """sock_filter: one step of seccomp's program."""

    _fields_ = [("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    """sock_fprog."""

    _fields_ = [("count", ctypes.c_uint16), ("steps", ctypes.POINTER(_Filter))]


def limit() -> None:
    """No more memory and time than a voice note needs; no file grows, no process begins, no core is left behind."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0), (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def shut_in() -> bool:
    """From here on every system call that is not of _CALLS fails: no file is opened, no connection made, no program run.

    False where the kernel has no seccomp or the machine is another one; the limits hold all the same."""
    known = _CALLS.get(platform.machine())
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if known is None or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    machine, calls = known
    steps = [
        _Filter(_LOAD, 0, 0, 4),
        _Filter(_IF_EQUAL, 1, 0, machine),
        _Filter(_RETURN, 0, 0, _NO),
        _Filter(_LOAD, 0, 0, 0),
    ]
    steps += [_Filter(_IF_EQUAL, len(calls) - at, 0, number) for at, number in enumerate(calls)]
    steps += [_Filter(_RETURN, 0, 0, _NO), _Filter(_RETURN, 0, 0, _ALLOW)]
    program = _Program(len(steps), (_Filter * len(steps))(*steps))
    return bool(libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0) == 0)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def _refuse(why: str) -> None:
    _write(HEADER.pack(0, 0, 0, 0) + why.encode("utf-8", "replace")[:200])


def _amr(library: ctypes.CDLL) -> None:
    """Sixteen-bit samples of each frame; one that was cut off at the end is left out."""
    library.Decoder_Interface_init.restype = ctypes.c_void_p
    library.Decoder_Interface_Decode.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int]
    data, at, frames = _all(), len(AMR_MAGIC), []
    while at < len(data):
        size = AMR_SIZES.get(data[at] >> 3 & 0xF)
        if size is None:
            return _refuse(f"byte {at} begins no AMR frame")
        frames.append(data[at : at + 1 + size])
        at += 1 + size
    if frames and at > len(data):
        frames.pop()
    if not frames:
        return _refuse("no AMR frame in it")
    _write(HEADER.pack(AMR_RATE, 1, 0, len(frames) * AMR_SAMPLES))
    state, samples = library.Decoder_Interface_init(), (ctypes.c_int16 * AMR_SAMPLES)()
    floats = struct.Struct(f"<{AMR_SAMPLES}f")
    for frame in frames:
        # The library reads as many bytes as the frame's type says; they are there.
        library.Decoder_Interface_Decode(state, frame, samples, 0)
        _write(floats.pack(*(one / 32768 for one in samples)))


def _all() -> bytes:
    found = b""
    while piece := os.read(0, 1 << 20):
        found += piece
    return found


def _sndfile(library: ctypes.CDLL) -> None:
    info = _Info()
    library.sf_open_fd.restype = ctypes.c_void_p
    library.sf_open_fd.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.POINTER(_Info), ctypes.c_int]
    library.sf_readf_float.restype = ctypes.c_int64
    library.sf_readf_float.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    library.sf_strerror.restype = ctypes.c_char_p
    library.sf_strerror.argtypes = [ctypes.c_void_p]
    file = library.sf_open_fd(0, 0x10, ctypes.byref(info), 0)
    if not file:
        return _refuse(library.sf_strerror(None).decode("utf-8", "replace").strip().rstrip("."))
    if info.rate <= 0 or info.channels <= 0:
        return _refuse("its rate or its channels are none")
    frames = info.frames if 0 <= info.frames < 1 << 60 else -1
    _write(HEADER.pack(info.rate, info.channels, info.format & 0xFFFFFFFF, frames))
    block = (ctypes.c_float * (BLOCK * info.channels))()
    while (count := library.sf_readf_float(file, block, BLOCK)) > 0:
        _write(bytes(memoryview(block).cast("B")[: count * info.channels * 4]))


def main(library: str) -> None:
    """Decode standard input with `library`: libsndfile's path, or the AMR library's."""
    limit()
    loaded = ctypes.CDLL(library)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    shut_in()
    if library == AMR_LIBRARY:
        _amr(loaded)
    else:
        _sndfile(loaded)


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)
