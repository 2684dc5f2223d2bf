"""Archives from strangers: what is in them is looked at before it is written, and nothing is written outside a new folder."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from bot.foundation.errors import Broken
from bot.speech.model_errors import ModelRefused

#: bytes of all files together: no speech model has more
LARGEST = 8 << 30
#: files and folders
MOST = 5_000
#: what unpacks to so many times its size is a bomb, from so many bytes on
_RATIO = 100
_RATIO_FROM = 64 << 20
_LONGEST_NAME = 200
_DEEPEST = 12
#: a header inside a tar (names, attributes) that is longer is none
_LONGEST_HEADER = 1 << 20
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_CHUNK = 1 << 20
_CUT = "is cut off or damaged; fetch it again"

_OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"<": "a web page, not the file that it should be",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself",
    b"\x85\x02": "an encrypted file",
    b"-----BEGIN PGP": "an encrypted file",
}
_OPENERS: dict[bytes, Any] = {b"BZh": bz2.open, b"\x1f\x8b": gzip.open, b"\xfd7zXZ\x00": lzma.open}
_TAR_AT, _TAR = 257, b"ustar"
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, NotImplementedError, ValueError,
    LookupError, struct.error,
)  # fmt: skip


class _Refused(Broken):
    """What is wrong with the archive, without its name."""


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    #: "file", "folder", or what it is instead
    kind: str
    content: Any = None


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of a zip, tar, tar.bz2, tar.gz or tar.xz into an empty folder. Raises ModelRefused: not readable, cut,
    encrypted, too large, or with paths, links and devices that no model has. What was written until then stays."""
    try:
        with archive.open("rb") as file:
            begin = file.read(_TAR_AT + len(_TAR))
        if begin.startswith(b"PK"):
            _write(_of_zip(archive), folder, archive.stat().st_size)
        elif opener := next((opener for magic, opener in _OPENERS.items() if begin.startswith(magic)), None):
            with opener(archive, "rb") as stream:
                _write(_of_tar(stream, folder), folder, archive.stat().st_size)
                # What follows the last file holds the checksum of the whole.
                while stream.read(_CHUNK):
                    pass
        elif begin[_TAR_AT:] == _TAR:
            with archive.open("rb") as stream:
                _write(_of_tar(stream, folder), folder, archive.stat().st_size)
        else:
            raise _Refused(_what_else(begin))
    except _Refused as problem:
        raise ModelRefused(f"{archive}: {problem}") from problem
    except RuntimeError as problem:
        raise ModelRefused(f"{archive}: is encrypted; unpack it with its password and install the folder") from problem
    except FileExistsError as problem:
        raise ModelRefused(f"{archive}: holds the same file twice ({Path(problem.filename or '').name!r})") from problem
    except _BROKEN as problem:
        if isinstance(problem, OSError) and problem.errno is not None:
            raise ModelRefused(f"{archive}: cannot be unpacked ({problem.strerror})") from problem
        raise ModelRefused(f"{archive}: {_CUT} ({_line(problem)})") from problem


def _write(members: Iterator[_Member], folder: Path, packed: int) -> None:
    total = count = 0
    for member in members:
        count += 1
        total += member.size
        if count > MOST:
            raise _Refused(f"holds more than {MOST} files, which no speech model does")
        if total > LARGEST:
            raise _Refused(f"unpacks to more than {total >> 20} MB, which no speech model does")
        if total > _RATIO_FROM and total > _RATIO * packed:
            raise _Refused(f"unpacks to {total >> 20} MB from {packed >> 10} KB: that is no model but a bomb")
        target = folder.joinpath(*_inside(member.name))
        if member.kind == "folder":
            target.mkdir(parents=True, exist_ok=True)
            continue
        if member.kind != "file":
            raise _Refused(f"refuses to unpack {member.name!r}, which is {member.kind}")
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(member, target)


def _copy(member: _Member, target: Path) -> None:
    written = 0
    with member.content() as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > member.size:
                raise _Refused(f"{member.name!r} is larger than the archive says")
            file.write(chunk)
    if written < member.size:
        raise _Refused(_CUT)


def _inside(name: str) -> tuple[str, ...]:
    """The parts of a member's name. Raises _Refused for one that leads outside, or that no model has."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name:
        raise _Refused(f"refuses to unpack {name!r}, which leads outside the folder")
    if "\0" in name or not name.isprintable() or len(path.parts) > _DEEPEST or len(name.encode()) > _LONGEST_NAME:
        raise _Refused(f"refuses to unpack {name!r:.80}, which is no name of a model's file")
    return path.parts


def _of_zip(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as found:
        for one in found.infolist():
            if one.flag_bits & 1:
                raise _Refused("is encrypted; unpack it with its password and install the folder")
            mode = stat.S_IFMT(one.external_attr >> 16)
            kind = "folder" if one.is_dir() else _KINDS.get(mode, "file")
            yield _Member(one.filename, one.file_size, kind, lambda one=one: found.open(one))


#: what Python itself refuses of strangers' tars; the first versions of 3.11 have none
_FILTER = getattr(tarfile, "data_filter", None)
_KINDS = {stat.S_IFLNK: "a link", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFIFO: "a pipe"}


class _Header(tarfile.TarInfo):
    """A member that tarfile need not hold in memory to know what it is called."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        found = super().frombuf(buf, encoding, errors)
        if found.type in _HEADERS and found.size > _LONGEST_HEADER:
            raise _Refused(f"holds a header of {found.size} bytes, which no archive of a model does")
        return found


def _of_tar(stream: IO[bytes], folder: Path) -> Iterator[_Member]:
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as found:
        for one in found:
            if one.isdir():
                yield _Member(one.name, 0, "folder")
            elif not one.isreg() or one.issparse():
                kind = "a link" if one.issym() or one.islnk() else "a device" if one.isdev() else "no plain file"
                yield _Member(one.name, 0, kind)
            else:
                _inside(one.name)
                if _FILTER:
                    _FILTER(one, str(folder))
                yield _Member(one.name, one.size, "file", lambda one=one: found.extractfile(one))


def _what_else(begin: bytes) -> str:
    stripped = begin.lstrip()
    known = next((what for magic, what in _OTHERS.items() if stripped.startswith(magic)), None)
    if known:
        return f"is {known}" + ("; unpack it and install the folder" if "archive" in known else "")
    return f"is no zip and no tar archive (it begins with {begin[:8]!r})" if begin else "is empty"


def _line(problem: BaseException) -> str:
    return " ".join(str(problem).split())[:120] or type(problem).__name__
