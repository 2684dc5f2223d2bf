"""Everybody's licences, as one page: `python -m tools.release.licences > docs/licences.md`.

The packages are those that uv.lock gives a site (Linux, CPython 3.11); what they are under is told by their own metadata,
or by licences.yml where that says nothing."""

from __future__ import annotations

import importlib.metadata
import textwrap
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.foundation.words import load
from bot.speech.catalogue import catalogue

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "licences.md"
WORDS = Path(__file__).with_name("licences.yml")
#: an extra that the service has without being asked
SERVICE = ""


@dataclass(frozen=True)
class _Known:
    """A licence that was looked up, and where."""

    licence: str
    why: str


@dataclass(frozen=True)
class _Shipped:
    """Something of others in the repository."""

    what: str
    origin: str
    licence: str
    text: str


@dataclass(frozen=True)
class _Asked:
    """Something that is asked of the system."""

    what: str
    licence: str
    use: str


@dataclass(frozen=True)
class Words:
    """licences.yml."""

    spdx: dict[str, str]
    packages: dict[str, _Known]
    shipped: tuple[_Shipped, ...]
    system: tuple[_Asked, ...]
    look_at: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """One package of the lock: `extra` is by which it comes, SERVICE for all sites."""

    name: str
    version: str
    extra: str
    licence: str
    why: str = ""


def packages(known: Words) -> list[Package]:
    """What a site may get of a registry, by name. Raises KeyError where a licence is neither told nor looked up."""
    lock = tomllib.loads((PROJECT / "uv.lock").read_text("utf-8"))
    entries = {one["name"]: one for one in lock["package"]}
    gege = entries["gege"]
    reached = {name: SERVICE for name in _closure(entries, gege["dependencies"])}
    for extra, wanted in sorted(gege["optional-dependencies"].items()):
        for name in _closure(entries, wanted):
            reached.setdefault(name, extra)
    found = []
    for name in sorted(reached):
        own = known.packages.get(name)
        licence = own.licence if own else _told(name, known.spdx)
        found.append(Package(name, entries[name]["version"], reached[name], licence, own.why if own else ""))
    return found


def _closure(entries: dict[str, Any], wanted: Iterable[dict[str, Any]]) -> set[str]:
    """Names of all that comes with these."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    waiting = list(wanted)
    while waiting:
        one = waiting.pop()
        key = (one["name"], tuple(one.get("extra", ())))
        if key in seen:
            continue
        seen.add(key)
        entry = entries[one["name"]]
        waiting += entry.get("dependencies", [])
        for extra in key[1]:
            waiting += entry.get("optional-dependencies", {}).get(extra, [])
    return {name for name, _ in seen}


def _told(name: str, spdx: dict[str, str]) -> str:
    """What a package's own metadata says. Raises KeyError when that is nothing."""
    try:
        told = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        raise KeyError(f"{name} is not installed here and not in licences.yml") from None
    if "License-Expression" in told:
        return told["License-Expression"]
    classifiers = [one for one in told.get_all("Classifier") or [] if one.startswith("License ::")]
    said = [*(told.get_all("License") or []), *(one.rsplit(" :: ", 1)[-1] for one in classifiers)]
    # A whole text in the field says less than the classifier beside it.
    short = [one.strip() for one in said if one.strip() and "\n" not in one and one.lower() != "unknown"]
    if not short:
        raise KeyError(f"{name} names no licence; look it up and put it into licences.yml")
    return spdx.get(short[0].lower(), short[0])


def page() -> str:
    """docs/licences.md."""
    known = load(Words, WORDS)
    lines = [
        "# Licences",
        "",
        "Gege itself is Apache-2.0 ([LICENSE](../LICENSE)). This page is made by `python -m tools.release.licences` and held by a test;",
        "it is no lawyer's opinion. What is installed, with hashes, is in the release's `.cdx.json` (`make sbom`).",
        "",
        "## Read these twice",
        "",
        *(_point(one) for one in known.look_at),
        "",
        "## In the archive, and not of our making",
        "",
        "| what | from | licence | |",
        "|---|---|---|---|",
        *(f"| {one.what} | {one.origin} | {one.licence} | {one.text} |" for one in known.shipped),
        "",
        "## Ears that a site may fetch (`gege models fetch`)",
        "",
        "| ear | licence | beware |",
        "|---|---|---|",
    ]
    for name, ear in sorted(catalogue().items()):
        beware = " ".join(one for one in ear.cautions if "icen" in one)
        lines.append(f"| {name} | {ear.licence} | {beware} |")
    lines += [
        "",
        "Voices: espeak-ng (GPL-3.0-or-later, in a child process), Kokoro-82M v1.0 (Apache-2.0, four packages). `sherpa:FOLDER` and a",
        "voice elsewhere are a site's own choice, and so is their licence.",
        "",
        "## Packages that `make setup` fetches",
        "",
        "As uv.lock names them for Linux and CPython 3.11. *with*: only when that extra was asked for.",
        "",
        "| package | version | licence | with | where it says so, when not in its metadata |",
        "|---|---|---|---|---|",
        *(f"| {one.name} | {one.version} | {one.licence} | {one.extra} | {one.why} |" for one in packages(known)),
        "",
        "## Asked of the system",
        "",
        "| what | licence | for |",
        "|---|---|---|",
        *(f"| {one.what} | {one.licence} | {one.use} |" for one in known.system),
    ]
    return "\n".join(lines) + "\n"


def _point(text: str) -> str:
    return textwrap.fill(f"- {text}", 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    print(page(), end="")
