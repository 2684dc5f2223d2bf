"""Which speech model is in use, and how another one is installed or fetched."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import aiohttp

from bot.foundation.backoff import Backoff
from bot.settings import PROJECT, Settings
from bot.speech.layouts import Layout, layout_of
from bot.speech.model_errors import ModelMissing as ModelMissing
from bot.speech.model_errors import ModelRefused as ModelRefused

#: Source: alphacephei.com/vosk/models (Apache 2.0); checksum and size as measured on the published file.
OFFICIAL_NAME = "vosk-model-small-cn-0.22"
OFFICIAL_URL = f"https://alphacephei.com/vosk/models/{OFFICIAL_NAME}.zip"
OFFICIAL_SHA256 = "3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba"
OFFICIAL_BYTES = 43_898_754
DEMO = PROJECT / "models" / "demo"

#: files without which Vosk does not load a model, and one pair of graphs besides
_NEEDED = ("am/final.mdl", "conf/model.conf", "conf/mfcc.conf")
_GRAPHS = (("graph/HCLG.fst",), ("graph/HCLr.fst", "graph/Gr.fst"))
#: what faster-whisper loads; without the tokenizer it would go to the network
_WHISPER = ("model.bin", "config.json", "tokenizer.json")
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
_LARGEST_ZIP_CONTENT = 8 << 30
#: between two tries of a download that broke off
_AGAIN = Backoff(first_s=0.2, most_s=5.0, tries=5)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SpeechModel:
    """A model on disk: Vosk's, or sherpa-onnx's. `rate` is the sample rate in Hz that its features were made for."""

    path: Path
    rate: int
    #: the synthetic one that ships with Gege: good for a demonstration, useless for residents
    demo: bool
    #: "vosk" or "sherpa"
    engine: str = "vosk"
    #: whether a phrase list can take the place of its language model
    takes_phrases: bool = False
    #: which of sherpa-onnx's models it is; None for Vosk's
    layout: Layout | None = None

    @property
    def name(self) -> str:
        return self.path.name


def look_at(folder: Path) -> SpeechModel:
    """Check the files of a model folder. Raises ModelMissing; never goes to the network."""
    if layout := layout_of(folder):
        return SpeechModel(folder, 16000, False, "sherpa", layout=layout)
    if not lacks_of_whisper(folder):
        return SpeechModel(folder, 16000, False, "whisper")
    lacking = missing_files(folder)
    if lacking:
        raise ModelMissing(
            f"{folder}: no speech model here (missing: {', '.join(lacking)}). Install one with"
            " `gege models install FILE.zip` or `gege models fetch`, or set speech.model in gege.toml."
        )
    # Vosk takes the whole graph where there is one.
    parted = not (folder / "graph/HCLG.fst").is_file()
    return SpeechModel(folder, _sample_frequency(folder), folder.resolve() == DEMO.resolve(), takes_phrases=parted)


def missing_files(folder: Path) -> list[str]:
    """Which files a folder lacks to be a Vosk model; empty when it is one."""
    if not folder.is_dir():
        return ["the folder itself"]
    lacking = [name for name in _NEEDED if not (folder / name).is_file()]
    if not any(all((folder / name).is_file() for name in graph) for graph in _GRAPHS):
        lacking.append("graph/HCLG.fst")
    return lacking


def lacks_of_whisper(folder: Path) -> list[str]:
    """Which files a folder lacks to be a Whisper model in CTranslate2's form; empty when it is one."""
    lacking = [name for name in _WHISPER if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in _VOCABULARIES):
        lacking.append(_VOCABULARIES[0])
    return lacking


def holds_model(folder: Path) -> bool:
    """Whether a folder is a model, whole and of a kind that is known."""
    with contextlib.suppress(ModelMissing):
        return layout_of(folder) is not None or not lacks_of_whisper(folder) or not missing_files(folder)
    return False


def _sample_frequency(folder: Path) -> int:
    text = (folder / "conf/mfcc.conf").read_text("utf-8", errors="replace")
    found = re.search(r"^\s*--sample-frequency\s*=\s*(\d+)", text, re.MULTILINE)
    # Kaldi's own default when the file does not say.
    return int(found.group(1)) if found else 16000


