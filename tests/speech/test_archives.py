"""Archives from strangers: every way of being bad has its own words, and nothing is left behind or written outside."""

from __future__ import annotations

import bz2
import gzip
import io
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.speech import archives
from bot.speech.archives import unpack
from bot.speech.model_errors import ModelRefused

FILES = {"model/tokens.txt": b"a 0\n", "model/model.onnx": b"o" * 200_000}


def a_zip(path: Path, files: dict[str, bytes] = FILES, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def a_tar(path: Path, files: dict[str, bytes] = FILES, more: Callable[[tarfile.TarFile], None] | None = None) -> Path:
    mode = {".bz2": "w:bz2", ".gz": "w:gz", ".xz": "w:xz"}.get(path.suffix, "w:")
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        if more:
            more(archive)
    return path


def member(name: str, kind: bytes, link: str = "") -> Callable[[tarfile.TarFile], None]:
    def add(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        archive.addfile(info)

    return add


def unpacked(archive: Path, tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "here"
    folder.mkdir()
    unpack(archive, folder)
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@pytest.mark.parametrize("name", ["m.zip", "m.tar", "m.tar.bz2", "m.tar.gz", "m.tar.xz", "without-ending"])
def test_every_form_of_archive_is_unpacked_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    made = a_zip(tmp_path / name) if name in ("m.zip", "without-ending") else a_tar(tmp_path / name)
    assert unpacked(made, tmp_path) == FILES


BAD_NAMES = [
    "../evil",
    "/etc/evil",
    "..\\evil",
    "model/../../evil",
    "C:evil",
    "model/new\nline",
    "a/" * 20 + "b",
    "n" * 300,
]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_outside_or_that_no_model_has_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    bad = {**FILES, name: b"evil"}
    made = a_zip(tmp_path / "m.zip", bad) if kind == "zip" else a_tar(tmp_path / "m.tar.gz", bad)
    with pytest.raises(ModelRefused, match=r"leads outside|no name of a model's file"):
        unpacked(made, tmp_path)
    assert not [one for one in tmp_path.rglob("*") if "evil" in one.name] and not Path("/etc/evil").exists()


@pytest.mark.parametrize(
    ("kind", "link", "words"),
    [
        (tarfile.SYMTYPE, "/etc/passwd", "a link"),
        (tarfile.SYMTYPE, "tokens.txt", "a link"),
        (tarfile.LNKTYPE, "model/tokens.txt", "a link"),
        (tarfile.CHRTYPE, "", "a device"),
        (tarfile.BLKTYPE, "", "a device"),
        (tarfile.FIFOTYPE, "", "a device"),
    ],
)
def test_links_and_devices_of_a_tar_are_refused(tmp_path: Path, kind: bytes, link: str, words: str) -> None:
    made = a_tar(tmp_path / "m.tar.bz2", more=member("model/odd", kind, link))
    with pytest.raises(ModelRefused, match=f"'model/odd', which is {words}"):
        unpacked(made, tmp_path)
    assert not (tmp_path / "here/model/odd").exists()


def test_a_link_of_a_zip_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("model/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(a_zip(tmp_path / "m.zip"), "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ModelRefused, match="'model/link', which is a link"):
        unpacked(tmp_path / "m.zip", tmp_path)


@pytest.mark.parametrize("name", ["m.zip", "m.tar", "m.tar.bz2", "m.tar.gz", "m.tar.xz"])
@pytest.mark.parametrize("share", [0.3, 0.97])
def test_what_is_cut_off_is_told_to_be_cut_off(tmp_path: Path, name: str, share: float) -> None:
    noise = {"model/model.onnx": random.Random(1).randbytes(60_000)}
    made = a_zip(tmp_path / name, noise) if name == "m.zip" else a_tar(tmp_path / name, noise)
    made.write_bytes(made.read_bytes()[: int(60_000 * share)])
    with pytest.raises(ModelRefused, match="cut off or damaged"):
        unpacked(made, tmp_path)


@pytest.mark.parametrize("name", ["m.zip", "m.tar.bz2", "m.tar.gz"])
def test_a_byte_that_changed_is_noticed(tmp_path: Path, name: str) -> None:
    made = a_zip(tmp_path / name) if name == "m.zip" else a_tar(tmp_path / name)
    data = bytearray(made.read_bytes())
    data[len(data) // 2] ^= 0xFF
    made.write_bytes(data)
    with pytest.raises(ModelRefused, match="cut off or damaged"):
        unpacked(made, tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>sign in</html>", "a web page"),
        (b"\n  <html>", "a web page"),
        (b"7z\xbc\xaf\x27\x1c rest", "a 7z archive; unpack it"),
        (b"Rar!\x1a\x07 rest", "a RAR archive; unpack it"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "a pointer of Git LFS"),
        (b"-----BEGIN PGP MESSAGE-----", "an encrypted file"),
        (b"hello, this is a letter", "is no zip and no tar archive"),
    ],
)
def test_what_is_no_archive_is_called_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "m.zip").write_bytes(content)
    with pytest.raises(ModelRefused, match=words):
        unpacked(tmp_path / "m.zip", tmp_path)


def test_a_zip_with_a_password_is_told_apart(tmp_path: Path) -> None:
    made = a_zip(tmp_path / "m.zip", method=zipfile.ZIP_STORED)
    data = bytearray(made.read_bytes())
    # The flag of encryption in each header, local (at 6) and central (at 8): zipfile itself can only read such files.
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(sign)
        while start >= 0:
            data[start + at] |= 1
            start = data.find(sign, start + 4)
    made.write_bytes(data)
    with pytest.raises(ModelRefused, match="is encrypted; unpack it with its password"):
        unpacked(made, tmp_path)


def test_bombs_are_refused_before_they_burst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_RATIO_FROM", 1 << 20)
    zeros = {"model/model.onnx": bytes(8 << 20)}
    for made in (
        a_zip(tmp_path / "m.zip", zeros),
        a_tar(tmp_path / "m.tar.bz2", zeros),
        a_tar(tmp_path / "m.tar.gz", zeros),
    ):
        folder = tmp_path / f"{made.name} here"
        folder.mkdir()
        with pytest.raises(ModelRefused, match="a bomb"):
            unpack(made, folder)
        assert not list(folder.rglob("*.onnx"))


def test_a_member_that_says_it_is_enormous_is_not_waited_for(tmp_path: Path) -> None:
    head = tarfile.TarInfo("model/model.onnx")
    head.size = 1 << 40
    (tmp_path / "m.tar.gz").write_bytes(gzip.compress(head.tobuf()))
    with pytest.raises(ModelRefused, match="no speech model does"):
        unpacked(tmp_path / "m.tar.gz", tmp_path)
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 32
    (tmp_path / "n.tar.bz2").write_bytes(bz2.compress(header.tobuf() + bytes(1 << 16)))
    (tmp_path / "here").rmdir()
    with pytest.raises(ModelRefused, match="a header of"):
        unpacked(tmp_path / "n.tar.bz2", tmp_path)


def test_thousands_of_files_and_the_same_file_twice_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST", 20)
    with pytest.raises(ModelRefused, match="more than 20 files"):
        unpacked(a_zip(tmp_path / "m.zip", {f"model/{n}": b"" for n in range(30)}), tmp_path)
    twice = a_tar(tmp_path / "m.tar", more=lambda archive: archive.addfile(tarfile.TarInfo("model/tokens.txt")))
    (tmp_path / "two").mkdir()
    with pytest.raises(ModelRefused, match="the same file twice"):
        unpack(twice, tmp_path / "two")


@pytest.mark.parametrize("name", ["m.tar.bz2", "m.tar.gz", "m.tar.xz"])
def test_an_archive_without_its_last_bytes_is_cut_off_though_every_file_came(tmp_path: Path, name: str) -> None:
    made = a_tar(tmp_path / name)
    made.write_bytes(made.read_bytes()[:-4])
    with pytest.raises(ModelRefused, match="cut off or damaged"):
        unpacked(made, tmp_path)
