"""The release archive: the same bytes from the same commit, with what an installation without git needs beside it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import tomllib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.foundation.errors import Refused

#: what an archive has beside the files of its commit
RELEASE, REQUIREMENTS, SUMS = "RELEASE", "requirements.txt", "SHA256SUMS"


class NoRelease(Refused):
    """No archive can be made here; the message says what to do."""


@dataclass(frozen=True)
class Commit:
    """What is released."""

    id: str
    made_at: datetime
    version: str

    @property
    def name(self) -> str:
        return f"gege-{self.version}"


def make(project: Path, into: Path, revision: str = "HEAD") -> list[Path]:
    """Write archive, its sum, the list of its parts and everybody's licences; → these files.

    Raises NoRelease."""
    commit = commit_of(project, revision)
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gege-release-") as folder:
        tree = Path(folder) / "tree"
        with tarfile.open(fileobj=io.BytesIO(_git(project, "archive", "--format=tar", commit.id))) as files:
            files.extractall(tree, filter="data")
        beside = Path(folder) / "beside"
        beside.mkdir()
        (beside / REQUIREMENTS).write_bytes(_uv(tree, "--no-emit-project", "--no-header"))
        (beside / RELEASE).write_text(f"gege {commit.version}\ncommit {commit.id}\nof {commit.made_at.isoformat()}\n")
        (beside / SUMS).write_text(_sums(tree, [beside / REQUIREMENTS, beside / RELEASE]))
        added = [f"--add-file={beside / name}" for name in (RELEASE, REQUIREMENTS, SUMS)]
        # Modes without the maker's umask; times are the commit's.
        made = _git(
            project, "-c", "tar.umask=0022", "archive", "--format=tar", f"--prefix={commit.name}/", *added, commit.id
        )
        archive = into / f"{commit.name}.tar.gz"
        with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
            packed.write(made)
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        sums = into / f"{archive.name}.sha256"
        sums.write_text(f"{digest}  {archive.name}\n")
        parts = into / f"{commit.name}.cdx.json"
        parts.write_text(_parts(tree, commit))
        licences = into / f"{commit.name}.licences.md"
        shutil.copyfile(tree / "docs" / "licences.md", licences)
    return [archive, sums, parts, licences]


def commit_of(project: Path, revision: str = "HEAD") -> Commit:
    """Raises NoRelease where there is no such commit."""
    told = _git(project, "show", "-s", "--format=%H %ct", f"{revision}^{{commit}}").decode().split()
    written = tomllib.loads(_git(project, "show", f"{told[0]}:pyproject.toml").decode("utf-8"))
    return Commit(told[0], datetime.fromtimestamp(int(told[1]), UTC), written["project"]["version"])


def uncommitted(project: Path) -> int:
    """So many files differ from the last commit, and are not released as they stand."""
    return len(_git(project, "status", "--porcelain").splitlines())


def _sums(tree: Path, more: Sequence[Path]) -> str:
    """As `sha256sum -c` reads them, in the order of the names."""
    files = {path.relative_to(tree).as_posix(): path for path in tree.rglob("*") if path.is_file()}
    files |= {path.name: path for path in more}
    return "".join(f"{hashlib.sha256(files[name].read_bytes()).hexdigest()}  {name}\n" for name in sorted(files))


def _parts(tree: Path, commit: Commit) -> str:
    """What a site installs, as CycloneDX; number and time are the commit's own, so that it can be made again."""
    parts: dict[str, Any] = json.loads(_uv(tree, "--format", "cyclonedx1.5", "--preview-features", "sbom-export"))
    parts["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'gege:{commit.id}')}"
    parts["metadata"]["timestamp"] = commit.made_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(parts, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _git(project: Path, *words: str) -> bytes:
    return _run(["git", "-C", str(project), *words], "a release is made from a clone with git")


def _uv(tree: Path, *words: str) -> bytes:
    command = ["uv", "export", "--quiet", "--locked", "--no-dev", "--project", str(tree), *words]
    return _run(command, "uv.lock may be older than pyproject.toml: uv lock", {"VIRTUAL_ENV": ""})


def _run(command: Sequence[str], remedy: str, more: Mapping[str, str] | None = None) -> bytes:
    try:
        done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, **(more or {})})
    except FileNotFoundError:
        raise NoRelease(f"{command[0]} is not installed; {remedy}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NoRelease(f"{command[0]}: {said[-1] if said else done.returncode}; {remedy}")
    return done.stdout