def in_use(settings: Settings) -> SpeechModel:
    """The model that the settings name, else the first one under GEGE_HOME/models, else models/demo.

    Raises ModelMissing."""
    if settings.speech.model:
        return look_at(Path(settings.speech.model).expanduser())
    installed = installed_models(settings.home)
    return installed[0] if installed else look_at(DEMO)


def installed_models(home: Path) -> list[SpeechModel]:
    """What is installed under GEGE_HOME/models, by name."""
    folder = home / "models"
    if not folder.is_dir():
        return []
    return [look_at(each) for each in sorted(folder.iterdir()) if holds_model(each)]


def install_zip(zip_file: Path, home: Path) -> SpeechModel:
    """Unpack a model zip under GEGE_HOME/models. Raises ModelRefused and leaves nothing behind.

    Refuses paths that lead outside, links, and zips without the files of a Vosk model."""
    target = home / "models"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".unpacking-") as name:
        workshop = Path(name)
        try:
            with zipfile.ZipFile(zip_file) as archive:
                _check_members(archive, zip_file)
                archive.extractall(workshop)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as problem:
            raise ModelRefused(f"{zip_file}: not a readable zip file ({problem})") from problem
        found = _model_root(workshop)
        if found is None:
            raise ModelRefused(f"{zip_file}: holds no Vosk model (am/final.mdl and conf/model.conf were not found)")
        final = target / (found.name if found != workshop else zip_file.stem)
        if final.exists():
            shutil.rmtree(final)
        shutil.move(str(found), str(final))
    return look_at(final)


def _check_members(archive: zipfile.ZipFile, zip_file: Path) -> None:
    total = 0
    for member in archive.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in member.filename:
            raise ModelRefused(f"{zip_file}: refuses to unpack {member.filename!r}, which leads outside the folder")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise ModelRefused(f"{zip_file}: refuses to unpack {member.filename!r}, which is a link")
        total += member.file_size
    if total > _LARGEST_ZIP_CONTENT:
        raise ModelRefused(f"{zip_file}: unpacks to {total >> 20} MB, more than any speech model")


def _model_root(folder: Path) -> Path | None:
    candidates = [folder, *sorted(each for each in folder.glob("*") if each.is_dir())]
    return next((each for each in candidates if not missing_files(each)), None)


async def fetch(
    home: Path,
    progress: Progress | None = None,
    *,
    url: str = OFFICIAL_URL,
    sha256: str = OFFICIAL_SHA256,
    again: Backoff = _AGAIN,
) -> SpeechModel:
    """Download the official small Chinese model, check it, install it. `progress(bytes so far, in all)`.

    A download that broke off goes on where it stopped, in this run or the next. Raises ModelRefused."""
    part = home / "models" / (url.rsplit("/", 1)[-1] + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    for failed in itertools.count(1):
        try:
            await _download(url, part, progress)
            break
        except (TimeoutError, aiohttp.ClientError, OSError) as problem:
            wait = again.wait(failed)
            if wait is None:
                raise _broken_off(url, part, problem) from problem
            await asyncio.sleep(wait)
    found = await asyncio.to_thread(_sha256, part)
    if found != sha256:
        part.unlink()
        raise ModelRefused(f"{url}: wrong checksum ({found[:16]}… instead of {sha256[:16]}…); thrown away")
    whole = part.with_suffix("")
    part.rename(whole)
    try:
        return await asyncio.to_thread(install_zip, whole, home)
    finally:
        whole.unlink(missing_ok=True)


def _broken_off(url: str, part: Path, problem: Exception) -> ModelRefused:
    kept = part.stat().st_size if part.exists() else 0
    return ModelRefused(
        f"{url}: the download broke off ({problem}); {kept} bytes are kept, the next `gege models fetch` goes on there"
    )


async def _download(url: str, part: Path, progress: Progress | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    timeout = aiohttp.ClientTimeout(total=None, connect=20, sock_read=30)
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, headers=headers) as answer:
        if answer.status == 416:
            # Nothing is left to send: either all is here, or the checksum will tell.
            return
        if answer.status not in (200, 206):
            raise aiohttp.ClientError(f"status {answer.status}")
        if answer.status == 200:
            have = 0
        total = have + (answer.content_length or 0)
        with part.open("ab" if have else "wb") as file:
            async for chunk in answer.content.iter_chunked(1 << 16):
                file.write(chunk)
                have += len(chunk)
                if progress:
                    progress(have, total)
        if total and have < total:
            raise aiohttp.ClientError(f"{have} of {total} bytes came")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
