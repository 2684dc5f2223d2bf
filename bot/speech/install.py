"""A model comes in: from the catalogue, an archive or a folder, looked at, spoken to, and only then put where it is found."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import fcntl
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bot.foundation.backoff import Backoff
from bot.foundation.errors import Unavailable
from bot.speech.archives import unpack
from bot.speech.catalogue import NAME, Archive, Entry
from bot.speech.download import AGAIN, Progress, download, sha256_of
from bot.speech.model_errors import ModelMissing, ModelRefused
from bot.speech.models import SpeechModel, holds_model, look_at, needs
from bot.speech.packages import bring
from bot.speech.trial import Trial, tried

#: what is known of a model, in its folder (ear_card.py reads what people measured)
CARD = "gege-model.json"
_ENDINGS = (".tar.bz2", ".tar.gz", ".tar.xz", ".tgz", ".tbz2", ".zip", ".tar")
#: folders in an archive before the model's own
_DEEP = 2
Note = Callable[[str], None]
Try = Callable[[Path], Trial]


class Busy(Unavailable):
    """Another process installs a model just now."""


@dataclass(frozen=True)
class Installed:
    """A model in its place, and what it made of a spoken sentence."""

    model: SpeechModel
    trial: Trial
    #: of the archive; "" for a folder and for packages
    sha256: str = ""


def install(source: Path, home: Path, *, name: str = "", listen: Try = tried) -> Installed:
    """Bring a model from an archive or a folder to GEGE_HOME/models, as `name` or as it is called. Raises ModelRefused,
    ModelMissing, Busy; leaves nothing behind then, and an older model of that name as it was."""
    if not source.exists():
        raise ModelRefused(f"{source}: there is no such file or folder")
    with _workshop(home) as workshop:
        if source.is_dir():
            found = workshop / "copy"
            _copy(source, found)
        else:
            unpack(source, _new(workshop / "unpacked"))
            found = _root(workshop / "unpacked", source)
        called = name or (source.resolve().name if found.parent == workshop else found.name)
        for ending in _ENDINGS:
            called = called.removesuffix(ending)
        return _put(found, home, called, listen, source)


async def fetch(
    name: str,
    entry: Entry,
    home: Path,
    *,
    progress: Progress | None = None,
    sha256: str = "",
    again: Backoff = AGAIN,
    note: Note = lambda _: None,
    listen: Try = tried,
) -> Installed:
    """Bring a model of the catalogue to GEGE_HOME/models. `sha256`: what the archive has to have instead of what the
    catalogue and an earlier fetch know. Raises DownloadFailed, ModelRefused, ModelMissing, Busy."""
    needs(entry.engine)
    with _workshop(home) as workshop:
        found, taken = _new(workshop / name), ""
        if entry.archive:
            found, taken = await _archive(name, entry.archive, home, workshop, progress, sha256, again, note)
        else:
            await asyncio.to_thread(bring, entry, found)
        lacking = [file for file in entry.files if not (found / file).exists()]
        if lacking:
            raise ModelRefused(f"{name}: what came lacks {', '.join(lacking)}; nothing was installed")
        _write_card(found, name, entry, taken)
        return await asyncio.to_thread(_put, found, home, name, listen, Path(name), taken)


async def _archive(
    name: str,
    archive: Archive,
    home: Path,
    workshop: Path,
    progress: Progress | None,
    sha256: str,
    again: Backoff,
    note: Note,
) -> tuple[Path, str]:
    """Download, check and unpack; → the model's folder and the archive's checksum."""
    noted = home / "models" / f"{name}.sha256"
    wanted = sha256 or archive.sha256 or _noted(noted)
    part = await download(archive, home / "models", progress, sha256=wanted, again=again)
    taken = await asyncio.to_thread(sha256_of, part)
    if wanted and taken != wanted:
        part.unlink()
        raise ModelRefused(_other(name, archive, taken, wanted, noted, bool(sha256)))
    if not wanted:
        note(f"its checksum was taken now for the first time: sha256 {taken}; later fetches must match ({noted})")
    try:
        await asyncio.to_thread(unpack, part, _new(workshop / "unpacked"))
        found = _root(workshop / "unpacked", Path(archive.name))
    except ModelRefused:
        if not wanted:
            part.unlink()
        raise
    if wanted != taken or sha256:
        noted.write_text(f"{taken}  {archive.name}\n", "utf-8")
    part.unlink()
    return found, taken


def _other(name: str, archive: Archive, taken: str, wanted: str, noted: Path, given: bool) -> str:
    who = (
        "asked for with --sha256"
        if given
        else "of the catalogue"
        if archive.sha256
        else f"of the first fetch ({noted})"
    )
    more = "" if archive.sha256_from == "us" else (
        f" If its publisher shows another checksum knowingly: gege models fetch {name} --sha256 THAT"
    )  # fmt: skip
    return f"{archive.name}: wrong checksum, thrown away: it has {taken}, and {wanted} is the one {who}.{more}"


def _noted(file: Path) -> str:
    """The checksum of an earlier fetch; "" when there was none. Raises ModelRefused for a file that holds none."""
    if not file.exists():
        return ""
    words = file.read_text("utf-8", errors="replace").split()
    if not words or len(words[0]) != 64:
        raise ModelRefused(f"{file}: holds no checksum; remove it, and the next fetch takes one")
    return words[0]


def _put(found: Path, home: Path, name: str, listen: Try, source: Path, sha256: str = "") -> Installed:
    """Look at a folder, speak to it, and let it take the place of what was called so."""
    if not NAME.fullmatch(name):
        raise ModelRefused(f"{name!r:.100} is no name for a model: letters, digits, . - and _; choose one with --name")
    model = _looked_at(found, source)
    needs(model.engine)
    try:
        trial = listen(found)
    except (ModelMissing, ModelRefused) as problem:
        # The workshop is gone when somebody reads this.
        raise type(problem)(str(problem).replace(str(found), str(source))) from problem
    final = home / "models" / name
    old = found.parent / f"{name}.old"
    if final.exists():
        final.rename(old)
    try:
        found.rename(final)
    except OSError:
        if old.exists():
            old.rename(final)
        raise
    return Installed(look_at(final), replace(trial, ear=name), sha256)


def _looked_at(found: Path, source: Path) -> SpeechModel:
    try:
        return look_at(found)
    except ModelMissing as problem:
        raise ModelMissing(str(problem).replace(str(found), str(source))) from problem


def _root(folder: Path, source: Path) -> Path:
    """The folder of an unpacked archive that is the model; the only one there when none is (it will be told what it lacks)."""
    level = [folder]
    for _ in range(_DEEP + 1):
        if whole := next((one for one in level if holds_model(one)), None):
            return whole
        level = [inner for one in level for inner in sorted(one.iterdir()) if inner.is_dir()]
    inside = list(folder.iterdir())
    if not inside:
        raise ModelRefused(f"{source}: holds no files")
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _copy(source: Path, target: Path) -> None:
    if not holds_model(source):
        # Before gigabytes of somebody's home are copied.
        look_at(source)
    try:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"))
    except (OSError, shutil.Error) as problem:
        raise ModelRefused(f"{source}: cannot be copied ({str(problem)[:200]})") from problem


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


@contextlib.contextmanager
def _workshop(home: Path) -> Iterator[Path]:
    """A folder beside the models that is gone afterwards; one process at a time. Raises Busy."""
    models = home / "models"
    models.mkdir(parents=True, exist_ok=True)
    with (models / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(f"{models}: another gege installs a model just now; wait for it") from None
        with tempfile.TemporaryDirectory(dir=models, prefix=".new-") as name:
            yield Path(name)


def _write_card(folder: Path, name: str, entry: Entry, sha256: str) -> None:
    """What is known of the model, in its folder; a card of its own stays as it is."""
    file = folder / CARD
    if file.exists():
        return
    card: dict[str, Any] = {
        "name": name,
        "licence": entry.licence,
        "from": entry.source,
        "sha256": sha256,
        "fetched": dt.date.today().isoformat(),
    }
    if entry.people:
        card["people"] = asdict(entry.people)
    file.write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", "utf-8")
