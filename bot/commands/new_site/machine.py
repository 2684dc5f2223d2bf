"""What this machine has for a new site: memory, ears that fit it, voices, and its address as others see it."""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from bot.settings import Settings
from bot.speech import kokoro
from bot.speech.catalogue import Entry, catalogue
from bot.speech.models import DEMO, installed_models

#: what an ear takes is guessed from its download where nobody measured it: weights once in memory, and as much to work with
_GUESS = 2.0
#: Gege herself, PostgreSQL and the system (bytes)
_OTHERS = 2 << 30


@dataclass(frozen=True)
class Ear:
    """One speech model that could be chosen. `installed`: it lies here; `bytes`: of its download, where that is known."""

    name: str
    installed: bool
    demo: bool = False
    bytes: int | None = None
    hears: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """What was found here."""

    #: bytes
    memory: int
    cores: int
    ears: tuple[Ear, ...]
    #: names of the catalogue that need more memory than there is
    too_large: tuple[str, ...]
    voices: tuple[str, ...]


def look(settings: Settings, memory: int | None = None) -> Machine:
    """Look at this machine. `memory` (bytes) in place of what it has."""
    memory = memory if memory is not None else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    known, here = catalogue(), [one.name for one in installed_models(settings.home)]
    ears = [_here(name, known.get(name)) for name in here]
    ears.append(Ear("demo", installed=DEMO.is_dir(), demo=True))
    fitting = {name: one for name, one in known.items() if name not in here and _takes(one) + _OTHERS <= memory}
    ears += [Ear(name, False, bytes=one.bytes, hears=one.hears) for name, one in fitting.items()]
    too_large = tuple(name for name in known if name not in here and name not in fitting)
    voices = ("auto", *(("kokoro",) if kokoro.installed() else ()), "espeak")
    return Machine(memory, os.cpu_count() or 1, tuple(ears), too_large, voices)


def _here(name: str, entry: Entry | None) -> Ear:
    return Ear(name, True, bytes=entry.bytes if entry else None, hears=entry.hears if entry else ())


def _takes(entry: Entry) -> int:
    """Memory (bytes) that an ear needs, as far as anybody knows."""
    return entry.memory_mb << 20 if entry.memory_mb else int(_GUESS * (entry.bytes or 0))


def own_address(towards: str) -> str:
    """This machine's address on the way to another one; no packet is sent. Empty where there is no way."""
    host = towards.rpartition(":")[0] or towards
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect((host.partition("/")[0], 9))
        return str(one.getsockname()[0])
    return ""


def same_disk(folder: Path, home: Path) -> bool:
    """Whether both lie on one disk; of what is not there yet, the folder above it counts."""

    def disk(path: Path) -> int:
        return next(one for one in (path.absolute(), *path.absolute().parents) if one.exists()).stat().st_dev

    return disk(folder) == disk(home)
