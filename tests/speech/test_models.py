"""Speech models are found, installed safely, and fetched even when the line breaks."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.foundation.backoff import Backoff
from bot.settings import Settings, SpeechSettings
from bot.speech import models
from bot.speech.models import ModelMissing, ModelRefused, fetch, in_use, install_zip, look_at
from bot.speech.recognise import VoskRecogniser

FILES = {
    "am/final.mdl": "x",
    "conf/model.conf": "--beam=13\n",
    "conf/mfcc.conf": "--sample-frequency=8000\n",
    "graph/HCLG.fst": "x" * 200_000,
}


def make_folder(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def make_zip(path: Path, top: str = "vosk-model-x/", extra: dict[str, str] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**FILES, **(extra or {})}.items():
            archive.writestr(name if name.startswith(("/", "..")) else top + name, text)
    return path


def test_the_model_of_the_settings_then_the_installed_then_the_demo(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(models, "DEMO", make_folder(tmp_path / "demo"))
    home = tmp_path / "home"
    assert in_use(Settings(home=home)).demo
    make_folder(home / "models" / "b")
    (home / "models" / "a").mkdir()
    assert in_use(Settings(home=home)).path == home / "models" / "b"
    chosen = Settings(home=home, speech=SpeechSettings(model=str(make_folder(tmp_path / "own"))))
    assert in_use(chosen).path == tmp_path / "own" and in_use(chosen).rate == 8000


def test_a_wrong_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ModelMissing, match="gege models install") as caught:
            VoskRecogniser(folder)
        assert str(folder) in str(caught.value)


def test_a_folder_that_vosk_cannot_load_is_named_as_well(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="cannot load"):
        VoskRecogniser(make_folder(tmp_path / "broken"))


@pytest.mark.parametrize("top", ["vosk-model-x/", ""])
def test_a_zip_is_installed_with_or_without_a_folder_of_its_own(tmp_path: Path, top: str) -> None:
    model = install_zip(make_zip(tmp_path / "vosk-model-x.zip", top), tmp_path / "home")
    assert model.path == tmp_path / "home" / "models" / "vosk-model-x"
    assert [each.name for each in (tmp_path / "home" / "models").iterdir()] == ["vosk-model-x"]


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil.txt", "..\\evil.txt"])
def test_a_zip_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = make_zip(tmp_path / "m.zip", extra={name: "evil"})
    with pytest.raises(ModelRefused, match="outside"):
        install_zip(path, tmp_path / "home")
    assert not list((tmp_path / "home" / "models").iterdir())


def test_a_link_no_zip_and_a_zip_of_something_else_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("m/graph/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(make_zip(tmp_path / "link.zip"), "a") as archive:
        archive.writestr(link, "/etc/passwd")
    (tmp_path / "no.zip").write_bytes(b"no zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("holiday.jpg", "x")
    for name, reason in (
        ("link.zip", "link"),
        ("no.zip", "not a readable zip"),
        ("other.zip", "holds no Vosk model"),
    ):
        with pytest.raises(ModelRefused, match=reason):
            install_zip(tmp_path / name, tmp_path / "home")


class Mirror:
    """A download server; `breaks` answers stop in the middle."""

    def __init__(self, data: bytes, breaks: int = 0, ranges: bool = True) -> None:
        self.data, self.breaks, self.ranges = data, breaks, ranges
        self.asked: list[str] = []
        #: bytes of the model that left
        self.sent = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        wanted = request.headers.get("Range", "")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(self.data):
            return web.Response(status=416)
        body = self.data[start:]
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(body)
        await response.prepare(request)
        if self.breaks:
            self.breaks -= 1
            await response.write(body[: len(body) // 2])
            self.sent += len(body) // 2
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(body)
        self.sent += len(body)
        return response


async def fetched(tmp_path: Path, mirror: Mirror, sha256: str = "") -> tuple[models.SpeechModel, list[tuple[int, int]]]:
    app = web.Application()
    app.router.add_get("/vosk-model-x.zip", mirror.answer)
    seen: list[tuple[int, int]] = []
    async with TestServer(app) as server:
        model = await fetch(
            tmp_path,
            lambda have, total: seen.append((have, total)),
            url=str(server.make_url("/vosk-model-x.zip")),
            sha256=sha256 or hashlib.sha256(mirror.data).hexdigest(),
            again=Backoff(0.2, 5.0, tries=3),
        )
    return model, seen


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    return make_zip(tmp_path / "source.zip").read_bytes()


async def test_a_download_that_breaks_off_goes_on_where_it_stopped(tmp_path: Path, data: bytes) -> None:
    mirror = Mirror(data, breaks=2)
    model, seen = await fetched(tmp_path / "home", mirror)
    assert look_at(model.path) and seen[-1] == (len(data), len(data))
    assert mirror.asked[0] == "" and mirror.asked[1].startswith("bytes=") and len(mirror.asked) == 3
    assert [each.name for each in (tmp_path / "home" / "models").iterdir()] == ["vosk-model-x"]


async def test_what_was_kept_serves_the_next_run(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelRefused, match="bytes are kept"):
        await fetched(tmp_path / "home", Mirror(data, breaks=9))
    mirror = Mirror(data)
    await fetched(tmp_path / "home", mirror)
    assert mirror.asked[0].startswith("bytes=")


async def test_a_server_without_ranges_starts_from_the_beginning(tmp_path: Path, data: bytes) -> None:
    mirror = Mirror(data, breaks=1, ranges=False)
    model, seen = await fetched(tmp_path / "home", mirror)
    assert look_at(model.path) and seen[-1] == (len(data), len(data))
    assert mirror.asked[0] == "" and mirror.asked[1].startswith("bytes=")


async def test_a_complete_part_needs_no_more_bytes(tmp_path: Path, data: bytes) -> None:
    part = tmp_path / "home" / "models" / "vosk-model-x.zip.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(data)
    mirror = Mirror(data)
    model, _ = await fetched(tmp_path / "home", mirror)
    assert look_at(model.path) and mirror.sent == 0


async def test_a_wrong_checksum_installs_nothing(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelRefused, match="wrong checksum"):
        await fetched(tmp_path / "home", Mirror(data), sha256="0" * 64)
    assert not list((tmp_path / "home" / "models").iterdir())


def test_the_official_model_is_the_one_of_the_notes() -> None:
    assert models.OFFICIAL_URL == "https://alphacephei.com/vosk/models/vosk-model-small-cn-0.22.zip"
    assert models.OFFICIAL_BYTES == 43_898_754 and models.OFFICIAL_SHA256.startswith("3af8b0e7")
